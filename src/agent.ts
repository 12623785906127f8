import { buildStatus, failureStatus } from "./agent-status.ts";
import { History } from "./diagnosis/history.ts";
import { LastFailures } from "./diagnosis/last-failures.ts";
import type { AddressPolicy } from "./domain/address.ts";
import type { Clock } from "./domain/clock.ts";
import type { Control } from "./domain/control.ts";
import { type ConnectWatcher, JUDGED_WITHIN_MS } from "./domain/evidence.ts";
import type { Frontend } from "./domain/frontend.ts";
import type { Failure, Outcome } from "./domain/outcome.ts";
import { serviceKey } from "./domain/service.ts";
import type { Snapshot } from "./domain/snapshot.ts";
import type { Status, StatusAgent } from "./domain/status.ts";
import type { Logger } from "./logging.ts";
import type { AgentMetrics } from "./metrics/agent-metrics.ts";
import { FanOut, HOLD_MS } from "./plan/fan-out.ts";
import { type Plan, planFrontends, type Resolve } from "./plan/frontends.ts";
import type { LoopWatch } from "./probe/loop-watch.ts";
import { Prober, type ProberOptions } from "./prober.ts";
import { paceOf, rateLimit } from "./schedule/budget.ts";
import { Scheduler } from "./schedule/scheduler.ts";
import { VERSION } from "./version.ts";

export interface AgentOptions {
  readonly nodeName: string;
  readonly zone: string | undefined;
  /** Milliseconds. */
  readonly interval: number;
  /** Milliseconds. */
  readonly timeout: number;
  readonly maxInFlight: number;
  /** Attempts a second at most. */
  readonly maxRate: number;
  /** Nodes of a kind and zone that probe a frontend at most; 0: all. */
  readonly fanOut: number;
  /** One attempt past the NLB in so many intervals; 0: none. */
  readonly controlEvery: number;
  readonly tlsVerify: boolean;
  readonly userAgent: string;
  readonly clock: Clock;
  /** The time of day, in Unix milliseconds. */
  readonly unixMs: () => number;
  readonly random: () => number;
  readonly watch: LoopWatch;
  /** Tells why connects time out; absent: nobody looks. */
  readonly watcher: ConnectWatcher | undefined;
  readonly metrics: AgentMetrics;
  readonly logger: Logger;
  readonly resolve: Resolve;
  readonly isAllowed: AddressPolicy;
  readonly onConnected?: ProberOptions["onConnected"];
}

/** What others know of the agent. */
export type RestOfStatus = Pick<StatusAgent, "zone" | "evidence" | "blindSpots" | "snapshotAgeSeconds">;

/** Changes come in bursts (5,000 names that DNS answers one by one): plans are so far apart at least, in milliseconds. */
const PLAN_EVERY_MS = 100;
/** And so many times as far as the last one took: of the time in which attempts are due, planning holds a tenth at most. */
const PLAN_REST = 9;

/** Milliseconds for which a status is good. */
const STATUS_AGE_MS = 1_000;

/** What is attempted: a frontend, or the way past the NLB to the same backends. */
type Probed =
  | { readonly id: string; readonly everyNth: number; readonly frontend: Frontend }
  | { readonly id: string; readonly everyNth: number; readonly control: Control };

/**
 * Probes what the latest snapshot says: plan, schedule, attempt, metrics, log.
 *
 * Where snapshots and addresses come from is not its matter; it goes on with the last ones for as long as no others come.
 */
export class Agent {
  readonly #options: AgentOptions;
  readonly #shutdown = new AbortController();
  readonly #scheduler: Scheduler<Probed>;
  readonly #history: History;
  readonly #fanOut: FanOut;
  /** Plans again when a choice that is held runs out. */
  #cancelReplan = () => {};
  /** Plans what has changed; `undefined`: nothing has. */
  #cancelPending: (() => void) | undefined;
  #nextPlanMs = Number.NEGATIVE_INFINITY;
  readonly #prober: Prober;
  readonly #lastFailures = new LastFailures();
  readonly #startedAt: Date;
  #status: { readonly atMs: number; readonly status: Promise<Status> } | undefined;
  #snapshot: Snapshot | undefined;
  #plan: Plan = {
    frontends: [],
    controls: [],
    services: [],
    leftToOthers: 0,
    addressesSkipped: { ipv6_not_private: 0, over_limit: 0 },
  };

  constructor(options: AgentOptions) {
    this.#options = options;
    const { metrics, interval, maxInFlight, clock, random } = options;
    this.#startedAt = new Date(options.unixMs());
    this.#prober = new Prober({ ...options, signal: this.#shutdown.signal });
    this.#fanOut = new FanOut({ limit: options.fanOut, holdMs: HOLD_MS });
    this.#history = new History({ intervalMs: interval, timeoutMs: options.timeout });
    this.#scheduler = new Scheduler<Probed>({
      intervalMs: interval,
      maxInFlight,
      clock,
      random,
      attempt: (probed) => this.#attempt(probed),
      onStart: (seconds) => metrics.started(seconds),
      onDiscard: (why, count, probed) => {
        metrics.discarded(why, count);
        if ("frontend" in probed) this.#history.missed(probed.frontend, why, count, clock.nowMs());
      },
    });
  }

  /** Whether the first snapshot has been planned. */
  get ready(): boolean {
    return this.#snapshot !== undefined;
  }

  /** Takes a new snapshot; the old one is forgotten whole. */
  discovered(snapshot: Snapshot): void {
    const isFirst = this.#snapshot === undefined;
    this.#snapshot = snapshot;
    if (isFirst) this.#planNow(snapshot);
    else this.replan();
  }

  /** Plans again with the latest snapshot, at once or soon: what DNS says may have changed. */
  replan(): void {
    if (this.#snapshot === undefined || this.#shutdown.signal.aborted) return;
    const { clock } = this.#options;
    this.#cancelPending ??= clock.after(Math.max(0, this.#nextPlanMs - clock.nowMs()), () => {
      this.#cancelPending = undefined;
      if (this.#snapshot !== undefined) this.#planNow(this.#snapshot);
    });
  }

  #planNow(snapshot: Snapshot): void {
    const { clock } = this.#options;
    const startedMs = clock.nowMs();
    this.#plan = this.#planOf(snapshot);
    const { frontends, controls, services, addressesSkipped, leftToOthers } = this.#plan;
    const { metrics } = this.#options;
    metrics.plan({ ...snapshot, services }, frontends, controls);
    metrics.addressesSkipped(addressesSkipped);
    metrics.leftToOthers(leftToOthers);
    this.#history.plan(frontends, controls);
    this.#scheduler.set(this.#paced(this.#plan));
    const endedMs = clock.nowMs();
    this.#nextPlanMs = endedMs + Math.max(PLAN_EVERY_MS, PLAN_REST * (endedMs - startedMs));
  }

  #planOf(snapshot: Snapshot): Plan {
    const { nodeName, zone, controlEvery, clock, resolve, isAllowed } = this.#options;
    this.#cancelReplan();
    const plan = planFrontends(snapshot, resolve, { node: nodeName, zone }, isAllowed, (candidates, self) => {
      const nowMs = clock.nowMs();
      const { chosen, untilMs } = this.#fanOut.choose(candidates, snapshot, self, nowMs);
      if (Number.isFinite(untilMs)) this.#cancelReplan = clock.after(untilMs - nowMs, () => this.replan());
      return chosen;
    });
    return controlEvery > 0 ? plan : { ...plan, controls: [] };
  }

  /** What is to be attempted, each in every interval; or less often, where the budget does not allow for it. */
  #paced({ frontends, controls }: Plan): readonly Probed[] {
    const { interval, timeout, controlEvery, maxRate, maxInFlight, metrics } = this.#options;
    const limit = rateLimit(maxRate, maxInFlight, timeout + JUDGED_WITHIN_MS);
    const items = [
      ...frontends.map((frontend) => ({ id: frontend.id, service: serviceKey(frontend.service), everyNth: 1, frontend })),
      ...controls.map((control) => ({ id: control.id, service: serviceKey(control.service), everyNth: controlEvery, control })),
    ];
    const { paced, ...pace } = paceOf(items, interval, limit);
    metrics.pace({ ...pace, limit });
    return paced;
  }

  /** To be called when the process is awake anyway, and often while attempts are in flight. */
  awake(): void {
    this.#scheduler.awake();
  }

  /** Starts no more attempts and discards those in flight. */
  async stop(): Promise<void> {
    this.#cancelReplan();
    this.#cancelPending?.();
    const stopped = this.#scheduler.stop();
    this.#shutdown.abort();
    await stopped;
  }

  /** What this agent knows now, or knew a second ago at most: however many ask, it is worked out once. */
  status(rest: RestOfStatus): Promise<Status> {
    const nowMs = this.#options.clock.nowMs();
    if (this.#status === undefined || nowMs - this.#status.atMs > STATUS_AGE_MS) {
      this.#status = { atMs: nowMs, status: this.#buildStatus(rest) };
    }
    return this.#status.status;
  }

  #buildStatus(rest: RestOfStatus): Promise<Status> {
    const { nodeName, interval, timeout, clock, unixMs, metrics } = this.#options;
    const agent: StatusAgent = {
      node: nodeName,
      version: VERSION,
      nodeVersion: process.version,
      startedAt: this.#startedAt.toISOString(),
      ready: this.ready,
      intervalSeconds: interval / 1000,
      timeoutSeconds: timeout / 1000,
      attemptsInFlight: this.#scheduler.inFlight,
      addressesSkipped: this.#plan.addressesSkipped,
      ...metrics.totals(),
      ...rest,
    };
    return buildStatus({
      ...this.#plan,
      at: new Date(unixMs()),
      clockMs: clock.nowMs,
      nowMs: clock.nowMs(),
      agent,
      history: this.#history,
      lastFailures: this.#lastFailures.all,
      skipped: this.#snapshot?.skipped ?? [],
    });
  }

  async #attempt(probed: Probed): Promise<void> {
    const { clock, unixMs, metrics } = this.#options;
    const [startedMs, startedAt] = [clock.nowMs(), new Date(unixMs())];
    if ("frontend" in probed) {
      const { frontend } = probed;
      const outcome = await this.#prober.frontend(frontend);
      metrics.outcome(frontend, outcome);
      this.#history.note(frontend, outcome, startedMs);
      this.#tell(frontend, outcome, startedAt);
    } else {
      const { control } = probed;
      const outcome = await this.#prober.control(control);
      metrics.controlOutcome(control, outcome);
      this.#history.noteControl(control, outcome, startedMs);
      this.#tell(control, outcome, startedAt);
    }
  }

  #tell(probed: Frontend | Control, outcome: Outcome, startedAt: Date): void {
    if (outcome.kind === "failure") this.#failed(probed, outcome, startedAt);
    else if (outcome.kind === "discarded" && outcome.detail !== undefined) {
      this.#options.logger.warn(
        { service: serviceKey(probed.service), why: outcome.why, detail: outcome.detail },
        "attempt discarded",
      );
    }
  }

  #failed(probed: Frontend | Control, outcome: Failure, startedAt: Date): void {
    this.#lastFailures.add(failureStatus(probed, outcome, startedAt));
    const { reason, phase, detail, seconds, localPort, evidence } = outcome;
    const { service, listener, address } = probed;
    const isFrontend = "zone" in probed;
    this.#options.logger.warn(
      {
        service: serviceKey(service),
        [isFrontend ? "frontend" : "control"]: `${address ?? service.hostname ?? ""}:${listener.port}`,
        ...(isFrontend ? { frontend_zone: probed.zone, colocated: probed.colocated, withdrawn: probed.withdrawn } : {}),
        // A verdict on a timeout comes after its deadline, and the line with it.
        startedAt: startedAt.toISOString(),
        reason,
        phase,
        detail,
        seconds: Math.round(seconds * 1e6) / 1e6,
        localPort,
        evidence: evidence?.kind,
        ...(evidence?.kind === "capture" ? { chosen: evidence.chosen } : {}),
      },
      isFrontend ? "attempt failed" : "control attempt failed",
    );
  }
}
