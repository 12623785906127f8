import { setImmediate } from "node:timers/promises";
import type { MetricObject } from "prom-client";

/**
 * The text that Prometheus reads (text format 0.0.4), from what prom-client keeps. prom-client's own takes several times as long, all at
 * a stretch, in which attempts would be read late.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */

type Labels = Readonly<Partial<Record<string, string | number>>>;

/** A number as prom-client's registry asks its metrics for it. */
interface Sample {
  readonly value: number;
  /** For as long as a series lives this is the same object, but for those of a histogram. */
  readonly labels?: Labels;
  /** What all samples of one histogram have in common, which is the same object for as long as it lives. */
  readonly sharedLabels?: Labels;
  readonly metricName?: string;
}

export interface Samples extends Pick<MetricObject, "name" | "help" | "type"> {
  readonly values: readonly Sample[];
}

const NONE: Labels = {};

/** Milliseconds for which the event loop may be held at a stretch. */
const HOLD_MS = 0.5;
/** Samples between two looks at the clock. */
const SAMPLES_BETWEEN = 100;

export class ExpositionText {
  readonly #nowMs: () => number;
  /** What stands in the brackets, for each series. */
  readonly #texts = new WeakMap<Labels, string>();

  /** @param nowMs - Monotonic milliseconds. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /**
   * @param metrics - As they are when it is called: what is counted while the text is written is not in it, so that sums add up.
   */
  async render(metrics: readonly Samples[]): Promise<string> {
    // prom-client hands out what it goes on counting with.
    const counted = metrics.map(({ values }) => valuesOf(values));
    // To gather all of it took a millisecond already.
    await setImmediate();
    const heads = new Map<string, string>();
    const pieces: string[] = [];
    let parts: string[] = [];
    let heldSinceMs = this.#nowMs();
    for (const [index, { name, help, type, values }] of metrics.entries()) {
      parts.push(`${index === 0 ? "" : "\n"}# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`);
      for (let at = 0; at < values.length; at++) {
        const { metricName = name, labels = NONE, sharedLabels } = values[at] ?? {};
        const own = this.#textOf(sharedLabels ?? labels, heads);
        const edge = sharedLabels === undefined || labels.le === undefined ? "" : `le="${labels.le}"`;
        if (own === "" && edge === "") parts.push(metricName, " ");
        else parts.push(metricName, "{", own, own === "" || edge === "" ? "" : ",", edge, "} ");
        parts.push(`${counted[index]?.[at]}\n`);
        if (at % SAMPLES_BETWEEN > 0 || this.#nowMs() - heldSinceMs < HOLD_MS) continue;
        // Of the whole page at once it would take longer than a stretch may.
        pieces.push(parts.join(""));
        parts = [];
        await setImmediate();
        heldSinceMs = this.#nowMs();
      }
    }
    pieces.push(parts.join(""));
    return pieces.join("");
  }

  /** @param heads - Series that differ in the last label only share the text of the others. */
  #textOf(labels: Labels, heads: Map<string, string>): string {
    const known = this.#texts.get(labels);
    if (known !== undefined) return known;
    const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(String(value))}"`);
    const last = pairs.pop() ?? "";
    const others = pairs.map((pair) => `${pair},`).join("");
    const head = heads.get(others) ?? others;
    heads.set(head, head);
    const text = head + last;
    this.#texts.set(labels, text);
    return text;
  }
}

/** `Float64Array.from` with a function takes ten times as long. */
function valuesOf(samples: readonly Sample[]): Float64Array {
  const values = new Float64Array(samples.length);
  for (let i = 0; i < samples.length; i++) values[i] = samples[i]?.value ?? Number.NaN;
  return values;
}

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

const escapeValue = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');
