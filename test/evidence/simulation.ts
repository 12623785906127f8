/** A tracker on a kernel that is told, with its timer wheel, among hairpins, silent drops and healthy frontends. */
import { seeded } from "../../bench/seeded.ts";
import { EvidenceTracker } from "../../src/evidence/tracker.ts";
import { ManualClock } from "../support/manual-clock.ts";

const TIMEOUT_MS = 3_000;
/** A kernel with 250 ticks a second. */
const PERIOD_MS = 32;
const PHASE_MS = 5.3;
const ANSWER_MS = 0.25;
const LEARNING_MS = 20_000;
const SLOWEST_BEAT_MS = 250;

type Kind = "hairpin" | "drop" | "healthy";
type Counts = Record<Exclude<Kind, "healthy">, Record<string, number>>;

/** When a timer of a second fires that is set at some time. */
const fireMs = (setMs: number): number => PHASE_MS + (Math.floor((setMs + 1_000 - PHASE_MS) / PERIOD_MS) + 1) * PERIOD_MS;

export interface Simulated {
  /** Connects a second. */
  readonly rate: number;
  /** So many at each instant. */
  readonly together: number;
  readonly seconds: number;
  /** From a SYN to its answer, in milliseconds, uniformly between two bounds. */
  readonly answerMs?: readonly [number, number];
  /** Stray answers take so much longer than others. */
  readonly strayMs?: number;
  /** Each frontend answers some, as where several nodes are targets; otherwise who hairpins and who drops never does. */
  readonly isShared?: boolean;
  /** Share of SYNs that get lost. */
  readonly loss?: number;
  /** What is no hairpin is a drop, or healthy. */
  readonly hairpins?: number;
  readonly drops?: number;
  /** Resets a second that somebody else causes, from some second on. */
  readonly strangers?: { readonly rate: number; readonly fromSeconds: number };
  readonly seed?: number;
}

/** What was said of connects at random instants, of those that began after it had learnt, and the readings a second. */
export async function simulate(options: Simulated) {
  const { answerMs: [quickMs, slowMs] = [ANSWER_MS, ANSWER_MS], isShared = false, loss = 0, strayMs = 0 } = options;
  const { hairpins = 0.3, drops = 0.1, strangers, seed = 11 } = options;
  const random = seeded(seed);
  const answer = () => quickMs + (slowMs === quickMs ? 0 : random() * (slowMs - quickMs));
  const isLost = () => loss > 0 && random() < loss;
  const clock = new ManualClock();
  const counted = { resets: 0, retransmissions: 0 };
  const verdicts: Counts = { hairpin: {}, drop: {} };
  let reads = 0;
  const tracker = new EvidenceTracker({
    counters: {
      read: () => {
        if (clock.nowMs() > LEARNING_MS) reads++;
        return { atMs: clock.nowMs(), ...counted };
      },
      close: () => {},
    },
    clock,
    linearTimeouts: 4,
    timeoutMs: TIMEOUT_MS,
  });
  const connect = async (kind: Kind) => {
    const address = isShared ? "10.0.32.5" : `10.0.32.${["hairpin", "drop", "healthy"].indexOf(kind)}`;
    const watch = (await tracker.turn())({ address, port: 80, localPort: () => undefined });
    const sentMs = clock.nowMs();
    let isOver = false;
    let hasAnswered = false;
    const send = (afterMs: number) => {
      if (kind === "drop" || isLost()) return;
      hasAnswered = true;
      clock.after(afterMs + answer() + (kind === "hairpin" ? strayMs : 0), () => {
        if (kind === "hairpin" || isOver) counted.resets++;
        else {
          isOver = true;
          watch.answered();
        }
      });
    };
    send(0);
    if (kind === "healthy" && hasAnswered) return;
    for (let atMs = fireMs(sentMs); atMs < sentMs + TIMEOUT_MS; atMs = fireMs(atMs)) {
      // Some processors see to their timers a tick later.
      const afterMs = atMs + (random() < 0.2 ? 4 : 0.2) - sentMs;
      clock.after(afterMs, () => {
        if (!isOver) counted.retransmissions++;
      });
      send(afterMs);
      if (kind === "healthy" && hasAnswered) return;
    }
    clock.after(TIMEOUT_MS, async () => {
      isOver = true;
      const { kind: said } = await watch.timedOut();
      // A hairpin of which no SYN came through is none.
      const truth = kind === "hairpin" && hasAnswered ? "hairpin" : "drop";
      if (sentMs > LEARNING_MS) verdicts[truth][said] = (verdicts[truth][said] ?? 0) + 1;
    });
  };
  const start = () => {
    for (let i = 0; i < options.together; i++) {
      const draw = random();
      void connect(draw < hairpins ? "hairpin" : draw < hairpins + drops ? "drop" : "healthy");
    }
    clock.after((-Math.log(1 - random()) * 1_000 * options.together) / options.rate, start);
  };
  const beat = () => {
    clock.after(Math.max(1, Math.floor(Math.min(tracker.beat() ?? SLOWEST_BEAT_MS, SLOWEST_BEAT_MS))), beat);
  };
  const stray = (rate: number) => {
    counted.resets++;
    clock.after((-Math.log(1 - random()) * 1_000) / rate, () => stray(rate));
  };
  if (strangers !== undefined) clock.after(strangers.fromSeconds * 1_000, () => stray(strangers.rate));
  start();
  beat();
  while (clock.nowMs() < LEARNING_MS + options.seconds * 1_000) {
    clock.advance(clock.nextMs ?? 0);
    // Whose turn it is goes on in a microtask or two.
    await new Promise(setImmediate);
  }
  const { hairpin, drop } = verdicts;
  const share = (said: number | undefined, of: Record<string, number>) =>
    (said ?? 0) / Object.values(of).reduce((sum, n) => sum + n, 0);
  return {
    hairpin,
    drop,
    recall: share(hairpin.reset, hairpin),
    cleared: share(drop.silent, drop),
    reads: reads / options.seconds,
    isQuiet: tracker.isQuiet(),
  };
}
