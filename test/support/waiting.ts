import { setTimeout as sleep } from "node:timers/promises";

/**
 * How long a test waits for what must come, in milliseconds. It bounds what hangs and asserts nothing: on a machine with much else to do,
 * what takes a second may take half a minute.
 */
export const PATIENCE_MS = 300_000;
const LOOK_EVERY_MS = 50;
const POLL_EVERY_MS = 2;

/**
 * Repeats a check on the real world until it passes.
 *
 * @throws What the check threw last, when it has not passed in time.
 */
export async function eventually(check: () => void | Promise<void>): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/** Polls until something holds. @throws Error with what it waited for, when that does not come. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`waited ${PATIENCE_MS / 1000} s in vain until ${what}`);
    await sleep(POLL_EVERY_MS);
  }
}
