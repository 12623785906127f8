import type { Verdict } from "./judge.ts";
import type { VerifyReport } from "./report.ts";

/** What `verify` makes of one Service, or of all. */
export interface VerifyResult {
  readonly reports: readonly VerifyReport[];
  /** Services without a report, and why. */
  readonly notJudged: readonly NotJudged[];
}

export interface NotJudged {
  readonly service: string;
  readonly why: string;
}

/** `nothing_to_fix`: nothing timed out before the change, so that there is nothing to say of it. */
export type Standing = Verdict | "nothing_to_fix";

/** The worst first. */
export const STANDINGS: readonly Standing[] = ["not_fixed", "inconclusive", "fixed", "nothing_to_fix"];

/** Of many Services, those that never hairpinned must not keep the others from being called fixed. */
export function standingOf({ before, judgement: { verdict, arms } }: VerifyReport): Standing {
  const hadNone = before.strata.length > 0 && arms.exposed.before.timeouts === 0;
  return verdict === "inconclusive" && hadNone ? "nothing_to_fix" : verdict;
}

/** One verdict for all: that of the worst, or the only one. Without a Service that hairpinned there is nothing to conclude. */
export function overallVerdict(reports: readonly VerifyReport[]): Verdict {
  const standings = new Set(reports.map(standingOf));
  return (["not_fixed", "inconclusive", "fixed"] as const).find((each) => standings.has(each)) ?? "inconclusive";
}

/** The worst first, then by name. */
export const sortReports = (reports: readonly VerifyReport[]): readonly VerifyReport[] =>
  reports.toSorted(
    (a, b) =>
      STANDINGS.indexOf(standingOf(a)) - STANDINGS.indexOf(standingOf(b)) ||
      (a.service < b.service ? -1 : a.service > b.service ? 1 : 0),
  );

const WORDS: Readonly<Record<Standing, string>> = {
  not_fixed: "not fixed",
  inconclusive: "inconclusive",
  fixed: "fixed",
  nothing_to_fix: "with nothing to fix",
};

/** `5 Services: 1 not fixed, 4 fixed; 12 not judged`. */
export function countsText({ reports, notJudged }: VerifyResult): string {
  const counts = STANDINGS.map((standing) => {
    const count = reports.filter((report) => standingOf(report) === standing).length;
    return count === 0 ? "" : `${count} ${WORDS[standing]}`;
  }).filter((part) => part !== "");
  const judged = `${reports.length} Service${reports.length === 1 ? "" : "s"}: ${counts.join(", ")}`;
  return notJudged.length === 0 ? judged : `${judged}; ${notJudged.length} not judged`;
}
