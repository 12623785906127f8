import { setTimeout as sleep } from "node:timers/promises";
import { ConfigError } from "../config/load.ts";
import type { VerifySettings } from "../config/verify-definitions.ts";
import { serviceKey } from "../domain/service.ts";
import { configurationsIn, observeBetween } from "../verify/agents/observe.ts";
import { type Reading, readAgents } from "../verify/agents/pages.ts";
import { judge } from "../verify/judge.ts";
import type { Observation } from "../verify/observation.ts";
import { lengthOf, type VerifyReport } from "../verify/report.ts";
import { LAG_MS, MAX_WATCH_MS, pause, type VerifyHost } from "./verify-host.ts";

/** How often the agents are asked. */
const READ_EVERY_MS = 2_000;

/**
 * Watches the agents' own counters through a change: it counts until the configuration changes, leaves the settle time out, and counts on
 * until the verdict stands.
 *
 * @returns `undefined` when no agent answers at all.
 * @throws ConfigError when the Service is none that the agents probe, or nothing changes in the time given for it.
 */
export async function verifyByAgents(settings: VerifySettings, host: VerifyHost): Promise<VerifyReport | undefined> {
  const { service, agents = [] } = settings;
  const { now, progress, signal } = host;
  const read = () => readAgents(agents, now, signal);
  const first = await read();
  if (first.pages.size === 0) {
    host.complain(`no agent answers: ${first.problems.join("; ")}`);
    return undefined;
  }
  const initial = configurationsIn(first, service);
  if (initial.length === 0) throw new ConfigError([`${serviceKey(service)}: no agent that answers probes such a Service`]);

  const answers = new Answers(agents);
  let last = first;
  for (;;) {
    await sleep(READ_EVERY_MS, undefined, { signal });
    const reading = await read();
    if (isChanged(configurationsIn(reading, service), initial)) break;
    answers.add(reading);
    last = reading;
    const { attempts, timeouts } = totalsOf(observeBetween(service, boundsOf(first, last, last, answers)));
    progress.show(() => `${attempts} attempts, ${timeouts} timed out; make the change now`);
    if (last.atMs - first.atMs > settings.before)
      throw new ConfigError([
        `${serviceKey(service)}: the configuration did not change within ${lengthOf(settings.before)} (--before)`,
      ]);
  }
  const before = observeBetween(service, boundsOf(first, last, last, answers));
  return after(settings, host, before, read);
}

async function after(
  settings: VerifySettings,
  { now, progress, signal }: VerifyHost,
  before: Observation,
  read: () => Promise<Reading>,
): Promise<VerifyReport> {
  const { service, settle, agents = [] } = settings;
  const changedAtMs = now();
  progress.show(() => `changed; waiting ${lengthOf(settle)} for new connections to follow`);
  await sleep(settle, undefined, { signal });
  const first = await read();
  const answers = new Answers(agents);
  const recent = [first];
  let report: VerifyReport | undefined;
  for (;;) {
    await pause(READ_EVERY_MS, signal);
    if (signal.aborted && report !== undefined) return report;
    const last = await read();
    answers.add(last);
    recent.push(last);
    while (recent[1] !== undefined && recent[1].atMs <= last.atMs - LAG_MS) recent.shift();
    const attemptsUntil = recent[0] ?? last;
    const observation = observeBetween(service, boundsOf(first, last, attemptsUntil, answers));
    const judgement = judge(before, observation, "again and again");
    const isOver = last.atMs - first.atMs >= (settings.after ?? MAX_WATCH_MS);
    report = {
      service: serviceKey(service),
      changedAtMs,
      changeSource: "seen",
      settleMs: settle,
      before,
      after: observation,
      judgement,
      warnings: last.problems,
    };
    // Without timeouts before nothing that comes can settle it.
    if (judgement.verdict !== "inconclusive" || judgement.arms.exposed.before.timeouts === 0 || isOver) return report;
    const { attempts, timeouts } = judgement.arms.exposed.after;
    progress.show(() => `${attempts} attempts since the change, ${timeouts} timed out`);
  }
}

/** How many of the readings each agent answered. */
class Answers {
  readonly #counts: Map<string, number>;
  #readings = 0;

  constructor(addresses: readonly string[]) {
    this.#counts = new Map(addresses.map((address) => [address, 0]));
  }

  add({ pages }: Reading): void {
    this.#readings++;
    for (const address of pages.keys()) this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
  }

  shares(): ReadonlyMap<string, number> {
    return new Map([...this.#counts].map(([address, count]) => [address, this.#readings === 0 ? 1 : count / this.#readings]));
  }
}

const boundsOf = (first: Reading, last: Reading, attemptsUntil: Reading, answers: Answers) => ({
  first,
  last,
  attemptsUntil,
  answered: answers.shares(),
});

/** Any agent that sees something new: they do not all see it at once. */
const isChanged = (now: ReturnType<typeof configurationsIn>, initial: ReturnType<typeof configurationsIn>): boolean => {
  const known = new Set(initial.map((each) => JSON.stringify(each)));
  return now.some((each) => !known.has(JSON.stringify(each)));
};

const totalsOf = ({ strata }: Observation) => ({
  attempts: strata.reduce((sum, { attempts }) => sum + attempts, 0),
  timeouts: strata.reduce((sum, { timeouts }) => sum + timeouts, 0),
});
