import { env } from "node:process";
import { fileURLToPath } from "node:url";

/** Names the file to run in place of the source. */
export const PROGRAM_VARIABLE = "HAIRPIN_LAB_PROGRAM";

/** The program that labs run: its source, or the bundle of it that test/run.ts makes, which starts in a third of the time. */
export const PROGRAM = env[PROGRAM_VARIABLE] ?? fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
