import type { Clock } from "../domain/clock.ts";

/** Anything that is attempted again and again; `id` says whether it is still the same one. */
export interface Scheduled {
  readonly id: string;
  /** It is attempted once in so many intervals, 1 or more; absent: in each. A change of it holds from its next slot on. */
  readonly everyNth?: number;
}

export interface SchedulerOptions<T extends Scheduled> {
  readonly intervalMs: number;
  /** Attempts in flight at most. */
  readonly maxInFlight: number;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Starts one attempt; the promise ends with it, and never rejects. */
  readonly attempt: (item: T) => Promise<void>;
  /** How late an attempt started, in seconds, as it starts. */
  readonly onStart: (latenessSeconds: number) => void;
  /** So many attempts did not take place: a whole interval had passed unseen, or too many were in flight. */
  readonly onDiscard: (why: "late" | "over_budget", count: number, item: T) => void;
}

interface Entry<T> {
  item: T;
  slotStartMs: number;
  slotMs: number;
  dueMs: number;
  cancel: () => void;
}

/**
 * One attempt per item and slot, at a uniformly random instant of its slot, so that nothing periodic elsewhere biases it.
 *
 * An item's slots follow each other from the moment it was planned. Attempts never wait for each other. Slots that pass while
 * the process is held up are lost and counted, not made up for: a burst of late attempts would be a load of our own making.
 */
export class Scheduler<T extends Scheduled> {
  readonly #options: SchedulerOptions<T>;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #running = new Set<Promise<void>>();

  constructor(options: SchedulerOptions<T>) {
    this.#options = options;
  }

  /** Replaces what is scheduled. An item with a known id keeps its slots, and its next attempt uses the new item. */
  set(items: readonly T[]): void {
    const wanted = new Map(items.map((item) => [item.id, item]));
    for (const [id, entry] of this.#entries) {
      const item = wanted.get(id);
      if (item === undefined) {
        entry.cancel();
        this.#entries.delete(id);
      } else {
        entry.item = item;
        wanted.delete(id);
      }
    }
    for (const [id, item] of wanted) {
      const slotMs = this.#slotMs(item);
      const entry: Entry<T> = { item, slotStartMs: this.#options.clock.nowMs(), slotMs, dueMs: 0, cancel: () => {} };
      this.#entries.set(id, entry);
      this.#arm(entry);
    }
  }

  /** Attempts in flight. */
  get inFlight(): number {
    return this.#running.size;
  }

  /** Starts nothing more. @returns when what was in flight has ended. */
  async stop(): Promise<void> {
    this.set([]);
    await Promise.all(this.#running);
  }

  #slotMs({ everyNth = 1 }: T): number {
    return this.#options.intervalMs * everyNth;
  }

  #arm(entry: Entry<T>): void {
    const { clock, random } = this.#options;
    entry.dueMs = entry.slotStartMs + random() * entry.slotMs;
    entry.cancel = clock.after(Math.max(0, entry.dueMs - clock.nowMs()), () => this.#fire(entry));
  }

  #fire(entry: Entry<T>): void {
    const { clock, onDiscard } = this.#options;
    const nowMs = clock.nowMs();
    const latenessMs = nowMs - entry.dueMs;
    if (latenessMs < entry.slotMs) this.#start(entry.item, latenessMs);
    else onDiscard("late", 1, entry.item);
    const nextMs = entry.slotStartMs + entry.slotMs;
    entry.slotMs = this.#slotMs(entry.item);
    // The slots after it that have ended as well went by unseen.
    const missed = Math.max(0, Math.floor((nowMs - nextMs) / entry.slotMs));
    if (missed > 0) onDiscard("late", missed, entry.item);
    entry.slotStartMs = nextMs + missed * entry.slotMs;
    this.#arm(entry);
  }

  #start(item: T, latenessMs: number): void {
    const { attempt, maxInFlight, onDiscard, onStart } = this.#options;
    if (this.#running.size >= maxInFlight) {
      onDiscard("over_budget", 1, item);
      return;
    }
    onStart(Math.max(0, latenessMs) / 1000);
    const running = attempt(item).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}
