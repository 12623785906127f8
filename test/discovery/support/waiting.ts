import { setTimeout as delay } from "node:timers/promises";

/** Polls until something holds; a test that waits on the real world fails here, with what it waited for, and does not hang. */
export async function until(what: string, holds: () => boolean, deadlineMs = 3_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms in vain until ${what}`);
    await delay(2);
  }
}
