/**
 * A prober that is held up: attempts at a steady rate, one line of JSON an outcome, work in the way if so told.
 *
 *   node test/probe/starved-prober.ts HEALTHY_PORT PROTOCOL DROPPING_ADDRESS SECONDS BLOCK_MS BLOCK_PHASE
 *
 * BLOCK_PHASE: timers, poll or check, the phase of the event loop in which it works for BLOCK_MS, again and again; none.
 */
import { readFile } from "node:fs";
import { runAttempt } from "../../src/probe/attempt.ts";
import { LoopWatch } from "../../src/probe/loop-watch.ts";
import { TcpSockets } from "../../src/probe/tcp-sockets.ts";

const [port, protocol, dropping = "", seconds, blockMs, blockPhase] = process.argv.slice(2);
const ATTEMPT_EVERY_MS = 10;
const PAUSE_MS = 150;
const TIMEOUT_MS = 400;

const watch = new LoopWatch();
const options = {
  watch,
  sockets: new TcpSockets(),
  signal: new AbortController().signal,
  timeoutMs: TIMEOUT_MS,
  verifyTls: false,
  userAgent: "hairpin-probe/test",
};
const lines: string[] = [];
let running = 0;

async function attempt(address: string, name: string): Promise<void> {
  running++;
  const outcome = await runAttempt(
    { address, port: Number(port), protocol: protocol === "http" ? "http" : "tcp", hostname: undefined, path: "/" },
    options,
  );
  lines.push(JSON.stringify({ name, outcome }));
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

setTimeout(() => {
  clearInterval(probing);
  clearInterval(blocking);
  const waiting = setInterval(() => {
    if (running > 0) return;
    clearInterval(waiting);
    process.stdout.write(`${lines.join("\n")}\n`);
  }, 20);
}, Number(seconds) * 1000);
