import { bracketed } from "../domain/address.ts";
import { CONFIDENCE_WORDS, SEVERITIES, type Severity } from "../domain/diagnosis.ts";
import type { Frontend } from "../domain/frontend.ts";
import { percent } from "../domain/percent.ts";
import { reachOf } from "../domain/service.ts";
import { timeoutShare, type Window } from "../domain/window.ts";
import { fixLines } from "../terminal/fix-lines.ts";
import { bullets, MAX_PROSE_WIDTH, type Paint, plain, wrapped } from "../terminal/text.ts";
import {
  type Bin,
  type CheckedFrontend,
  type CheckReport,
  type CheckVerdict,
  chosenTargets,
  connectHistogram,
  intervalOf,
  stoppedEarly,
  totalAttempts,
  verdictOf,
} from "./report.ts";

const BAR_WIDTH = 24;
const MIN_WIDTH = 60;
const LABEL_WIDTH = 13;

const COLOURS: Readonly<Record<Severity, "green" | "red" | "yellow" | "dim">> = {
  good: "green",
  bad: "red",
  poor: "yellow",
  idle: "dim",
};
const VERDICTS: Readonly<Record<CheckVerdict, string>> = {
  healthy: "healthy",
  hairpin: "connections hairpin",
  fault: "something is wrong, and no hairpin is proved",
  undecided: "not decided",
};

/**
 * The report as a terminal shows it.
 *
 * @param terminalWidth - Columns; `Infinity` for a pipe.
 */
export function renderText(report: CheckReport, terminalWidth: number, paint: Paint): string {
  const width = Math.min(MAX_PROSE_WIDTH, Math.max(MIN_WIDTH, terminalWidth));
  const { target, node, zone, frontends, notes } = report;
  const sections = [
    `${paint("bold", plain(target))} from node ${plain(node)}${zone === undefined ? "" : ` in ${plain(zone)}`}`,
    ...frontends.map((checked) => frontendSection(checked, report, width, paint)),
    controlSection(report),
    fixSection(report, width, paint),
    notes.map((note) => wrapped(`Note: ${plain(note)}`, width, "  ")).join("\n"),
    verdictLine(report, width, paint),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

const line = (label: string, text: string): string => `  ${label.padEnd(LABEL_WIDTH)}${text}`;

function frontendSection(checked: CheckedFrontend, { zone, fix, hasEvidence }: CheckReport, width: number, paint: Paint): string {
  const { frontend, window, outcomes, diagnosis } = checked;
  const { address, listener } = frontend;
  const place =
    frontend.zone === undefined ? "zone unknown" : `${frontend.zone}${frontend.zone === zone ? ", this node's zone" : ""}`;
  const at = address === undefined ? "no address" : bracketed(address);
  const chosen = chosenTargets(outcomes);
  const { cause, confidence, explanation, next } = diagnosis;
  return [
    `${paint("bold", `${plain(at)}:${listener.port}`)} (${plain(place)})`,
    line("attempts", attemptsText(window)),
    ...(window.timeouts > 0 ? [line("evidence", hasEvidence ? evidenceText(window) : "not looked for")] : []),
    ...(chosen.length > 0
      ? [line("NLB chose", chosen.map(({ target, count }) => `${plain(target)} ${count} times`).join(", "))]
      : []),
    line("timed out", shareText(window, frontend)),
    ...histogramLines(connectHistogram(outcomes), paint),
    line("diagnosis", `${paint(COLOURS[SEVERITIES[cause]], cause)} (${CONFIDENCE_WORDS[confidence]})`),
    wrapped(plain(explanation), width, " ".repeat(LABEL_WIDTH + 2), " ".repeat(LABEL_WIDTH + 2)),
    // The fix itself follows.
    ...(next === "" || (cause === "hairpin" && fix?.fix !== undefined)
      ? []
      : [wrapped(plain(next), width, " ".repeat(LABEL_WIDTH + 2), " ".repeat(LABEL_WIDTH + 2))]),
  ].join("\n");
}

function attemptsText({ attempts, failures, reasons, late }: Window): string {
  const list = Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`);
  const failed = failures === 0 ? "none failed" : `${failures} failed (${list.join(", ")})`;
  return `${attempts}, ${failed}${late > 0 ? `; ${late} discarded, as this process was late` : ""}`;
}

function evidenceText({ hairpins, silent, undecided }: Window): string {
  const parts = [
    hairpins > 0 ? `${hairpins} hairpins` : "",
    silent > 0 ? `${silent} without any answer` : "",
    undecided > 0 ? `${undecided} undecided` : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function shareText(window: Window, { exposure, listener }: Frontend): string {
  const { low, high } = intervalOf(window);
  const expected = exposure === undefined ? "expected share unknown" : `expected ${percent(exposure)}`;
  if (window.attempts === 0) return expected;
  const share = timeoutShare(window, reachOf(listener));
  if (share === undefined) return `not measured behind the NLB, ${expected}`;
  return `${percent(share)} (95 % interval ${percent(low)} to ${percent(high)}), ${expected}`;
}

function histogramLines(bins: readonly Bin[], paint: Paint): readonly string[] {
  const most = Math.max(...bins.map(({ count }) => count), 1);
  return bins.map(({ from, to, count }, i) => {
    const bar = count === 0 ? "" : "█".repeat(Math.max(1, Math.round((count / most) * BAR_WIDTH)));
    return line(
      i === 0 ? "connect time" : "",
      `${rangeText(from, to).padEnd(14)}${paint("cyan", bar)}${bar === "" ? "" : " "}${count}`,
    );
  });
}

const rangeText = (from: number, to: number): string =>
  to === Number.POSITIVE_INFINITY ? `${timeText(from)} or more` : from === 0 ? `below ${timeText(to)}` : `to ${timeText(to)}`;

const timeText = (seconds: number): string => (seconds < 0.9 ? `${seconds * 1000} ms` : `${seconds} s`);

function controlSection({ controls }: CheckReport): string {
  return controls
    .map(({ address, port, window }) => {
      const { attempts, failures, reasons } = window;
      const list = Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`);
      const result = failures === 0 ? "none failed" : `${failures} failed (${list.join(", ")})`;
      return `Past the NLB (${bracketed(address)}:${port}): ${attempts} attempts, ${result}.`;
    })
    .join("\n");
}

function fixSection({ fix }: CheckReport, width: number, paint: Paint): string {
  if (fix?.fix === undefined) return "";
  const { summary, caveats, alternatives, costs } = fix.fix;
  const lines = fixLines(fix).map(plain);
  return [
    paint("bold", "Fix"),
    wrapped(plain(summary), width, "  ", "  "),
    ...bullets("Mind: ", caveats, width),
    ...bullets("Or: ", alternatives, width),
    ...bullets("It costs: ", costs, width),
    ...(lines.length === 0 ? [] : ["", ...lines]),
  ].join("\n");
}

function verdictLine(report: CheckReport, width: number, paint: Paint): string {
  const verdict = verdictOf(report);
  const isUnmeasured = verdict === "undecided" && report.frontends.some(({ diagnosis }) => diagnosis.cause === "unmeasured");
  const colour = verdict === "healthy" ? "green" : verdict === "undecided" ? "yellow" : "red";
  const isProved = report.frontends.some(({ window }) => window.hairpins > 0);
  const seems = verdict === "hairpin" && !isProved ? "connections seem to hairpin, without proof" : VERDICTS[verdict];
  const words = isUnmeasured ? "measured only as far as the NLB" : seems;
  const total = `${totalAttempts(report)} attempts in ${report.seconds.toFixed(1)} s`;
  const why = report.isInterrupted
    ? "interrupted, without what was under way"
    : stoppedEarly(report)
      ? `stopped early, as more of them would not change the verdict (at most ${report.maxAttempts} at each address)`
      : `${report.maxAttempts} at each address that was not clear before`;
  return `${paint(["bold", colour], `Verdict: ${words}.`)}\n${wrapped(`It took ${total}: ${why}.`, width, "")}`;
}
