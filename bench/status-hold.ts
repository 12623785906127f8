/**
 * How long the status of an agent of 3,000 frontends holds the event loop at a stretch: attempts that are read later than 15 ms are
 * discarded: `npm run bench:status-hold`.
 *
 * It takes some ten seconds. The test of the same asserts how many Services are worked on in a turn of the loop.
 */
import { buildStatus } from "../src/agent-status.ts";
import { History } from "../src/diagnosis/history.ts";
import { statusOf } from "../test/status-page/statuses.ts";
import { frontend, nlbService } from "../test/support/services.ts";

const FRONTENDS = 3_000;
const SERVICES = 1_000;
/** Attempts that are known of each. */
const ATTEMPTS = 90;
const INTERVAL_MS = 10_000;

const history = new History({ intervalMs: INTERVAL_MS, timeoutMs: 3_000 });
const frontends = Array.from({ length: FRONTENDS }, (_, i) => {
  const service = nlbService({ name: `s${i % SERVICES}` });
  return frontend({ id: String(i), service, address: `10.0.${i >> 8}.${i % 256}`, zone: `z${i % 3}` });
});
history.plan(frontends, []);
for (const each of frontends) {
  for (let n = 0; n < ATTEMPTS; n++) {
    history.note(each, { kind: "success", phases: { connect: 0.001 } }, 100_000 + n * INTERVAL_MS);
  }
}

let [worstMs, lastMs, turns] = [0, performance.now(), 0];
let isOver = false;
const tick = (): void => {
  worstMs = Math.max(worstMs, performance.now() - lastMs);
  lastMs = performance.now();
  turns++;
  if (!isOver) setImmediate(tick);
};
tick();
const startedMs = performance.now();
const { services } = await buildStatus({
  at: new Date(0),
  clockMs: () => performance.now(),
  nowMs: 100_000 + ATTEMPTS * INTERVAL_MS,
  agent: statusOf().agent,
  frontends,
  controls: [],
  history,
  lastFailures: [],
  skipped: [],
});
const totalMs = performance.now() - startedMs;
isOver = true;
tick();
console.log(
  `status of ${FRONTENDS} frontends, ${services.length} ports: ${totalMs.toFixed(0)} ms in ${turns} turns, held for ${worstMs.toFixed(1)} ms at most`,
);
