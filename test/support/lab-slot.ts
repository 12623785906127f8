/**
 * Labs share the machine: the agents of too many at once would have no time to probe. So few run at once, in all runs of the tests together.
 *
 * A lab is a test file's own sandbox. It takes a slot before, a lock on a file (flock, util-linux) that the kernel gives back with the
 * process that has it, however that ends.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { availableParallelism, homedir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";

/** Labs mostly wait: the machine has time for one more than it has processors. */
const SLOTS = availableParallelism() + 1;
const LOOK_AGAIN_MS = 500;
/** What flock exits with where somebody else has the lock. */
const TAKEN = 119;
const HELD = "held";

/**
 * Waits for a slot, and holds it until it is disposed of, or this process ends.
 *
 * @param folder - Of the locks, seen by all runs of one user.
 */
export async function takeLabSlot(folder = join(homedir(), ".cache/hairpin-probe/lab-slots")): Promise<Disposable> {
  mkdirSync(folder, { recursive: true });
  for (;;) {
    for (let slot = 0; slot < SLOTS; slot++) {
      const holder = await hold(join(folder, String(slot)));
      if (holder !== undefined) return { [Symbol.dispose]: () => void holder.stdin.end() };
    }
    await sleep(LOOK_AGAIN_MS);
  }
}

/** `inOwnSandbox` of a file that starts labs. */
export const inLabSandbox = (file: string, body: () => void | Promise<void>): Promise<void> =>
  inOwnSandbox(file, body, takeLabSlot);

/** Locks a file for as long as this process has not closed the holder's input. */
async function hold(file: string): Promise<ChildProcessByStdio<Writable, Readable, null> | undefined> {
  const flock = spawn(
    "flock",
    ["--nonblock", "--conflict-exit-code", String(TAKEN), file, "sh", "-c", `echo ${HELD}; exec cat`],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const exited = once(flock, "exit") as Promise<[number | null]>;
  const isHeld = await Promise.race([once(flock.stdout, "data").then(() => true), exited.then(() => false)]);
  if (isHeld) return flock;
  const [code] = await exited;
  if (code !== TAKEN) throw new Error(`flock ${file} exited with ${code}, expected 0 or ${TAKEN}`);
  return undefined;
}
