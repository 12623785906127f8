import type { Sample } from "../../domain/exposition.ts";

/** What one agent exported at one moment, as far as it is of use. */
export interface AgentPage {
  readonly samples: readonly Sample[];
}

/** What all agents that answered exported. An agent is named by its address or, where it is a pod, by its node: pods are replaced. */
export interface Reading {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly pages: ReadonlyMap<string, AgentPage>;
  /** Why the others did not answer. */
  readonly problems: readonly string[];
}

/** An instant between two readings, or at one of them: what was counted by then is taken to have grown evenly. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly earlier: Reading;
  readonly later: Reading;
}

/** The agents' own counters, whichever way they are reached. */
export interface AgentSource {
  /**
   * Reads the metrics of every agent. One that does not answer is a gap in the data, not an error.
   *
   * @throws UnreadableError when it cannot even be told which agents there are, or none may be read.
   */
  read(): Promise<Reading>;
  /** Milliseconds to leave between the last reading and the next. */
  readEveryMs(): number;
  close(): Promise<void>;
}

/** Nothing can be read, whichever agent is asked. */
export class UnreadableError extends Error {
  override readonly name: string = "UnreadableError";
}

/** There is nobody to ask. */
export class NoAgentsError extends UnreadableError {
  override readonly name = "NoAgentsError";
}

/** How often agents are asked, where it costs nobody else anything. */
export const READ_EVERY_MS = 2_000;
