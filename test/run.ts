/**
 * Runs the tests: `npm test`.
 *
 * A file that makes a sandbox of its own (`inOwnSandbox`, `inLabSandbox`) starts programs and waits for the network: it gets a process, and several of them
 * run at once. All other files share one process, which saves starting a Node.js for each.
 *
 *   npm test                       all of them
 *   npm test -- lab/agent fuzz     those with one of these in their path
 *   npm test -- --nightly          all of them, with the rows that are only worth a night
 */
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, constants } from "node:os";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { PROGRAM_VARIABLE } from "../lab/program.ts";
import { bundle } from "../scripts/bundle.ts";
import { NIGHTLY, SHARED_FILES } from "./support/run-environment.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const SHARED_PROCESS = fileURLToPath(new URL("./shared-process.ts", import.meta.url));
/** For one file: a bound on what hangs, not on what is slow. */
const TIMEOUT_MS = 1_800_000;
/** Most files wait most of the time. */
const FILES_AT_ONCE = availableParallelism() + 4;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { nightly: { type: "boolean", default: false } } });
const isWanted = (file: string): boolean => positionals.length === 0 || positionals.some((part) => file.includes(part));
const files = globSync("test/**/*.test.ts", { cwd: ROOT }).filter(isWanted).sort();
if (files.length === 0) {
  console.error(`test/run.ts: no test has ${positionals.join(" or ")} in its path`);
  process.exit(2);
}

const hasOwnSandbox = (file: string): boolean => /\bin(Own|Lab)Sandbox\(/.test(readFileSync(join(ROOT, file), "utf8"));
const [own, shared] = [files.filter(hasOwnSandbox), files.filter((file) => !hasOwnSandbox(file))];
/**
 * Those that take half a minute and more begin first, so that the end does not wait for one of them alone: labs, which mostly wait, in turn
 * with others, which compute. Few labs run at once, since the agents of too many would have no time for anything.
 */
const LONG = [
  "lab/agent/diagnosis",
  "lab/agent/hairpin",
  "rules/silent-alerts",
  "lab/agent/verify",
  "faults/cluster",
  "lab/agent/faults",
  "rules/alerts",
  "lab/agent/check",
  "verify/prometheus",
  "probe/starvation",
].map((name) => `test/${name}.test.ts`);
const long = LONG.filter((file) => own.includes(file));
const inOrder = [...long, ...own.filter((file) => !long.includes(file))];

// Where sandboxes see it: their /tmp is their own.
mkdirSync(join(ROOT, ".cache"), { recursive: true });
const program = mkdtempSync(join(ROOT, ".cache/program-"));
process.on("exit", () => rmSync(program, { recursive: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(128 + constants.signals[signal]));
await bundle(join(program, "dist"));
copyFileSync(join(ROOT, "package.json"), join(program, "package.json"));
process.env[PROGRAM_VARIABLE] = join(program, "dist/main.js");
process.env.NODE_COMPILE_CACHE ??= join(ROOT, ".cache/compiled");
process.env[SHARED_FILES] = JSON.stringify(shared.map((file) => pathToFileURL(join(ROOT, file)).href));
if (values.nightly) process.env[NIGHTLY] = "1";
run({
  files: [...(shared.length > 0 ? [SHARED_PROCESS] : []), ...inOrder.map((file) => join(ROOT, file))],
  concurrency: FILES_AT_ONCE,
  timeout: TIMEOUT_MS,
})
  .on("test:fail", () => {
    process.exitCode = 1;
  })
  .compose(spec)
  .pipe(process.stdout);
