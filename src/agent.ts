import type { AddressPolicy } from "./domain/address.ts";
import type { Clock } from "./domain/clock.ts";
import type { ConnectWatcher } from "./domain/evidence.ts";
import type { Frontend } from "./domain/frontend.ts";
import type { Outcome } from "./domain/outcome.ts";
import { serviceKey } from "./domain/service.ts";
import type { Snapshot } from "./domain/snapshot.ts";
import type { Logger } from "./logging.ts";
import type { AgentMetrics } from "./metrics/agent-metrics.ts";
import { planFrontends, type Resolve } from "./plan/frontends.ts";
import { runAttempt } from "./probe/attempt.ts";
import type { LoopWatch } from "./probe/loop-watch.ts";
import { Scheduler } from "./schedule/scheduler.ts";

export interface AgentOptions {
  readonly nodeName: string;
  readonly zone: string | undefined;
  /** Milliseconds. */
  readonly interval: number;
  /** Milliseconds. */
  readonly timeout: number;
  readonly maxInFlight: number;
  readonly tlsVerify: boolean;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly watch: LoopWatch;
  /** Tells why connects time out; absent: nobody looks. */
  readonly watcher: ConnectWatcher | undefined;
  readonly metrics: AgentMetrics;
  readonly logger: Logger;
  readonly resolve: Resolve;
  readonly isAllowed: AddressPolicy;
}

/**
 * Probes what the latest snapshot says: plan, schedule, attempt, metrics, log.
 *
 * Where snapshots and addresses come from is not its matter; it goes on with the last ones for as long as no others come.
 */
export class Agent {
  readonly #options: AgentOptions;
  readonly #shutdown = new AbortController();
  readonly #scheduler: Scheduler<Frontend>;
  #snapshot: Snapshot | undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
    const { metrics, interval, maxInFlight, clock, random } = options;
    this.#scheduler = new Scheduler<Frontend>({
      intervalMs: interval,
      maxInFlight,
      clock,
      random,
      attempt: (frontend) => this.#attempt(frontend),
      onStart: (seconds) => metrics.started(seconds),
      onDiscard: (why, count) => metrics.discarded(why, count),
    });
  }

  /** Whether the first snapshot has been planned. */
  get ready(): boolean {
    return this.#snapshot !== undefined;
  }

  /** Takes a new snapshot; the old one is forgotten whole. */
  discovered(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.replan();
  }

  /** Plans again with the latest snapshot: what DNS says may have changed. */
  replan(): void {
    if (this.#snapshot === undefined) return;
    const { nodeName, zone, resolve, isAllowed, metrics } = this.#options;
    const { frontends, addressesSkipped } = planFrontends(this.#snapshot, resolve, { node: nodeName, zone }, isAllowed);
    metrics.plan(this.#snapshot, frontends);
    metrics.addressesSkipped(addressesSkipped);
    this.#scheduler.set(frontends);
  }

  /** Starts no more attempts and discards those in flight. */
  async stop(): Promise<void> {
    const stopped = this.#scheduler.stop();
    this.#shutdown.abort();
    await stopped;
  }

  async #attempt(frontend: Frontend): Promise<void> {
    const outcome = await this.#outcomeOf(frontend);
    this.#options.metrics.outcome(frontend, outcome);
    if (outcome.kind === "failure") this.#logFailure(frontend, outcome);
  }

  async #outcomeOf(frontend: Frontend): Promise<Outcome> {
    const { address, dnsError, listener, service } = frontend;
    if (dnsError !== undefined || address === undefined) {
      return { kind: "failure", reason: "dns_error", phase: "dns", detail: dnsError ?? "no address", seconds: 0, phases: {} };
    }
    // Who can write a Service's status must not be able to aim the agents at anything else (design rule 9).
    if (!this.#options.isAllowed(address)) {
      const detail = `${address} is not a private address (RFC 1918, RFC 6598, RFC 4193), nor allowed by --allow-cidr`;
      return { kind: "failure", reason: "not_internal", phase: "dns", detail, seconds: 0, phases: {} };
    }
    const { watch, watcher, timeout, tlsVerify, userAgent } = this.#options;
    return runAttempt(
      { address, port: listener.port, protocol: listener.protocol, hostname: service.hostname, path: listener.path },
      { watch, watcher, signal: this.#shutdown.signal, timeoutMs: timeout, verifyTls: tlsVerify, userAgent },
    );
  }

  #logFailure(frontend: Frontend, outcome: Extract<Outcome, { kind: "failure" }>): void {
    const { reason, phase, detail, seconds, localPort, evidence } = outcome;
    this.#options.logger.warn(
      {
        service: serviceKey(frontend.service),
        frontend: `${frontend.address ?? frontend.service.hostname ?? ""}:${frontend.listener.port}`,
        frontend_zone: frontend.zone,
        colocated: frontend.colocated,
        withdrawn: frontend.withdrawn,
        reason,
        phase,
        detail,
        seconds: Math.round(seconds * 1e6) / 1e6,
        localPort,
        evidence: evidence?.kind,
        ...(evidence?.kind === "capture" ? { chosen: evidence.chosen } : {}),
      },
      "attempt failed",
    );
  }
}
