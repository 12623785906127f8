/**
 * A prober that is held up: attempts at a steady rate, one line of JSON an outcome, work in the way if so told.
 *
 *   node test/probe/starved-prober.ts HEALTHY_PORT PROTOCOL DROPPING_ADDRESS SECONDS TIMEOUT_MS BLOCK_MS BLOCK_PHASE
 *
 * BLOCK_PHASE: timers, poll or check, the phase of the event loop in which it works for BLOCK_MS, again and again; none.
 *
 * It goes on for SECONDS, and then for as long as it takes until it has seen a success, a discard and a silent drop.
 */
import { readFile } from "node:fs";
import { AnswerTimes } from "../../src/probe/answer-times.ts";
import { runAttempt } from "../../src/probe/attempt.ts";
import { LoopWatch, systemLoopTimes } from "../../src/probe/loop-watch.ts";
import { TcpSockets } from "../../src/probe/tcp-sockets.ts";

const [port, protocol, dropping = "", seconds, timeoutMs, blockMs, blockPhase] = process.argv.slice(2);
const ATTEMPT_EVERY_MS = 10;
const PAUSE_MS = 150;
/** What has not been seen by then is not to be seen. */
const MAX_SECONDS = 60;

const watch = new LoopWatch();
const options = {
  watch,
  sockets: new TcpSockets(),
  // As if the two were one frontend that drops half of its connections.
  times: new AnswerTimes(),
  signal: new AbortController().signal,
  timeoutMs: Number(timeoutMs),
  verifyTls: false,
  userAgent: "hairpin-probe/test",
};
const lines: string[] = [];
/** Names and kinds of outcomes. */
const seen = new Set<string>();
const hasSeenAll = (): boolean => ["healthy success", "healthy discarded", "dropping failure"].every((kind) => seen.has(kind));
let running = 0;

/** Milliseconds for which this thread could have run, and others did, as far as the kernel tells. */
const waitedMs = (): number => systemLoopTimes.heldBackMs?.() ?? 0;

async function attempt(address: string, name: string): Promise<void> {
  running++;
  const waitedBeforeMs = waitedMs();
  const outcome = await runAttempt(
    { address, port: Number(port), protocol: protocol === "http" ? "http" : "tcp", hostname: undefined, path: "/" },
    options,
  );
  lines.push(JSON.stringify({ name, outcome, waitedMs: waitedMs() - waitedBeforeMs }));
  seen.add(`${name} ${outcome.kind}`);
  running--;
}

/** Begins an attempt, and works as soon as its SYN has left: the kernel completes the handshake while nobody looks. */
function work(): void {
  void attempt("127.0.0.1", "healthy");
  process.nextTick(() =>
    process.nextTick(() => {
      const end = performance.now() + Number(blockMs);
      while (performance.now() < end);
    }),
  );
}

const probing = setInterval(() => {
  void attempt("127.0.0.1", "healthy");
  void attempt(dropping, "dropping");
}, ATTEMPT_EVERY_MS);

const blocking = setInterval(() => {
  // What a callback leaves to the next tick runs right behind it, in the same phase.
  if (blockPhase === "timers") work();
  else if (blockPhase === "check") setImmediate(work);
  // The callback of a file's reading runs in the poll phase, as a socket's does.
  else if (blockPhase === "poll") readFile("/proc/self/stat", work);
}, Number(blockMs) + PAUSE_MS);

const startedMs = performance.now();
const ending = setInterval(() => {
  const passedSeconds = (performance.now() - startedMs) / 1000;
  if (passedSeconds < Number(seconds) || (!hasSeenAll() && passedSeconds < MAX_SECONDS)) return;
  clearInterval(ending);
  clearInterval(probing);
  clearInterval(blocking);
  const waiting = setInterval(() => {
    if (running > 0) return;
    clearInterval(waiting);
    process.stdout.write(`${lines.join("\n")}\n`);
  }, 20);
}, 20);
