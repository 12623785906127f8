import { setTimeout as sleep } from "node:timers/promises";
import type { LabAgent } from "../lab/agents.ts";
import { JUDGED_WITHIN_MS } from "../src/domain/evidence.ts";
import { sumOf } from "../src/domain/exposition.ts";
import { agentsAtAddresses } from "../src/verify/agents/addresses.ts";
import { LaggedSpan } from "../src/verify/agents/lagged-span.ts";
import { observeBetween, type Service } from "../src/verify/agents/observe.ts";
import type { Reading } from "../src/verify/agents/reading.ts";
import { tally } from "../src/verify/arms.ts";
import { type Judgement, judge, type Verdict } from "../src/verify/judge.ts";
import type { Observation } from "../src/verify/observation.ts";

const READ_EVERY_MS = 1_000;
/** What there must be before the change: then a silence of some seconds after it is none of luck. */
const [MIN_ATTEMPTS, MIN_TIMEOUTS] = [60, 25];
const MAX_BEFORE_MS = 120_000;
/** A verdict that must stay out has this long to come all the same. */
const PATIENCE_MS = 12_000;
const MAX_AFTER_MS = 120_000;

/** A Service that a verdict is wanted of. */
export interface Watched {
  /** Of what is looked at: no two have the same. */
  readonly name: string;
  readonly service: Service;
  /** Whether to wait for a verdict only a while. */
  readonly mayStayOpen: boolean;
}

/** What was said in the end. */
export interface Said {
  readonly verdict: Verdict;
  /** Its sentences and its numbers. */
  readonly text: string;
}

/** The part of somebody who runs `verify --agents`, of several Services at once and without its patience. */
export class Watch {
  readonly #agents: LabAgent[];
  readonly #signal = new AbortController().signal;
  /** From an attempt's beginning until its timeout is counted. */
  readonly #lagMs: number;

  constructor(agents: readonly LabAgent[], timeoutMs: number) {
    this.#agents = [...agents];
    this.#lagMs = timeoutMs + JUDGED_WITHIN_MS;
  }

  /** Agents that came later: they are read from now on. */
  add(agents: readonly LabAgent[]): void {
    this.#agents.push(...agents);
  }

  /** Waits until every agent counts each Service's timeouts as it counts its successes. */
  async untilProbed(watched: readonly Watched[]): Promise<void> {
    const isProbed = ({ pages }: Reading): boolean =>
      [...pages.values()].every(({ samples }) =>
        watched.every(({ service }) => sumOf(samples, "hairpin_probe_attempts_total", { service_name: service.name }) > 0),
      );
    const deadlineMs = Date.now() + MAX_BEFORE_MS;
    while (!isProbed(await this.#read())) {
      if (Date.now() > deadlineMs) throw new Error(`not every agent probes ${watched.map(({ name }) => name).join(", ")}`);
      await sleep(100);
    }
    await sleep(this.#lagMs);
  }

  /** Looks until there is something to compare with. */
  async before(watched: readonly Watched[]): Promise<ReadonlyMap<string, Observation>> {
    const first = await this.#read();
    for (;;) {
      await sleep(READ_EVERY_MS);
      const last = await this.#read();
      const observations = new Map(
        watched.map(({ name, service }) => [name, observeBetween(service, beforeBounds(first, last))]),
      );
      const elapsedMs = last.atMs - first.atMs;
      const isEnough = [...observations.values()].every(({ strata }) => {
        const exposed = tally(strata.filter(({ isExposed }) => isExposed));
        return exposed.attempts === 0 || (exposed.attempts >= MIN_ATTEMPTS && exposed.timeouts >= MIN_TIMEOUTS);
      });
      if (isEnough || elapsedMs > MAX_BEFORE_MS) return observations;
    }
  }

  /** Looks again and again, at each Service until the verdict on it stands. */
  async after(watched: readonly Watched[], before: ReadonlyMap<string, Observation>): Promise<ReadonlyMap<string, Said>> {
    const said = new Map<string, Said>();
    const closed = new Set<string>();
    const first = await this.#read();
    const span = new LaggedSpan(first, this.#lagMs);
    for (;;) {
      await sleep(READ_EVERY_MS);
      const last = await this.#read();
      span.add(last);
      const elapsedMs = last.atMs - first.atMs;
      for (const { name, service } of watched) {
        const then = before.get(name);
        if (then === undefined || closed.has(name)) continue;
        const now = observeBetween(service, { ...span.bounds(), answered: NO_GAPS });
        const judgement = judge(then, now, "again and again");
        said.set(name, { verdict: judgement.verdict, text: textOf(judgement, elapsedMs) });
        if (judgement.isFinal) closed.add(name);
      }
      const open = watched.filter(({ name }) => !closed.has(name));
      const isPatient = open.some(({ mayStayOpen }) => !mayStayOpen);
      if (open.length === 0 || elapsedMs > (isPatient ? MAX_AFTER_MS : PATIENCE_MS)) return said;
    }
  }

  /** Where a Service's NLB is, by what an agent found out. */
  async addressesOf(service: string, zones: readonly string[]): Promise<readonly string[]> {
    const status = await this.#agents[0]?.status();
    const frontends = status?.services.filter(({ name }) => name === service).flatMap((each) => each.frontends) ?? [];
    const addresses = frontends.flatMap(({ address, zone }) => (address !== null && zones.includes(zone ?? "") ? [address] : []));
    return [...new Set(addresses)];
  }

  #read(): Promise<Reading> {
    const addresses = this.#agents.map(({ metricsUrl }) => new URL(metricsUrl).host);
    return agentsAtAddresses(addresses, { service: undefined, nowMs: Date.now, signal: this.#signal }).read();
  }
}

const NO_GAPS: ReadonlyMap<string, number> = new Map();
const beforeBounds = (first: Reading, last: Reading) => ({
  first,
  timeoutsFrom: first,
  attemptsUntil: last,
  last,
  answered: NO_GAPS,
});

function textOf({ because, arms: { exposed, others } }: Judgement, elapsedMs: number): string {
  const numbers = [exposed.before, exposed.after, others.before, others.after].map(
    ({ attempts, timeouts, hairpins, otherFailures }) => `${attempts}/${timeouts}/${hairpins}/${otherFailures}`,
  );
  const [before, after, othersBefore, othersAfter] = numbers;
  return `${because.join(" ")} (attempts/timeouts/hairpins/other failures: exposed ${before}, now ${after}; others ${othersBefore}, now ${othersAfter}; ${(elapsedMs / 1000).toFixed(0)} s)`;
}
