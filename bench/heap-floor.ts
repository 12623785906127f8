/** Loaded before a program (`--import`): prints once a second the JavaScript heap in use, in bytes. */
import { writeSync } from "node:fs";
import { getHeapStatistics } from "node:v8";

const EVERY_MS = 1_000;
setInterval(() => writeSync(2, `heap ${getHeapStatistics().used_heap_size}\n`), EVERY_MS).unref();
