import { type Arms, isUnknown, rose, timeoutsOf } from "./arms.ts";
import { exposuresIfOn } from "./exposures-if-on.ts";
import type { Configuration, Observation } from "./observation.ts";

export interface Guards {
  /** What keeps the two spans from being compared. */
  readonly blocking: readonly Obstacle[];
  /** What a reader should know besides. */
  readonly notes: readonly string[];
}

export interface Obstacle {
  readonly sentence: string;
  /** Whether it may pass as time goes on; what will not is not worth waiting for. */
  readonly passes: boolean;
}

/** Less data than this for a node's span is a gap. */
const MIN_COVERAGE = 0.8;
/** Names that a sentence lists. */
const MAX_NAMES = 5;

/** What a verdict must not pass over. */
export function guardsOf(before: Observation, after: Observation, arms: Arms): Guards {
  const notes: string[] = [];
  const { others } = arms;
  const [old, now] = [before.configurations, after.configurations];
  const blocking: Obstacle[] = [...nothingToCompare(before, after, arms)];
  const forGood = (sentence: string) => blocking.push({ sentence, passes: false });
  const forNow = (sentence: string) => blocking.push({ sentence, passes: true });

  if (isUnknown(before))
    notes.push(
      "Nothing was counted before the change: what would have timed out is what the configuration implies with client IP preservation on.",
    );

  const hidden = hiddenPorts(before, after);
  if (hidden.length > 0 && !isAllHidden(after)) notes.push(`${portsEnd(hidden)} They are not part of this.`);

  const hostnames = (of: readonly Configuration[]) => new Set(of.map(({ hostname }) => hostname));
  if (old.length > 0 && now.length > 0 && !intersects(hostnames(old), hostnames(now)))
    forGood("The host name changed: this is a new NLB, and the counters of the old one say nothing about it.");

  const lost = [...before.coverage.keys()].filter((node) => !after.coverage.has(node) && isExposedNode(before, node));
  if (lost.length > 0) forNow(`The agents are not the same: none reports from ${names(lost)} any more.`);
  const counted = new Set([...before.strata, ...after.strata].map(({ node }) => node));
  const proxied = new Set([...(before.proxied ?? []), ...(after.proxied ?? [])].filter((node) => counted.has(node)));
  if (proxied.size > 0)
    forNow(
      `A proxy in the agent's own pod answers its connections on ${names([...proxied].sort())}: what is counted there is not the NLB's. See docs/blind-spots.md.`,
    );
  const [gapsBefore, gapsAfter] = [gapsOf(before), gapsOf(after)];
  if (gapsBefore.length > 0) forGood(`The data has gaps before the change: ${names(gapsBefore)}.`);
  if (gapsAfter.length > 0) forNow(`The data has gaps after the change: ${names(gapsAfter)}.`);
  if (rose(others, timeoutsOf)) {
    const { timeouts, attempts } = others.after;
    forNow(
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

/** Without something on either side there is no verdict. */
function nothingToCompare(before: Observation, after: Observation, { exposed }: Arms): readonly Obstacle[] {
  const forGood = (sentence: string) => [{ sentence, passes: false }];
  if (isAllHidden(after)) return forGood(`${portsEnd(hiddenPorts(before, after))} ${HOW_TO_MEASURE}`);
  if (isUnknown(before)) {
    const exposures = exposuresIfOn(after);
    if (exposures === undefined && after.configurations.length > 0)
      return forGood(
        "Nothing was counted before the change, and the configuration does not tell what share would have timed out then.",
      );
    if (exposures === undefined || exposures.size === 0)
      return [
        { sentence: "Nothing was counted before the change, and nothing since on a path that could hairpin.", passes: true },
      ];
    return [];
  }
  if (exposed.before.attempts === 0)
    return forGood("Before the change no path was exposed: there was nothing that could have hairpinned.");
  if (exposed.before.timeouts === 0)
    return forGood(`None of ${exposed.before.attempts} attempts timed out before the change: there was nothing to fix.`);
  if (exposed.after.attempts > 0) return [];
  const sentence =
    "The exposed paths are gone: no attempt since the change went where connections hairpinned before. Nodes or backends moved away, which proves nothing.";
  return [{ sentence, passes: true }];
}

const HOW_TO_MEASURE =
  'If they speak HTTP inside, the annotation hairpin-probe/protocol: "PORT=https" (in the frontends file: protocol: https) lets the response tell.';

const hiddenPorts = (...observations: readonly Observation[]): readonly string[] => [
  ...new Set(observations.flatMap(({ unmeasuredPorts = [] }) => unmeasuredPorts)),
];

/** All that was attempted ended at the NLB. */
const isAllHidden = ({ strata, unmeasuredPorts = [] }: Observation): boolean => strata.length === 0 && unmeasuredPorts.length > 0;

const portsEnd = (ports: readonly string[]): string =>
  `Attempts at port ${names(ports)} end at the NLB, which terminates TLS and completes the handshake by itself: what becomes of connections behind it is not measured.`;

/** Nodes with too little data. */
const gapsOf = ({ coverage }: Observation): readonly string[] =>
  [...coverage].filter(([, share]) => share < MIN_COVERAGE).map(([node]) => node);

const isExposedNode = ({ strata }: Observation, name: string): boolean =>
  strata.some(({ node, isExposed }) => node === name && isExposed);

const intersects = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean => [...a].some((each) => b.has(each));

const sameConfigurations = (a: readonly Configuration[], b: readonly Configuration[]): boolean => {
  const texts = (of: readonly Configuration[]) => of.map((each) => JSON.stringify(Object.entries(each).sort())).sort();
  return JSON.stringify(texts(a)) === JSON.stringify(texts(b));
};

const names = (all: readonly string[]): string =>
  all.length <= MAX_NAMES ? all.join(", ") : `${all.slice(0, MAX_NAMES).join(", ")} and ${all.length - MAX_NAMES} more`;
