import type { Control } from "../domain/control.ts";
import { JUDGED_WITHIN_MS } from "../domain/evidence.ts";
import { exposedLabel } from "../domain/exposure.ts";
import type { Frontend } from "../domain/frontend.ts";
import type { DiscardCause, Outcome } from "../domain/outcome.ts";
import type { Window } from "../domain/window.ts";
import { isAnswered, type Observation, seenOf } from "./observation.ts";
import { Ring } from "./ring.ts";
import { ofOnePiece, summarize } from "./summarize.ts";

/** A window reaches back this far at most. */
export const WINDOW_MS = 15 * 60_000;
/** And holds so many attempts at most. */
export const MAX_OBSERVATIONS = 200;

interface Entry {
  /** As it was last planned; that of a control is none. */
  readonly frontend: Frontend | undefined;
  /** What the configuration said when the window began. */
  readonly configuration: string;
  readonly ring: Ring;
}

/** The last attempts at each frontend and past each NLB. A change of configuration begins a new window. */
export class History {
  readonly #capacity: number;
  #frontends = new Map<string, Entry>();
  #controls = new Map<string, Entry>();

  readonly #settledMs: number;
  #answeredMs: number | undefined;

  /**
   * @param intervalMs - Between two attempts at one frontend: no more are kept than the window can hold, and those after it.
   * @param timeoutMs - After which an attempt has failed. A window ends that much before now: until then it would have the
   *   successes of its last attempts, and not their timeouts.
   */
  constructor({ intervalMs, timeoutMs }: { readonly intervalMs: number; readonly timeoutMs: number }) {
    this.#settledMs = timeoutMs + JUDGED_WITHIN_MS;
    const inWindow = Math.min(MAX_OBSERVATIONS, Math.ceil(WINDOW_MS / intervalMs));
    this.#capacity = inWindow + Math.ceil(this.#settledMs / intervalMs);
  }

  /** Replaces what is probed: what is gone is forgotten. */
  plan(frontends: readonly Frontend[], controls: readonly Control[]): void {
    this.#frontends = this.#renewed(
      this.#frontends,
      frontends.map((frontend) => [frontend.id, configurationOf(frontend), frontend]),
    );
    this.#controls = this.#renewed(
      this.#controls,
      controls.map(({ id, address }) => [id, address, undefined]),
    );
  }

  #renewed(
    old: ReadonlyMap<string, Entry>,
    wanted: readonly (readonly [id: string, configuration: string, frontend: Frontend | undefined])[],
  ): Map<string, Entry> {
    return new Map(
      wanted.map(([id, configuration, frontend]) => {
        const known = old.get(id);
        const ring = known?.configuration === configuration ? known.ring : new Ring(this.#capacity);
        return [id, { configuration, frontend, ring }] as const;
      }),
    );
  }

  /** An attempt at a frontend has ended. One that began under another configuration says nothing about this one. */
  note(frontend: Frontend, outcome: Outcome, startedMs: number): void {
    this.#noteAnswer(outcome, startedMs);
    const entry = this.#frontends.get(frontend.id);
    const seen = seenOf(outcome, frontend.listener.tlsTerminated);
    if (seen === undefined || entry === undefined) return;
    // Most are the very object that was planned last: its configuration need not be put together again.
    if (entry.frontend === frontend || entry.configuration === configurationOf(frontend))
      entry.ring.add(startedMs, frontend.exposure, seen);
  }

  /** So many attempts did not take place, until now. */
  missed(frontend: Frontend, why: DiscardCause, count: number, nowMs: number): void {
    for (let i = 0; i < Math.min(count, this.#capacity); i++) this.note(frontend, { kind: "discarded", why }, nowMs);
  }

  /** An attempt past the NLB has ended. */
  noteControl(control: Control, outcome: Outcome, startedMs: number): void {
    this.#noteAnswer(outcome, startedMs);
    const seen = seenOf(outcome, false);
    if (seen !== undefined) this.#controls.get(control.id)?.ring.add(startedMs, 0, seen);
  }

  /** When the last attempt of all began that anybody answered, whatever it was aimed at. */
  get answeredMs(): number | undefined {
    return this.#answeredMs;
  }

  #noteAnswer(outcome: Outcome, startedMs: number): void {
    if (isAnswered(outcome)) this.#answeredMs = Math.max(startedMs, this.#answeredMs ?? startedMs);
  }

  /** What the last attempts at a frontend showed. */
  window(frontendId: string, nowMs: number): Window {
    return summarize(ofOnePiece(this.#settled(this.#frontends.get(frontendId), nowMs - WINDOW_MS, nowMs)));
  }

  /**
   * What the last attempts past an NLB showed.
   *
   * @param sinceMs - Only those that began then or later: what happened before a fault says nothing about it.
   */
  controlWindow(controlId: string, sinceMs: number, nowMs: number): Window {
    return summarize(this.#settled(this.#controls.get(controlId), sinceMs, nowMs));
  }

  /** The last that have ended whatever became of them: all that began in a while, and not its successes alone. */
  #settled(entry: Entry | undefined, sinceMs: number, nowMs: number): readonly Observation[] {
    return entry?.ring.between(sinceMs, nowMs - this.#settledMs).slice(-MAX_OBSERVATIONS) ?? [];
  }
}

/** What a window is true of. A share that only grows or shrinks with the number of nodes is no change of configuration. */
function configurationOf({ service, listener, exposure, withdrawn }: Frontend): string {
  const { targetType, preserveClientIp, crossZone, externalTrafficPolicy, ipFamily } = listener.targetGroup;
  const group = [targetType, preserveClientIp.enabled, crossZone.enabled, externalTrafficPolicy, ipFamily];
  return [...group, listener.protocol, listener.tlsTerminated, service.hostname, exposedLabel(exposure), withdrawn].join(" ");
}
