import { setTimeout as sleep } from "node:timers/promises";
import { ConfigError } from "../config/load.ts";
import type { VerifySettings } from "../config/verify-definitions.ts";
import { serviceKey } from "../domain/service.ts";
import { continued } from "../verify/agents/continued.ts";
import { configurationsIn, observeBetween } from "../verify/agents/observe.ts";
import type { AgentSource, Reading } from "../verify/agents/reading.ts";
import { judge } from "../verify/judge.ts";
import type { Observation } from "../verify/observation.ts";
import { lengthOf, type VerifyReport } from "../verify/report.ts";
import { LAG_MS, MAX_WATCH_MS, pause, progressOf, type VerifyHost } from "./verify-host.ts";

/** How long an agent of the time before may be missing at the beginning of the time after. */
const WHOLE_WITHIN_MS = 30_000;

/**
 * Watches the agents' own counters through a change: it counts until the configuration changes, leaves the settle time out, and counts on
 * until the verdict stands.
 *
 * @throws UnreadableError when no agent answers, at first or for minutes; ConfigError when the Service is none that the agents probe, or
 * nothing changes in the time given for it.
 */
export async function verifyByAgents(settings: VerifySettings, agents: AgentSource, host: VerifyHost): Promise<VerifyReport> {
  const { service } = settings;
  const { now, progress, signal } = host;
  const source = continued(agents, now);
  const first = await source.read();
  const initial = configurationsIn(first, service);
  if (initial.length === 0) throw new ConfigError([`${serviceKey(service)}: no agent that answers probes such a Service`]);

  const answers = new Answers();
  let last = first;
  for (;;) {
    await sleep(source.readEveryMs(), undefined, { signal });
    const reading = await source.read();
    if (isChanged(configurationsIn(reading, service), initial)) break;
    answers.add(reading);
    if (reading.pages.size > 0) last = reading;
    const { attempts, timeouts } = totalsOf(observeBetween(service, boundsOf(first, last, last, answers)));
    progress.show(() => `${attempts} attempts, ${timeouts} timed out; make the change now`);
    if (reading.atMs - first.atMs > settings.before)
      throw new ConfigError([
        `${serviceKey(service)}: the configuration did not change within ${lengthOf(settings.before)} (--before)`,
      ]);
  }
  const before = observeBetween(service, boundsOf(first, last, last, answers));
  return after(settings, source, host, before, new Set(last.pages.keys()));
}

async function after(
  settings: VerifySettings,
  source: AgentSource,
  { now, progress, signal }: VerifyHost,
  before: Observation,
  agents: ReadonlySet<string>,
): Promise<VerifyReport> {
  const { service, settle } = settings;
  const changedAtMs = now();
  progress.show(() => `changed; waiting ${lengthOf(settle)} for new connections to follow`);
  await sleep(settle, undefined, { signal });
  const first = await beginning(source, agents, now() + WHOLE_WITHIN_MS, signal);
  const answers = new Answers();
  const recent = [first];
  let last = first;
  let report: VerifyReport | undefined;
  for (;;) {
    await pause(source.readEveryMs(), signal);
    const reading = await source.read().catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    if (reading === undefined && report !== undefined) return report;
    if (reading === undefined) throw signal.reason;
    answers.add(reading);
    // Where nobody answered there is a gap, and what was read before it is the last that there is.
    if (reading.pages.size > 0) {
      last = reading;
      recent.push(reading);
    }
    while (recent[1] !== undefined && recent[1].atMs <= last.atMs - LAG_MS) recent.shift();
    const attemptsUntil = recent[0] ?? last;
    const observation = observeBetween(service, boundsOf(first, last, attemptsUntil, answers));
    const judgement = judge(before, observation, "again and again");
    const isOver = reading.atMs - first.atMs >= (settings.after ?? MAX_WATCH_MS);
    report = {
      service: serviceKey(service),
      changedAtMs,
      changeSource: "seen",
      settleMs: settle,
      before,
      after: observation,
      judgement,
      warnings: reading.problems,
    };
    // Without timeouts before nothing that comes can settle it.
    if (judgement.verdict !== "inconclusive" || judgement.arms.exposed.before.timeouts === 0 || isOver) return report;
    progress.show(() => progressOf(judgement));
  }
}

/**
 * The first reading that all of these agents answer: what one counts that is missing here has no beginning, and is left out to the end.
 *
 * @param untilMs - Milliseconds since the epoch: from then on, those that answer are enough.
 */
async function beginning(
  source: AgentSource,
  agents: ReadonlySet<string>,
  untilMs: number,
  signal: AbortSignal,
): Promise<Reading> {
  for (;;) {
    const reading = await source.read();
    const isWhole = [...agents].every((agent) => reading.pages.has(agent));
    if (isWhole || (reading.pages.size > 0 && reading.atMs >= untilMs)) return reading;
    await sleep(source.readEveryMs(), undefined, { signal });
  }
}

/** How many of the readings each agent answered. */
class Answers {
  readonly #counts = new Map<string, number>();
  #readings = 0;

  add({ pages }: Reading): void {
    this.#readings++;
    for (const agent of pages.keys()) this.#counts.set(agent, (this.#counts.get(agent) ?? 0) + 1);
  }

  shares(): ReadonlyMap<string, number> {
    return new Map([...this.#counts].map(([agent, count]) => [agent, count / this.#readings]));
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
