import { runBurst, type Subject, settledTrials, type Trial } from "./check/burst.ts";
import type { CheckedControl, CheckedFrontend } from "./check/report.ts";
import { sequentialVerdict, testFor } from "./check/sequential-test.ts";
import { diagnose } from "./diagnosis/explain.ts";
import { configurationOf } from "./diagnosis/input.ts";
import { isAnswered, type Observation, seenOf } from "./diagnosis/observation.ts";
import { summarize } from "./diagnosis/summarize.ts";
import type { Clock } from "./domain/clock.ts";
import type { Control } from "./domain/control.ts";
import type { Diagnosis } from "./domain/diagnosis.ts";
import type { EvidenceLevel } from "./domain/evidence.ts";
import type { Exposure } from "./domain/exposure.ts";
import type { Frontend } from "./domain/frontend.ts";
import type { Outcome } from "./domain/outcome.ts";
import type { Window } from "./domain/window.ts";
import type { Prober } from "./prober.ts";

export interface CheckRunOptions {
  readonly frontends: readonly Frontend[];
  readonly controls: readonly Control[];
  readonly prober: Pick<Prober, "frontend" | "control">;
  /** The level of evidence in use, which may come down. */
  readonly evidence: () => EvidenceLevel;
  /** At each address, at most. */
  readonly attempts: number;
  /** Attempts that begin in a second. */
  readonly rate: number;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CheckProgress) => void;
}

export interface CheckProgress {
  readonly begun: number;
  readonly failed: number;
  readonly decided: number;
  readonly addresses: number;
}

/** A share that is told with fewer attempts would say little. */
const MIN_TRIALS = 20;
/** Past the NLB. */
const MIN_CONTROL_TRIALS = 3;
const CONTROL_EVERY = 5;

interface CheckSubject extends Subject {
  readonly trials: Trial[];
}

/** Attempts at every frontend until it is clear what is wrong with it, or that nothing is. */
export async function runCheck(options: CheckRunOptions): Promise<{
  readonly frontends: readonly CheckedFrontend[];
  readonly controls: readonly CheckedControl[];
}> {
  const { prober, attempts, clock, random, rate, signal, onProgress } = options;
  let answeredMs: number | undefined;
  /** An attempt, of which it is kept when the last one began that anybody answered. */
  const noted = async (attempted: Promise<Outcome>): Promise<Outcome> => {
    const startedMs = clock.nowMs();
    const outcome = await attempted;
    if (isAnswered(outcome)) answeredMs = Math.max(startedMs, answeredMs ?? startedMs);
    return outcome;
  };
  const controls = options.controls.map((control) => {
    const trials: Trial[] = [];
    const isDone = (): boolean => trials.length >= MIN_CONTROL_TRIALS && frontends.every(({ subject }) => subject.isDone());
    const attempt = () => noted(prober.control(control));
    return { control, subject: { trials, everyNth: CONTROL_EVERY, attempt, isDone } satisfies CheckSubject };
  });
  const frontends = options.frontends.map((frontend) => {
    const trials: Trial[] = [];
    const isDone = remembered(trials, () => trials.length >= attempts || isClear(frontend, trials));
    const attempt = () => noted(prober.frontend(frontend));
    return { frontend, subject: { trials, everyNth: 1, attempt, isDone } satisfies CheckSubject };
  });
  const windowOf = (trials: readonly Trial[], exposure: Exposure, tlsTerminated: boolean): Window =>
    summarize(observationsOf(trials, exposure, tlsTerminated));
  const diagnosisOf = (frontend: Frontend, trials: readonly Trial[]): Diagnosis => {
    const { listener, exposure, service, zone } = frontend;
    const { tlsTerminated } = listener;
    const isSamePort = (other: Frontend | Control): boolean => other.service === service && other.listener === listener;
    const control = controls.find((candidate) => isSamePort(candidate.control));
    return diagnose({
      ...configurationOf(frontend),
      window: windowOf(trials, exposure, tlsTerminated),
      control: control && windowOf(settledTrials(control.subject.trials), 0, false),
      others: frontends
        .filter((other) => isSamePort(other.frontend) && other.frontend.zone !== zone)
        .map((other) => windowOf(settledTrials(other.subject.trials), other.frontend.exposure, tlsTerminated)),
      answeredMs,
      evidence: options.evidence(),
    });
  };
  /** Whether more attempts would not change what is said: the sequential test has ended, and the cause goes with it. */
  const isClear = (frontend: Frontend, trials: readonly Trial[]): boolean => {
    const settled = settledTrials(trials);
    if (settled.length < MIN_TRIALS) return false;
    const told = settled.flatMap(({ outcome }) => (outcome === undefined || outcome.kind === "discarded" ? [] : [outcome]));
    const verdict = sequentialVerdict(
      told.map(({ kind }) => kind === "failure"),
      testFor(frontend.exposure),
    );
    if (verdict === "open") return false;
    const { cause, confidence } = diagnosisOf(frontend, settled);
    // What cannot fail stays unmeasured, however often it succeeds.
    if (verdict === "fine") return cause === "healthy" || cause === "unmeasured";
    return confidence === "high" && cause !== "healthy" && cause !== "unmeasured";
  };

  const subjects: readonly CheckSubject[] = [...frontends, ...controls].map(({ subject }) => subject);
  await runBurst({
    subjects,
    rate,
    clock,
    random,
    signal,
    onProgress: () =>
      onProgress({
        begun: subjects.reduce((sum, { trials }) => sum + trials.length, 0),
        failed: subjects.flatMap(({ trials }) => trials).filter(({ outcome }) => outcome?.kind === "failure").length,
        decided: frontends.filter(({ subject }) => subject.isDone()).length,
        addresses: frontends.length,
      }),
  });
  return {
    frontends: frontends.map(({ frontend, subject }) => {
      const trials = settledTrials(subject.trials);
      return {
        frontend,
        outcomes: trials.flatMap(({ outcome }) => (outcome === undefined ? [] : [outcome])),
        window: windowOf(trials, frontend.exposure, frontend.listener.tlsTerminated),
        diagnosis: diagnosisOf(frontend, trials),
      };
    }),
    controls: controls.map(({ control: { address, port }, subject: { trials } }) => ({
      address,
      port,
      window: windowOf(settledTrials(trials), 0, false),
    })),
  };
}

function observationsOf(trials: readonly Trial[], exposure: Exposure, tlsTerminated: boolean): readonly Observation[] {
  return trials.flatMap(({ startedMs, outcome }) => {
    const seen = outcome && seenOf(outcome, tlsTerminated);
    return seen === undefined ? [] : [{ startedMs, exposure, seen }];
  });
}

/** Asked after every attempt of every address; the answer changes only when one of its own ends, and once it is yes it stays. */
function remembered(trials: readonly Trial[], isDone: () => boolean): () => boolean {
  let asked = -1;
  let answer = false;
  return () => {
    const now = settledTrials(trials).length + trials.length;
    if (!answer && now !== asked) {
      asked = now;
      answer = isDone();
    }
    return answer;
  };
}
