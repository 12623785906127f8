import { comparisonsOf, type Share, type VerifyReport } from "./report.ts";
import { overallVerdict, sortReports, standingOf, type VerifyResult } from "./summary.ts";

/** Raised when a key changes its meaning or goes; new keys may come at any time. */
const SCHEMA_VERSION = 1;

/** The report for programs: everything that is known, `null` where it is not. */
export const renderJson = (report: VerifyReport): string => written({ schemaVersion: SCHEMA_VERSION, ...reportValue(report) });

/** Many Services: the same for each, and one verdict for all. */
export const renderSummaryJson = ({ reports, notJudged }: VerifyResult): string =>
  written({
    schemaVersion: SCHEMA_VERSION,
    verdict: overallVerdict(reports),
    services: sortReports(reports).map((report) => ({ ...reportValue(report), standing: standingOf(report) })),
    notJudged,
  });

const written = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

function reportValue(report: VerifyReport): object {
  const { service, changedAtMs, changeSource, settleMs, before, after, judgement, warnings } = report;
  const { verdict, because, unfixed, secondsNeeded } = judgement;
  const time = (ms: number): string => new Date(ms).toISOString();
  const shareJson = ({ hits, of, share, low, high }: Share) => ({ count: hits, attempts: of, share: share ?? null, low, high });
  return {
    service,
    verdict,
    because,
    change: { at: time(changedAtMs), source: changeSource, settleSeconds: settleMs / 1000 },
    before: { start: time(before.span.startMs), end: time(before.span.endMs), configurations: before.configurations },
    after: { start: time(after.span.startMs), end: time(after.span.endMs), configurations: after.configurations },
    ifUnfixed:
      unfixed === undefined
        ? null
        : { expectedTimeouts: unfixed.expected, chance: unfixed.chance, attemptsNeeded: unfixed.attemptsNeeded },
    secondsNeeded: secondsNeeded ?? null,
    comparisons: comparisonsOf(report).map(({ title, what, difference, p, hairpins, ...shares }) => ({
      paths: title,
      what,
      before: shareJson(shares.before),
      after: shareJson(shares.after),
      difference: difference ?? null,
      p,
      hairpins: hairpins ?? null,
    })),
    warnings,
  };
}
