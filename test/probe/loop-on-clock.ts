import { type LoopTimes, LoopWatch } from "../../src/probe/loop-watch.ts";
import { ManualClock } from "../support/manual-clock.ts";

/** What lies between the timers of one turn of the event loop and those of the next. */
export const poll = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A loop that has nothing to do, on a clock that the test moves; `heldBackMs` is what the kernel tells. */
export const onClock = (heldBackMs?: () => number) => {
  const clock = new ManualClock();
  const beatsMs: number[] = [];
  const delaysMs: number[] = [];
  const nowMs = () => clock.nowMs() + skewMs;
  let skewMs = 0;
  const after: LoopTimes["after"] = (ms, run) => {
    delaysMs.push(ms);
    return clock.after(ms, run);
  };
  const watch = new LoopWatch({ nowMs, idleMs: nowMs, heldBackMs, after }, () => {
    beatsMs.push(nowMs());
    return undefined;
  });
  return {
    watch,
    clock,
    /** When the beats were. */
    beatsMs,
    /** What timers were set to. */
    delaysMs,
    /** Time passes, and the loop turns each millisecond. */
    pass: async (ms: number) => {
      for (let i = 0; i < ms; i++) {
        clock.advance(1);
        await poll();
      }
    },
    /** Time passes in which no timer runs. */
    stop: (ms: number) => {
      skewMs += ms;
    },
  };
};
