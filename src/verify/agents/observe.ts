import type { Sample } from "../../domain/exposition.ts";
import { serviceKey } from "../../domain/service.ts";
import type { Configuration, Observation, Stratum } from "../observation.ts";
import { configurationOf, isMeasured, isTimeout, stratumKey, unmeasuredPorts, whereOf } from "../series.ts";
import { CounterReader } from "./counter-reader.ts";
import type { Moment, Reading } from "./reading.ts";
import { wholeNumbers } from "./whole-numbers.ts";

/** Whose counters are read. */
export interface Service {
  readonly namespace: string;
  readonly name: string;
}

/** What bounds a span, all of the same agents: what succeeds, and what fails at once, is counted from `first` to `attemptsUntil`. */
export interface Bounds {
  readonly first: Reading;
  /** Timeouts are counted from here to `last`: as much later as the other end is, as they are counted later. */
  readonly timeoutsFrom: Reading | Moment;
  readonly attemptsUntil: Reading | Moment;
  readonly last: Reading;
  /** Share of the readings between them that each agent answered. */
  readonly answered: ReadonlyMap<string, number>;
}

/**
 * What the agents counted of the attempts that began within a span.
 *
 * An attempt is counted when it has ended. So those that timed out are taken from their own, later bounds, and no timeout of one that began
 * before the span is among its attempts.
 */
export function observeBetween({ namespace, name }: Service, bounds: Bounds): Observation {
  const { first, timeoutsFrom, attemptsUntil, last, answered } = bounds;
  const isOurs = ({ labels }: Sample): boolean => labels.service_namespace === namespace && labels.service_name === name;
  const counters = new CounterReader(first, isOurs);
  const gauges = (metric: string, reading: Reading): readonly Sample[] =>
    [...reading.pages.values()].flatMap(({ samples }) => samples.filter((sample) => sample.name === metric && isOurs(sample)));
  const failures = counters.increases("hairpin_probe_failures_total", first, attemptsUntil);
  const timeouts = sums(
    counters.increases("hairpin_probe_failures_total", timeoutsFrom, last).filter(({ labels }) => isTimeout(labels)),
  );
  const earlierTimeouts = sums(failures.filter(({ labels }) => isTimeout(labels)));
  const others = sums(failures.filter(({ labels }) => !isTimeout(labels)));
  const hairpins = sums(counters.increases("hairpin_probe_hairpins_total", timeoutsFrom, last));
  const exposures = new Map(
    gauges("hairpin_probe_exposure_ratio", first).map((sample) => [stratumKey(sample.labels), sample.value]),
  );
  const zones = zonesIn(last);
  const [whole, wholeOthers, wholeHairpins, wholeSuccesses] = [wholeNumbers(), wholeNumbers(), wholeNumbers(), wholeNumbers()];
  const attempts = counters.increases("hairpin_probe_attempts_total", first, attemptsUntil);
  const measured = attempts.filter(({ labels }) => isMeasured(labels));
  const strata = measured.map((sample): Stratum => {
    const key = stratumKey(sample.labels);
    const [timedOut, failed] = [whole(timeouts.get(key) ?? 0), wholeOthers(others.get(key) ?? 0)];
    const succeeded = sample.value - (earlierTimeouts.get(key) ?? 0) - (others.get(key) ?? 0);
    return {
      ...whereOf(sample.labels, zones),
      exposure: exposures.get(key),
      attempts: timedOut + failed + wholeSuccesses(succeeded),
      timeouts: timedOut,
      hairpins: Math.min(timedOut, wholeHairpins(hairpins.get(key) ?? 0)),
      otherFailures: failed,
    };
  });
  const total = (samples: readonly Sample[]): number => samples.reduce((sum, { value }) => sum + value, 0);
  return {
    span: { startMs: first.atMs, endMs: last.atMs },
    // Labels that nothing was counted under any more are those of another time.
    strata: strata.filter((stratum) => stratum.attempts > 0),
    unmeasuredPorts: unmeasuredPorts(attempts),
    control: {
      hits: total(counters.increases("hairpin_probe_control_failures_total", first, last)),
      of: total(counters.increases("hairpin_probe_control_attempts_total", first, last)),
    },
    configurations: configurationsIn(last, { namespace, name }),
    coverage: coverageOf(first, last, answered),
    zones,
    proxied: proxiedIn(last),
    isShared: [...last.pages.values()].some(({ samples }) =>
      samples.some(({ name: metric, value }) => metric === "hairpin_probe_frontends_left_to_others" && value > 0),
    ),
  };
}

const proxiedIn = ({ pages }: Reading): readonly string[] =>
  [...pages.values()].flatMap(({ samples }) =>
    samples
      .filter(({ name, labels, value }) => name === "hairpin_probe_blinded" && labels.by === "proxy" && value > 0)
      .map(({ labels }) => labels.node ?? ""),
  );

const zonesIn = ({ pages }: Reading): ReadonlyMap<string, string> =>
  new Map(
    [...pages.values()].flatMap(({ samples }) =>
      samples
        .filter(({ name }) => name === "hairpin_probe_agent_info")
        .map(({ labels }) => [labels.node ?? "", labels.node_zone ?? ""] as const),
    ),
  );

/** What the agents say of a Service's configuration, each once. */
export function configurationsIn({ pages }: Reading, { namespace, name }: Service): readonly Configuration[] {
  const found = new Map<string, Configuration>();
  for (const { samples } of pages.values()) {
    for (const { name: metric, labels } of samples) {
      if (metric !== "hairpin_probe_service_info" || labels.service_namespace !== namespace || labels.service_name !== name)
        continue;
      const configuration = configurationOf(labels);
      found.set(JSON.stringify(configuration), configuration);
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, configuration]) => configuration);
}

/** The Services that the agents probe, each once. */
export function servicesIn({ pages }: Reading): readonly Service[] {
  const found = new Map<string, Service>();
  for (const { samples } of pages.values()) {
    for (const { name: metric, labels } of samples) {
      if (metric !== "hairpin_probe_service_info") continue;
      const { service_namespace: namespace = "", service_name: name = "" } = labels;
      found.set(serviceKey({ namespace, name }), { namespace, name });
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, service]) => service);
}

/** By node: what an agent is asked by may be its address. One without a beginning or an end has no data. */
function coverageOf(first: Reading, { pages }: Reading, answered: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const nodes = [...pages].flatMap(([address, { samples }]) => {
    if (!first.pages.has(address)) return [];
    const node = samples.find(({ name }) => name === "hairpin_probe_agent_info")?.labels.node;
    return node === undefined ? [] : [[node, answered.get(address) ?? 1] as const];
  });
  return new Map(nodes);
}

function sums(samples: readonly Sample[]): ReadonlyMap<string, number> {
  const byKey = new Map<string, number>();
  for (const sample of samples) byKey.set(stratumKey(sample.labels), (byKey.get(stratumKey(sample.labels)) ?? 0) + sample.value);
  return byKey;
}
