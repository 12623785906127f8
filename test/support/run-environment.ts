/** What test/run.ts tells the processes that it starts. */
import { env } from "node:process";

/** Set to 1: run the rows, too, that are only worth a night. */
export const NIGHTLY = "HAIRPIN_NIGHTLY";
/** URLs of the test files of test/shared-process.ts, as a JSON array. */
export const SHARED_FILES = "HAIRPIN_SHARED_FILES";

/** Whether this run has the night: a test with many rows of a kind runs all of them, and else those that together cover each value. */
export const isNightly = env[NIGHTLY] === "1";
