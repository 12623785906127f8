/** Loaded before the agent (`--import`): the time of day jumps, forward and back, by an hour and by years; monotonic time does not. */
const JUMPS_MS = [3_600_000, -3_600_000, 10 * 365 * 86_400_000, -20 * 365 * 86_400_000, 1, 0];
const EVERY_MS = 200;

const trueNow = Date.now;
let [jumps, offsetMs] = [0, 0];
Date.now = () => trueNow() + offsetMs;
setInterval(() => {
  offsetMs = JUMPS_MS[jumps++ % JUMPS_MS.length] ?? 0;
}, EVERY_MS).unref();
