/**
 * The processes that a lab has started and must end.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

/** Between the polite signal and the other one. */
const GRACE_MS = 2_000;

export class Children {
  readonly #running = new Set<ChildProcess>();

  /** Those that have not ended. */
  get running(): ReadonlySet<ChildProcess> {
    return this.#running;
  }

  /** A child without a pid was never started; its `error` event is for whoever asked for it. */
  add(child: ChildProcess): void {
    if (child.pid === undefined) return;
    this.#running.add(child);
    child.once("exit", () => this.#running.delete(child));
  }

  /**
   * Ends all of them: SIGTERM, and SIGKILL for those that are still there after the grace period. Resolves when all have ended.
   *
   * @param graceMs - Milliseconds between the two.
   */
  async stop(graceMs = GRACE_MS): Promise<void> {
    const children = [...this.#running];
    if (children.length === 0) return;
    const ended = Promise.all(children.map((child) => once(child, "exit")));
    for (const child of children) child.kill("SIGTERM");

    const cancel = new AbortController();
    const grace = delay(graceMs, "late" as const, { signal: cancel.signal }).catch(() => "cancelled" as const);
    if ((await Promise.race([ended, grace])) === "late") for (const child of this.#running) child.kill("SIGKILL");
    await ended;
    cancel.abort();
  }
}
