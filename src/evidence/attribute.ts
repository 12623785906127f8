/**
 * Which of several overlapping connects caused which reset.
 *
 * The kernel counts the resets it sends, not for whom. But a connect that hairpins causes exactly one for each of its SYNs, within a
 * round trip, and one that is dropped silently causes none. Between two readings of the counter the resets must therefore add up to
 * the SYNs of connects that hairpin; from enough readings it follows who they are. What does not follow stays undecided.
 */
import type { Reading } from "./counters.ts";
import { cellsOf, partsOf } from "./parts.ts";
import type { RetransmissionBurst } from "./retransmissions.ts";
import { stoodStill } from "./stillness.ts";
import { type Cell, forEachInside, forEachTouching, type Part, Parts } from "./stretches.ts";
import type { Attribution, Suspect } from "./suspect.ts";

const NOBODY: Part = { from: 0, to: 0, suspect: undefined, burst: undefined, isRead: false };

/** Parts times resets of a cell. Beyond it answers take so long that all overlap with all: nothing would follow, at a high price. */
const MAX_DENSITY = 20_000;

/** Resets that were to be expected in a stretch: at least, at most. */
type Counted = "least" | "most";

/**
 * Decides for each suspect whether it hairpins, as far as that follows from the readings.
 *
 * Over every stretch of time two things hold: there are at least as many resets as SYNs of hairpins whose windows lie inside it, and at
 * most as many as SYNs whose windows reach into it. So nobody is a hairpin who would have had to cause more resets than there were,
 * and everybody is one without whom there would be resets that nobody can have caused; and again, until nothing follows any more.
 * What contradicts itself is undecided: then a SYN was lost, or somebody else caused a reset.
 *
 * The first of the two does not hold where SYNs get lost: a hairpin then causes fewer resets than it sends SYNs. There, and where anything
 * contradicted itself, only those are cleared in whose windows there was no reset at all.
 *
 * @param readings - By time.
 * @param bursts - Of retransmissions, their connects being the suspects.
 * @param isLossy - Whether SYNs get lost.
 * @returns a verdict for each suspect, in their order.
 */
export function attribute(
  readings: readonly Reading[],
  suspects: readonly Suspect[],
  bursts: readonly RetransmissionBurst[],
  isLossy = false,
): readonly Attribution[] {
  const isOpen = (index: number): boolean => suspects[index]?.known === "undecided";
  // Where all are known nothing follows any more.
  const cells = cellsOf(partsOf(readings, suspects, bursts), readings).filter(
    ({ parts, hits }) =>
      parts.length * hits.length <= MAX_DENSITY &&
      parts.some(({ suspect, burst }) => (suspect === undefined ? burst?.candidates.some(isOpen) : isOpen(suspect))),
  );
  const verdicts = suspects.map((suspect) => {
    const isClear = isLossy && suspect.known === "undecided" && stoodStill(readings, suspect);
    return isClear ? "silent" : suspect.known;
  });
  const resets = (from: number, to: number) => (readings[to]?.resets ?? 0) - (readings[from - 1]?.resets ?? 0);
  const solver = { resets, verdicts, scratch: new Parts() };
  settleAll(cells, solver, isLossy);
  const doubted = cells.flatMap((cell) => contradicted(cell, solver)).filter(isOpen);
  if (doubted.length > 0 && !isLossy && verdicts.some((verdict, index) => verdict === "silent" && isOpen(index))) {
    return attribute(readings, suspects, bursts, true);
  }
  for (const index of doubted) verdicts[index] = "undecided";
  return verdicts;
}

/** Rules out and convicts until nothing follows any more. */
function settleAll(cells: readonly Cell[], solver: Solver, isLossy: boolean): void {
  const { verdicts } = solver;
  const cellsBySuspect: Cell[][] = verdicts.map(() => []);
  for (const cell of cells) {
    const note = (index: number) => {
      const own = cellsBySuspect[index];
      if (own?.at(-1) !== cell) own?.push(cell);
    };
    for (const { suspect, burst } of cell.parts) {
      if (suspect !== undefined) note(suspect);
      else burst?.candidates.forEach(note);
    }
  }
  // Ruling out before convicting: a reset too few is proof, a reset that fits can be a stranger's.
  const queue = [...cells];
  const settle = (cell: Cell, rule: typeof ruledOut) => {
    for (const index of rule(cell, solver)) {
      if (verdicts[index] !== "undecided") continue;
      verdicts[index] = rule === ruledOut ? "silent" : "hairpin";
      for (const other of cellsBySuspect[index] ?? []) {
        if (!other.isQueued) queue.push(other);
        other.isQueued = true;
        other.isChanged = true;
      }
    }
  };
  const ruleOut = (cell: Cell) => {
    if (!cell.isChanged || isLossy) return;
    cell.isChanged = false;
    settle(cell, ruledOut);
  };
  for (const cell of cells) ruleOut(cell);
  for (let i = 0; i < queue.length; i++) {
    const cell = queue[i];
    if (cell === undefined) break;
    cell.isQueued = false;
    ruleOut(cell);
    settle(cell, convicted);
  }
}

interface Solver {
  /** Resets in the intervals from one to another. */
  readonly resets: (from: number, to: number) => number;
  readonly verdicts: Attribution[];
  /** Filled with the parts of one stretch after the other. */
  readonly scratch: Parts;
}

/** How many resets a part causes, whoever is not decided being innocent (least) or not (most). */
function countOf({ suspect, burst, isRead }: Part, verdicts: readonly Attribution[], counted: Counted): number {
  if (suspect !== undefined) {
    if (counted === "least") return isRead && verdicts[suspect] === "hairpin" ? 1 : 0;
    return verdicts[suspect] === "silent" ? 0 : 1;
  }
  const { anonymous = 0, candidates = [], hasStrangers = false } = burst ?? {};
  if (counted === "most") {
    return hasStrangers ? anonymous : Math.min(anonymous, countUnless("silent", candidates, verdicts));
  }
  return !isRead || hasStrangers ? 0 : Math.max(0, anonymous - countUnless("hairpin", candidates, verdicts));
}

/** How many have another verdict than that. */
function countUnless(verdict: Attribution, indices: readonly number[], verdicts: readonly Attribution[]): number {
  let count = 0;
  for (let i = 0; i < indices.length; i++) if (verdicts[indices[i] ?? -1] !== verdict) count++;
  return count;
}

/** Who cannot be a hairpin: in some stretch there would be a reset too few. Some may be named more than once. */
function ruledOut(cell: Cell, { resets, verdicts, scratch }: Solver): readonly number[] {
  const found: number[] = [];
  forEachInside(cell, scratch, (inside, from, to) => {
    const spare = resets(from, to) - sumOf(inside, verdicts, "least");
    if (spare < 0) return;
    for (let i = 0; i < inside.size; i++) {
      const { suspect, isRead } = inside.at(i) ?? NOBODY;
      if (suspect === undefined || !isRead || verdicts[suspect] !== "undecided") continue;
      if (timesOf(suspect, inside, true) > spare) found.push(suspect);
    }
  });
  return found;
}

/** Who must be a hairpin: in some stretch there would be a reset that nobody can have caused. */
function convicted(cell: Cell, { resets, verdicts, scratch }: Solver): readonly number[] {
  const found: number[] = [];
  forEachTouching(cell, scratch, (touching, from, to) => {
    const spare = sumOf(touching, verdicts, "most") - resets(from, to);
    // More resets than SYNs: somebody else's are among them, and nobody can be told by them.
    if (spare < 0) return;
    for (let i = 0; i < touching.size; i++) {
      const { suspect } = touching.at(i) ?? NOBODY;
      if (suspect === undefined || verdicts[suspect] !== "undecided") continue;
      if (timesOf(suspect, touching) > spare) found.push(suspect);
    }
  });
  return found;
}

/** Those whose verdict does not agree with some stretch. */
function contradicted(cell: Cell, { resets, verdicts, scratch }: Solver): readonly number[] {
  const found: number[] = [];
  const doubt = (parts: Parts, verdict: Attribution) => {
    for (let i = 0; i < parts.size; i++) {
      const { suspect } = parts.at(i) ?? NOBODY;
      if (suspect !== undefined && verdicts[suspect] === verdict) found.push(suspect);
    }
  };
  forEachInside(cell, scratch, (inside, from, to) => {
    if (sumOf(inside, verdicts, "least") > resets(from, to)) doubt(inside, "hairpin");
  });
  forEachTouching(cell, scratch, (touching, from, to) => {
    if (sumOf(touching, verdicts, "most") < resets(from, to)) doubt(touching, "silent");
  });
  return found;
}

/** How many of the parts are a suspect's, with their resets read or not. */
function timesOf(suspect: number, parts: Parts, onlyRead = false): number {
  let times = 0;
  for (let i = 0; i < parts.size; i++) {
    const part = parts.at(i) ?? NOBODY;
    if (part.suspect === suspect && (part.isRead || !onlyRead)) times++;
  }
  return times;
}

/** How many resets some parts cause together. */
function sumOf(parts: Parts, verdicts: readonly Attribution[], counted: Counted): number {
  let sum = 0;
  for (let i = 0; i < parts.size; i++) sum += countOf(parts.at(i) ?? NOBODY, verdicts, counted);
  return sum;
}
