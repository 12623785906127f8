import { firstIndex } from "../domain/bisect.ts";
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
}

/** Attempts that start together, about: each of them then costs half of what one does for which the process has to wake up. */
const TOGETHER = 8;
/** No attempt starts earlier than by such a share of the interval, so that one instant of its slot stays as likely as any other. */
const EARLY_SHARE = 1 / 10;
/** Milliseconds: as far apart are the wake-ups of a process that waits for many answers. */
const MOMENT_MS = 8;

/**
 * One attempt per item and slot, at a uniformly random instant of its slot, so that nothing periodic elsewhere biases it; or a little
 * earlier, along with another, so that the process is woken up less often.
 *
 * An item's slots follow each other from the moment it was planned. Attempts never wait for each other. Slots that pass while
 * the process is held up are lost and counted, not made up for: a burst of late attempts would be a load of our own making.
 */
export class Scheduler<T extends Scheduled> {
  readonly #options: SchedulerOptions<T>;
  readonly #entries = new Map<string, Entry<T>>();
  /** The same, by when they are due. */
  #queue: Entry<T>[] = [];
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined;
  readonly #running = new Set<Promise<void>>();
  #earlyMs = 0;

  constructor(options: SchedulerOptions<T>) {
    this.#options = options;
  }

  /** Replaces what is scheduled. An item with a known id keeps its slots, and its next attempt uses the new item. */
  set(items: readonly T[]): void {
    const { clock, intervalMs } = this.#options;
    const wanted = new Map(items.map((item) => [item.id, item]));
    for (const [id, entry] of this.#entries) {
      const item = wanted.get(id);
      if (item === undefined) this.#entries.delete(id);
      else entry.item = item;
    }
    for (const [id, item] of wanted) {
      if (this.#entries.has(id)) continue;
      const entry: Entry<T> = { item, slotStartMs: clock.nowMs(), slotMs: this.#slotMs(item), dueMs: 0 };
      this.#entries.set(id, entry);
      this.#draw(entry);
    }
    this.#queue = [...this.#entries.values()].sort((a, b) => a.dueMs - b.dueMs);
    const perMs = items.reduce((sum, item) => sum + 1 / this.#slotMs(item), 0);
    this.#earlyMs = Math.min(EARLY_SHARE * intervalMs, TOGETHER / perMs);
    this.#arm();
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

  /**
   * To be called by whoever has been woken up for something else: what is due first, if in a moment, needs no wake-up of its own then.
   */
  awake(): void {
    const dueMs = this.#queue[0]?.dueMs ?? Number.POSITIVE_INFINITY;
    if (dueMs - this.#options.clock.nowMs() <= Math.min(MOMENT_MS, this.#earlyMs)) this.#fire();
  }

  #slotMs({ everyNth = 1 }: T): number {
    return this.#options.intervalMs * everyNth;
  }

  #draw(entry: Entry<T>): void {
    entry.dueMs = entry.slotStartMs + this.#options.random() * entry.slotMs;
  }

  /** Sets the timer to the first that is due. */
  #arm(): void {
    const { clock } = this.#options;
    const atMs = this.#queue[0]?.dueMs;
    if (atMs === this.#timer?.atMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (atMs === undefined) return;
    const cancel = clock.after(Math.max(0, atMs - clock.nowMs()), () => {
      this.#timer = undefined;
      this.#fire();
    });
    this.#timer = { atMs, cancel };
  }

  /** Starts the first one, whenever it is due, and those that are due soon. */
  #fire(): void {
    const nowMs = this.#options.clock.nowMs();
    const soon = this.#queue.splice(0, Math.max(1, this.#indexAfter(nowMs + this.#earlyMs)));
    // Drawn anew only when all are known: none is to start twice.
    for (const entry of soon) {
      // What is due in a slot that has not begun waits for it: in each slot there is one attempt.
      if (entry.dueMs <= nowMs || entry.slotStartMs <= nowMs) this.#fireOne(entry, nowMs);
      this.#queue.splice(this.#indexAfter(entry.dueMs), 0, entry);
    }
    this.#arm();
  }

  /** Of the first in the queue that is due later. */
  #indexAfter(atMs: number): number {
    return firstIndex(this.#queue, ({ dueMs }) => dueMs > atMs);
  }

  #fireOne(entry: Entry<T>, nowMs: number): void {
    const { onDiscard } = this.#options;
    const latenessMs = nowMs - entry.dueMs;
    if (latenessMs < entry.slotMs) this.#start(entry.item, latenessMs);
    else onDiscard("late", 1, entry.item);
    const nextMs = entry.slotStartMs + entry.slotMs;
    entry.slotMs = this.#slotMs(entry.item);
    // The slots after it that have ended as well went by unseen.
    const missed = Math.max(0, Math.floor((nowMs - nextMs) / entry.slotMs));
    if (missed > 0) onDiscard("late", missed, entry.item);
    entry.slotStartMs = nextMs + missed * entry.slotMs;
    this.#draw(entry);
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
