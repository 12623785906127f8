/** Loaded before a program (`--import`): prints the longest time that the event loop was held, in ms, when the program ends. */
import { writeSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MS = 1;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
// Loading the program is not what is measured.
setTimeout(() => delay.enable(), 1_500).unref();
process.on("exit", () => writeSync(2, `held ${delay.max / 1e6}\n`));
