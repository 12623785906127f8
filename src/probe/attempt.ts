import { TLSSocket } from "node:tls";
import { bracketed } from "../domain/address.ts";
import type { ConnectWatcher, Evidence, WatchConnect } from "../domain/evidence.ts";
import type { Failure, Outcome, Phase, PhaseSeconds, Success } from "../domain/outcome.ts";
import type { Protocol } from "../domain/service.ts";
import type { AnswerTimes } from "./answer-times.ts";
import { certificateExpiry, openTcp, openTls } from "./connect.ts";
import { failureOf } from "./failure.ts";
import { listenOn } from "./listen.ts";
import type { LoopWatch } from "./loop-watch.ts";
import { closeQuietly } from "./quiet-close.ts";
import { DEADLINE_REASONS } from "./reasons.ts";
import { request } from "./request.ts";
import { type StepResult, Steps } from "./steps.ts";
import { connectOnce, type TcpSockets } from "./tcp-sockets.ts";

/** What one attempt is aimed at. */
export interface AttemptTarget {
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** For SNI and the Host header; the connection always goes to `address`. */
  readonly hostname: string | undefined;
  readonly path: string;
  /**
   * The TLS handshake is the NLB's, not the backend's. One that does not end is a response that does not come; and where nothing is to be
   * said after it, what comes by itself is waited for.
   */
  readonly isTlsTerminated?: boolean;
}

export interface AttemptOptions {
  readonly watch: LoopWatch;
  /** For attempts that end with the handshake. */
  readonly sockets: TcpSockets;
  /** Shutdown. An attempt that it ends is discarded. */
  readonly signal: AbortSignal;
  /** From the SYN to the end of the attempt, all phases together. */
  readonly timeoutMs: number;
  readonly verifyTls: boolean;
  readonly userAgent: string;
  /** How long this target took to answer so far. */
  readonly times: AnswerTimes;
  /** Follows connects, to tell why one timed out; absent: nobody looks. */
  readonly watcher?: ConnectWatcher | undefined;
  /** Is told that the connection has come about, and may return what the connection is to be kept open for. */
  readonly onConnected?: (() => Promise<void> | undefined) | undefined;
}

/**
 * An outcome of which an event was read later than this is discarded, whatever it says: its time would be the agent's, not the network's. So
 * is a timeout if its answer would have been read so late: a share of what is left is the share of all.
 */
const MAX_LATENESS_MS = 15;

/**
 * An error past the connect may be read this late: it takes time to read what the peer sent, such as a certificate with many names, and a
 * peer that makes the agent late is not to hide its own failure by that.
 */
const MAX_LATER_ERROR_LATENESS_MS = 50;

/**
 * A deadline that was looked at later than this is no timeout: the whole machine may have stood still, and not have taken in what had come.
 * Below it that nothing had come is as true when it is seen late.
 */
const MAX_DEADLINE_LATENESS_MS = 500;

/** What a peer sends to a connection that is closed by then is reset: a late answer has a segment or two, the rest of a long one more. */
const [LATE_SEGMENTS, SEGMENTS_UNDER_WAY] = [2, 20];

/** The steps that an attempt takes, each with an answer of its own. */
const PHASES_OF: Readonly<Record<Protocol, readonly Phase[]>> = {
  tcp: ["connect"],
  tls: ["connect", "tls"],
  http: ["connect", "first_byte"],
  https: ["connect", "tls", "first_byte"],
};

/**
 * One attempt: a fresh connection, one deadline, one outcome.
 *
 * @returns Never rejects: a failed attempt is data.
 */
export async function runAttempt(target: AttemptTarget, options: AttemptOptions): Promise<Outcome> {
  // Where nobody looks, nothing is waited for: not even the next microtask, in which a busy loop may have other plans.
  const watchConnect = options.watcher === undefined ? undefined : await options.watcher.turn();
  const { times } = options;
  const usualMs = PHASES_OF[target.protocol].map((phase) => times.usualMs(phase));
  const steps = new Steps({ ...options, usualMs });
  let result: PhasesResult;
  try {
    result = await runPhases(target, options, steps, watchConnect);
  } finally {
    steps.dispose();
  }
  const evidence = await result.evidence;
  const { outcome } = result;
  if (outcome.kind === "discarded") return outcome;
  if (steps.worstLatenessMs > latenessBoundOf(outcome) || steps.deadlineLatenessMs > MAX_DEADLINE_LATENESS_MS)
    return { kind: "discarded", why: "late" };
  if (outcome.kind === "success") times.note(outcome.phases);
  return outcome.kind === "failure" && evidence !== undefined ? { ...outcome, evidence } : outcome;
}

/** How the phases ended; why the connect timed out, if it did, is known a moment later. */
interface PhasesResult {
  readonly outcome: Outcome;
  readonly evidence?: Promise<Evidence> | undefined;
}

function latenessBoundOf(outcome: Success | Failure): number {
  const isLaterError = outcome.kind === "failure" && outcome.phase !== "connect" && outcome.reason !== "response_timeout";
  return isLaterError ? MAX_LATER_ERROR_LATENESS_MS : MAX_LATENESS_MS;
}

async function runPhases(
  target: AttemptTarget,
  options: AttemptOptions,
  steps: Steps,
  watchConnect: WatchConnect | undefined,
): Promise<PhasesResult> {
  const phases: { -readonly [phase in keyof PhaseSeconds]: PhaseSeconds[phase] } = {};
  let source: Pick<Failure, "localPort"> = {};
  let certificate: Pick<Failure, "certificateExpiry"> = {};
  const failed = (phase: Phase, result: StepResult, ofDeadline = DEADLINE_REASONS[phase]) => ({
    outcome: failureOf(phase, result, ofDeadline, phases, { ...source, ...certificate }, steps),
  });

  const connect = target.protocol === "tcp" ? options.sockets.connect : connectOnce;
  const { socket, result: connecting, watched } = openTcp(target, connect, steps, watchConnect);
  const connected = await connecting;
  // The port is known only until the socket is destroyed. To ask for it is a system call, and only failures tell it.
  const mayFail = connected.kind !== "done" || target.protocol !== "tcp";
  if (mayFail && socket.localPort !== undefined) source = { localPort: socket.localPort };
  if (connected.kind !== "done") {
    socket.destroy();
    const ended = failed("connect", connected);
    if (connected.kind === "deadline") return { ...ended, evidence: watched()?.timedOut() };
    if (ended.outcome.kind === "discarded") watched()?.abandoned();
    else watched()?.answered();
    return ended;
  }
  phases.connect = connected.seconds;
  const looked = options.onConnected?.();

  let stream: Parameters<typeof request>[0] = socket;
  if (target.protocol === "tls" || target.protocol === "https") {
    const alpn = target.protocol === "https" ? ["http/1.1"] : [];
    const { hostname } = target;
    const { socket: secured, result } = await openTls(socket, { hostname, verify: options.verifyTls, alpn }, steps);
    if (result.kind !== "done") {
      secured.destroy();
      watched()?.cutOff(LATE_SEGMENTS);
      const isStalled = target.isTlsTerminated === true && result.kind === "deadline";
      return failed("tls", result, isStalled ? "response_timeout" : undefined);
    }
    phases.tls = result.seconds;
    const expiry = certificateExpiry(secured);
    if (expiry !== undefined) certificate = { certificateExpiry: expiry };
    stream = secured;
  }

  if (target.isTlsTerminated && target.protocol === "tls" && stream instanceof TLSSocket) {
    const heard = await listenOn(stream, steps);
    if (heard !== undefined && heard.kind !== "done") {
      stream.destroy();
      watched()?.cutOff(LATE_SEGMENTS);
      return failed("first_byte", heard);
    }
    if (heard !== undefined) phases.first_byte = heard.seconds;
  }
  if (target.protocol === "tcp" || target.protocol === "tls") {
    closeQuietly(stream, looked);
    return { outcome: { kind: "success", phases, ...certificate } };
  }
  const { result, status } = await request(
    stream,
    {
      authority: authorityOf(target),
      path: target.path,
      userAgent: options.userAgent,
      keepOpen: looked,
      onCutOff: (isMidway) => watched()?.cutOff(isMidway ? SEGMENTS_UNDER_WAY : LATE_SEGMENTS),
    },
    steps,
  );
  if (result.kind !== "done") return failed("first_byte", result);
  phases.first_byte = result.seconds;
  if (status !== undefined && status >= 500) {
    const seconds = steps.elapsedMs() / 1000;
    const detail = `HTTP status ${status}`;
    const seen = { ...source, ...certificate };
    return { outcome: { kind: "failure", reason: "http_error", phase: "first_byte", detail, seconds, phases, ...seen } };
  }
  return { outcome: { kind: "success", phases, ...certificate } };
}

/** RFC 9110 section 7.2: the host, in brackets if it is an IPv6 address, and the port unless it is the scheme's own. */
function authorityOf(target: AttemptTarget): string {
  const host = target.hostname ?? bracketed(target.address);
  return target.port === (target.protocol === "https" ? 443 : 80) ? host : `${host}:${target.port}`;
}
