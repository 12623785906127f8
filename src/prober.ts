import type { AddressPolicy } from "./domain/address.ts";
import type { Control } from "./domain/control.ts";
import { believable, type ConnectWatcher } from "./domain/evidence.ts";
import type { Frontend } from "./domain/frontend.ts";
import type { Outcome } from "./domain/outcome.ts";
import { AnswerTimes } from "./probe/answer-times.ts";
import { type AttemptOptions, type AttemptTarget, runAttempt } from "./probe/attempt.ts";
import type { LoopWatch } from "./probe/loop-watch.ts";
import { TcpSockets } from "./probe/tcp-sockets.ts";

export interface ProberOptions {
  readonly watch: LoopWatch;
  /** Tells why connects time out; `undefined`: nobody looks. */
  readonly watcher: ConnectWatcher | undefined;
  /** Ends the attempts that are under way; they are discarded. */
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly timeout: number;
  readonly tlsVerify: boolean;
  readonly userAgent: string;
  readonly isAllowed: AddressPolicy;
  readonly onConnected?: AttemptOptions["onConnected"];
}

/**
 * Makes single attempts at frontends, and past NLBs. Whatever happens is an outcome.
 *
 * Its methods hand on a promise, and are no async functions: hundreds of attempts wait for seconds, and each frame of one is kept that long.
 */
export class Prober {
  readonly #options: ProberOptions;
  readonly #sockets = new TcpSockets();
  /** By what was attempted, and for as long as it is planned. */
  readonly #times = new WeakMap<Frontend | Control, AnswerTimes>();

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  frontend(frontend: Frontend): Promise<Outcome> {
    const { address, dnsError, listener, service } = frontend;
    if (dnsError !== undefined || address === undefined) {
      return notTried("dns_error", dnsError ?? "no address");
    }
    const { port, protocol, path } = listener;
    const isTlsTerminated = listener.tlsTerminated;
    const outcome = this.#attempt(frontend, { address, port, protocol, hostname: service.hostname, path, isTlsTerminated });
    return frontend.exposure === 0 ? outcome.then(withBelievable) : outcome;
  }

  /** Behind a TLS listener the backends speak something else, which is not known: there a connection has to do. */
  control(control: Control): Promise<Outcome> {
    const { address, port, listener, service } = control;
    const { protocol, path, tlsTerminated } = listener;
    const spoken = tlsTerminated ? "tcp" : protocol;
    return this.#attempt(control, { address, port, protocol: spoken, hostname: service.hostname, path });
  }

  #attempt(planned: Frontend | Control, target: AttemptTarget): Promise<Outcome> {
    const { watch, watcher, signal, timeout, tlsVerify, userAgent, isAllowed, onConnected } = this.#options;
    // Who can write a Service's status must not be able to aim the agents at anything else (design rule 9).
    if (!isAllowed(target.address)) {
      const detail = `${target.address} is not a private address (RFC 1918, RFC 6598, RFC 4193), nor allowed by --allow-cidr`;
      return notTried("not_internal", detail);
    }
    const times = this.#timesOf(planned);
    const options = {
      watch,
      watcher,
      sockets: this.#sockets,
      times,
      signal,
      timeoutMs: timeout,
      verifyTls: tlsVerify,
      userAgent,
      onConnected,
    };
    return runAttempt(target, options);
  }

  #timesOf(planned: Frontend | Control): AnswerTimes {
    const known = this.#times.get(planned);
    if (known !== undefined) return known;
    const times = new AnswerTimes();
    this.#times.set(planned, times);
    return times;
  }
}

/** Where nothing can hairpin, resets alone convict nobody. */
const withBelievable = (outcome: Outcome): Outcome =>
  outcome.kind === "failure" && outcome.evidence !== undefined
    ? { ...outcome, evidence: believable(outcome.evidence, 0) }
    : outcome;

const notTried = (reason: "dns_error" | "not_internal", detail: string): Promise<Outcome> =>
  Promise.resolve({ kind: "failure", reason, phase: "dns", detail, seconds: 0, phases: {} });
