import type { Sample } from "../../domain/exposition.ts";
import { type AgentPage, type AgentSource, type Reading, UnreadableError } from "./reading.ts";

/** How long nobody may answer before it is an error: an API server or a VPN comes back, and the data has a gap. */
const SILENCE_MS = 120_000;

/**
 * Reads on where an agent began anew, and where nobody answers for a moment.
 *
 * The counters of an agent that was restarted or replaced are added to what it had before, reading by reading: between the ends of a long
 * span alone it could not be seen, where they have grown past what they were.
 *
 * @param nowMs - Milliseconds since the epoch.
 */
export function continued(source: AgentSource, nowMs: () => number): AgentSource {
  const counters = new Map<string, Counter>();
  let hasAnswered = false;
  let silentSinceMs: number | undefined;
  return {
    async read() {
      const reading = await readOrGap(source, nowMs);
      if (reading.pages.size > 0) {
        hasAnswered = true;
        silentSinceMs = undefined;
      } else {
        // Since it was asked and did not answer: between two spans nobody is asked for minutes.
        silentSinceMs ??= reading.atMs;
        const isLost = !hasAnswered || reading.atMs - silentSinceMs > SILENCE_MS;
        if (isLost) throw reading.error ?? new UnreadableError(nobody(reading));
      }
      const pages = [...reading.pages].map(([key, page]) => [key, goOn(counters, key, page)] as const);
      return { ...reading, pages: new Map(pages) };
    },
    readEveryMs: () => source.readEveryMs(),
    close: () => source.close(),
  };
}

async function readOrGap(source: AgentSource, nowMs: () => number): Promise<Reading & { readonly error?: UnreadableError }> {
  const atMs = nowMs();
  try {
    return await source.read();
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return { atMs, pages: new Map(), problems: [error.message], error };
  }
}

interface Counter {
  /** As it was read last. */
  value: number;
  /** What it had when it began anew, all times together. */
  before: number;
}

function goOn(counters: Map<string, Counter>, agent: string, { samples }: AgentPage): AgentPage {
  return { samples: samples.map((sample) => (sample.name.endsWith("_total") ? goOnWith(counters, agent, sample) : sample)) };
}

function goOnWith(counters: Map<string, Counter>, agent: string, sample: Sample): Sample {
  const key = [agent, sample.name, ...Object.entries(sample.labels).flat()].join("\u0000");
  const counter = counters.get(key) ?? { value: 0, before: 0 };
  if (sample.value < counter.value) counter.before += counter.value;
  counter.value = sample.value;
  counters.set(key, counter);
  return { ...sample, value: counter.before + sample.value };
}

/** Problems that a sentence lists: of hundreds of agents most say the same. */
const MAX_PROBLEMS = 3;

function nobody({ problems }: Reading): string {
  const more = problems.length - MAX_PROBLEMS;
  return `no agent answers: ${problems.slice(0, MAX_PROBLEMS).join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}
