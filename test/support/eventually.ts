import { setTimeout as sleep } from "node:timers/promises";

/**
 * Repeats a check on the real world until it passes.
 *
 * @throws What the check threw last, when it has not passed in time.
 */
export async function eventually(check: () => void | Promise<void>, withinMs = 15_000): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
    }
    await sleep(50);
  }
}
