/**
 * Gives a test file a sandbox of its own, so that files which each need a lab can run beside each other.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const SANDBOX = fileURLToPath(new URL("../../scripts/sandbox.mjs", import.meta.url));

/** Names the file that the sandbox was made for. */
const MARK = "HAIRPIN_SANDBOX_OF";

/**
 * Runs `body` in a sandbox of its own: this process starts the same file again through scripts/sandbox.mjs, and only there
 * `body` runs. It works under `node --test` (which reads the results from standard output) and without.
 *
 * ```ts
 * await inOwnSandbox(import.meta.filename, () => {
 *   test("…", async () => { … });
 * });
 * ```
 *
 * @param file - The calling file. Nothing outside of `body` should do anything there.
 * @param body - Registers the tests.
 * @param turn - Waited for before the sandbox is made, and disposed of when it is gone.
 */
export async function inOwnSandbox(
  file: string,
  body: () => void | Promise<void>,
  turn?: () => Promise<Disposable>,
): Promise<void> {
  if (process.env[MARK] === file) {
    await body();
    return;
  }
  using _ = await turn?.();
  const child = spawn(process.execPath, [SANDBOX, "--", process.execPath, ...process.execArgv, file], {
    stdio: "inherit",
    env: { ...process.env, [MARK]: file },
  });
  // The sandbox has a session of its own; a runner that gives up on this process gives up on that, too.
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, pass);
  const [code, killedBy] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  for (const signal of signals) process.off(signal, pass);
  process.exitCode = code ?? 128 + (killedBy === null ? 0 : constants.signals[killedBy]);
}
