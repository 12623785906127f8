import type { Sample } from "../../domain/exposition.ts";
import type { AgentPage, Moment, Reading } from "./reading.ts";

/** How much agents' counters rose, also where no reading is just at a bound. */
export class CounterReader {
  readonly #first: Reading;
  readonly #isOurs: (sample: Sample) => boolean;

  /** @param first - Where the span begins: an agent that did not answer there has no increase, as all that it ever counted would be one. */
  constructor(first: Reading, isOurs: (sample: Sample) => boolean) {
    this.#first = first;
    this.#isOurs = isOurs;
  }

  /** By agent and labels. What stands between two readings is a fraction. */
  increases(metric: string, from: Reading | Moment, until: Reading | Moment): readonly Sample[] {
    const agents = new Set([...momentOf(until).earlier.pages.keys(), ...momentOf(until).later.pages.keys()]);
    return [...agents].flatMap((agent) => {
      const ends = this.#at(metric, agent, until);
      const begins = this.#at(metric, agent, from) ?? this.#samplesOf(metric, this.#first.pages.get(agent));
      if (begins === undefined || ends === undefined) return [];
      return [...ends].map(([key, sample]) => {
        const before = begins.get(key)?.value ?? 0;
        // A counter that is smaller has begun anew.
        return { ...sample, value: sample.value < before ? sample.value : sample.value - before };
      });
    });
  }

  /** @returns `undefined` where the agent answered neither before nor after. */
  #at(metric: string, agent: string, instant: Reading | Moment): ReadonlyMap<string, Sample> | undefined {
    const { atMs, earlier, later } = momentOf(instant);
    const before = this.#samplesOf(metric, earlier.pages.get(agent));
    if (earlier === later) return before;
    const after = this.#samplesOf(metric, later.pages.get(agent));
    if (before === undefined || after === undefined) return before ?? after;
    const share = (atMs - earlier.atMs) / (later.atMs - earlier.atMs);
    const between = [...after].map(([key, sample]) => {
      const low = before.get(key)?.value ?? 0;
      const value = sample.value < low ? sample.value : low + share * (sample.value - low);
      return [key, { ...sample, value }] as const;
    });
    return new Map(between);
  }

  #samplesOf(metric: string, page: AgentPage | undefined): ReadonlyMap<string, Sample> | undefined {
    const ours = page?.samples.filter((sample) => sample.name === metric && this.#isOurs(sample));
    return ours && new Map(ours.map((sample) => [Object.values(sample.labels).join("\u0000"), sample]));
  }
}

const momentOf = (instant: Reading | Moment): Moment =>
  "pages" in instant ? { atMs: instant.atMs, earlier: instant, later: instant } : instant;
