import { readFileSync } from "node:fs";
import type { Clock } from "../domain/clock.ts";
import type { ConnectWatcher, EvidenceLevel } from "../domain/evidence.ts";
import { isOtherUnderWay } from "./announcement.ts";
import { type Capture, type SpawnProgram, startCapture } from "./capture.ts";
import { openCounters } from "./counters.ts";
import { LINEAR_TIMEOUTS_PATH, linearTimeoutsOf } from "./syn-schedule.ts";
import { EvidenceTracker } from "./tracker.ts";

/** The part of the agent that tells why connects time out. */
export interface EvidenceSource {
  /** What it can do at present: what was asked for, or less. */
  readonly level: () => EvidenceLevel;
  /** Whether the kernel's counters are this program's alone at present, so that they tell; `undefined`: they are not looked at. */
  readonly isQuiet: () => boolean | undefined;
  readonly watcher: ConnectWatcher | undefined;
  /** To be called while attempts are in flight; returns after how many milliseconds again at the latest. */
  readonly beat: () => number | undefined;
  readonly close: () => void;
}

export interface EvidenceOptions {
  readonly level: EvidenceLevel;
  readonly clock: Clock;
  /** Milliseconds after which an attempt has timed out. */
  readonly timeoutMs: number;
  /** Name of this node. */
  readonly node: string | undefined;
  /** Starts tcpdump, at level `capture`. */
  readonly spawn: SpawnProgram;
  readonly isRoot: boolean;
  /** Of this process. */
  readonly pid: number;
  /** An agent that makes attempts of its own in this network namespace does not make it unquiet. */
  readonly isBesideAgent?: boolean;
  /** What keeps it from the level that was asked for, in one sentence; at most once for each reason. */
  readonly onLess: (problem: string) => void;
  /** The counters are no longer this program's alone, or are so again; told with the next verdicts. */
  readonly onQuiet?: (isQuiet: boolean) => void;
}

/** Starts to gather evidence at the level asked for, or at the best there is. */
export function startEvidence(options: EvidenceOptions): EvidenceSource {
  const { level, clock, timeoutMs, onLess } = options;
  const none: EvidenceSource = {
    level: () => "off",
    isQuiet: () => undefined,
    watcher: undefined,
    beat: () => undefined,
    close: () => {},
  };
  if (level === "off") return none;
  let counters: ReturnType<typeof openCounters>;
  try {
    counters = openCounters(clock.nowMs);
  } catch (error) {
    onLess(`evidence is off: ${error instanceof Error ? error.message : String(error)}`);
    return none;
  }
  const tracker: EvidenceTracker = new EvidenceTracker({
    counters,
    clock,
    linearTimeouts: linearTimeoutsOf(linearTimeouts()),
    timeoutMs,
    isCaptureLive: () => capture?.isLive() === true,
    isDisturbed: () => isOtherUnderWay("check", options.pid),
    ...(options.isBesideAgent === true ? { tolerated: Number.POSITIVE_INFINITY } : {}),
    onQuiet: options.onQuiet ?? (() => {}),
    node: options.node,
  });
  let hasEnded = false;
  const capture: Capture | undefined =
    level === "capture"
      ? startCapture({
          spawn: options.spawn,
          isRoot: options.isRoot,
          onSynAck: (synAck) => tracker.synAck(synAck),
          onEnd: (problem) => {
            hasEnded = true;
            onLess(`evidence comes from the kernel's counters only: ${problem}`);
          },
        })
      : undefined;
  return {
    level: () => (capture === undefined || hasEnded ? "counters" : "capture"),
    isQuiet: () => tracker.isQuiet(),
    watcher: tracker,
    beat: () => tracker.beat(),
    close: () => {
      capture?.close();
      tracker.close();
      counters.close();
    },
  };
}

function linearTimeouts(): string | undefined {
  try {
    return readFileSync(LINEAR_TIMEOUTS_PATH, "latin1");
  } catch (error) {
    // A kernel before 6.5 does not have it.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
