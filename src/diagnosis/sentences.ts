import { percent } from "../domain/percent.ts";
import type { Window } from "../domain/window.ts";
import { isFine, isRuledOut, MISS } from "./judge.ts";

/** `12 of 40 attempts failed (10 connect_timeout, 2 connect_refused).` */
export function failuresOf({ attempts, failures, reasons }: Window): string {
  if (failures === 0) return `${count(attempts, "attempt")}, no failure.`;
  const list = Object.entries(reasons)
    .toSorted(([, a], [, b]) => b - a)
    .map(([reason, number]) => (Object.keys(reasons).length === 1 ? reason : `${number} ${reason}`));
  const all = failures === attempts && attempts > 1 ? `All ${attempts}` : `${failures} of ${attempts}`;
  return `${all} attempts failed (${list.join(", ")}).`;
}

/** What so many successes do not rule out. */
export function unseenOf({ expected, attempts, failures }: Window, exposure: number | undefined): string {
  const share = expected ?? exposure;
  if (share === undefined) {
    const unseen = 1 - MISS ** (1 / attempts);
    return failures > 0 ? "" : `A share of failures below ${percent(unseen)} may not show in them.`;
  }
  if (isRuledOut(share, attempts)) return "";
  return `The ${percent(share)} of hairpins that configuration and topology imply may not show in ${attempts}: look at all nodes together.`;
}

/** What proves so many of the timeouts to be hairpins. */
export function proofOf({ hairpins, captured, timeouts }: Window): string {
  const picked = "the NLB had picked this very node.";
  if (captured === 0)
    return `${hairpins} of ${count(timeouts, "timeout")} made this node's kernel reset a stray answer: ${picked}`;
  const resets = hairpins - captured;
  const reset = resets > 0 ? `, and ${resets} made this node's kernel reset one` : "";
  return `Of ${count(timeouts, "timeout")} a capture saw the stray answer to ${captured}${reset}: ${picked}`;
}

export const expectedOf = ({ expected, attempts, timeouts }: Window): string =>
  expected === undefined || expected === 0
    ? ""
    : `${percent(timeouts / attempts)} of attempts timed out; configuration and topology imply ${percent(expected)}.`;

/** @returns "" where what was tried past the NLB does not settle it. */
export const controlFine = (control: Window | undefined): string =>
  control === undefined || !isFine(control) || control.failures > 0
    ? ""
    : `Past the NLB all ${control.attempts} attempts succeeded: it is the way through the NLB.`;

export const joined = (sentences: readonly string[]): string => sentences.filter((sentence) => sentence !== "").join(" ");

export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
