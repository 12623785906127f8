import { type Arms, rose, timeoutsOf } from "./arms.ts";
import type { Configuration, Observation } from "./observation.ts";

export interface Guards {
  /** What keeps the two spans from being compared: a sentence each. */
  readonly blocking: readonly string[];
  /** What a reader should know besides. */
  readonly notes: readonly string[];
}

/** Less data than this for a node's span is a gap. */
const MIN_COVERAGE = 0.8;
/** Names that a sentence lists. */
const MAX_NAMES = 5;

/** What a verdict must not pass over. */
export function guardsOf(before: Observation, after: Observation, arms: Arms): Guards {
  const blocking: string[] = [];
  const notes: string[] = [];
  const { exposed, others } = arms;
  const [old, now] = [before.configurations, after.configurations];

  if (exposed.before.attempts === 0)
    blocking.push("Before the change no path was exposed: there was nothing that could have hairpinned.");
  else if (exposed.before.timeouts === 0)
    blocking.push(`None of ${exposed.before.attempts} attempts timed out before the change: there was nothing to fix.`);
  else if (exposed.after.attempts === 0)
    blocking.push(
      "The exposed paths are gone: no attempt since the change went where connections hairpinned before. Nodes or backends moved away, which proves nothing.",
    );

  const hostnames = (of: readonly Configuration[]) => new Set(of.map(({ hostname }) => hostname));
  if (old.length > 0 && now.length > 0 && !intersects(hostnames(old), hostnames(now)))
    blocking.push("The host name changed: this is a new NLB, and the counters of the old one say nothing about it.");

  const lost = [...before.coverage.keys()].filter((node) => !after.coverage.has(node) && isExposedNode(before, node));
  if (lost.length > 0) blocking.push(`The agents are not the same: none reports from ${names(lost)} any more.`);
  for (const [observation, when] of [
    [before, "before"],
    [after, "after"],
  ] as const) {
    const gaps = [...observation.coverage].filter(([, share]) => share < MIN_COVERAGE).map(([node]) => node);
    if (gaps.length > 0) blocking.push(`The data has gaps ${when} the change: ${names(gaps)}.`);
  }
  if (rose(others, timeoutsOf)) {
    const { timeouts, attempts } = others.after;
    blocking.push(
      `${timeouts} of ${attempts} attempts on the other paths timed out since the change, more than before: something else is wrong.`,
    );
  }

  const types = (of: readonly Configuration[]) => new Set(of.map(({ targetType }) => targetType));
  if (old.length > 0 && now.length > 0 && !intersects(types(old), types(now)))
    notes.push("The target type changed: the targets were registered anew in a new target group.");
  if (old.length > 0 && sameConfigurations(old, now))
    notes.push("The agents saw no change of the configuration between the two spans.");
  return { blocking, notes };
}

const isExposedNode = ({ strata }: Observation, name: string): boolean =>
  strata.some(({ node, isExposed }) => node === name && isExposed);

const intersects = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean => [...a].some((each) => b.has(each));

const sameConfigurations = (a: readonly Configuration[], b: readonly Configuration[]): boolean => {
  const texts = (of: readonly Configuration[]) => of.map((each) => JSON.stringify(Object.entries(each).sort())).sort();
  return JSON.stringify(texts(a)) === JSON.stringify(texts(b));
};

const names = (all: readonly string[]): string =>
  all.length <= MAX_NAMES ? all.join(", ") : `${all.slice(0, MAX_NAMES).join(", ")} and ${all.length - MAX_NAMES} more`;
