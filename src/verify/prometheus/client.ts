import { Agent, request } from "undici";
import { plain } from "../../terminal/text.ts";
import { MAX_COUNT } from "../observation.ts";

/** How to reach a Prometheus, or what speaks its HTTP API: Thanos, Mimir, Cortex, Amazon Managed Service for Prometheus behind a proxy. */
export interface PrometheusAddress {
  /** With the path before `/api/v1`, if there is one: `https://mimir.example/prometheus`. */
  readonly url: string;
  /** Headers besides: authorization, tenant. */
  readonly headers: Readonly<Record<string, string>>;
  /** Certificate authorities, PEM; absent: those of the system. */
  readonly ca?: string;
}

/** One series of an answer. Values that count nothing are left out. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Oldest first. */
  readonly points: readonly { readonly atMs: number; readonly value: number }[];
}

/** It did not answer, or not with what it was asked for. The message says what it was asked, and what it said. */
export class PrometheusError extends Error {
  override readonly name = "PrometheusError";
}

const TIMEOUT_MS = 60_000;
/** An answer of one number for each node, port and zone is far below; what is above is something else. */
const MAX_ANSWER_BYTES = 64 * 2 ** 20;
/** Characters of an answer that an error shows. */
const MAX_SHOWN = 300;
/** Warnings that are kept: whoever has more to say has said enough. */
const MAX_WARNINGS = 20;

/**
 * The HTTP API of Prometheus, version 1, as far as `verify` asks it.
 *
 * @see https://prometheus.io/docs/prometheus/latest/querying/api/
 */
export class PrometheusClient {
  readonly #address: PrometheusAddress;
  readonly #dispatcher: Agent;
  readonly #signal: AbortSignal;
  readonly #warnings = new Set<string>();

  constructor(address: PrometheusAddress, signal: AbortSignal) {
    this.#address = address;
    this.#signal = signal;
    this.#dispatcher = new Agent(address.ca === undefined ? {} : { connect: { ca: address.ca } });
  }

  /** What it said of its own answers: parts that are missing, stores that were away. */
  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  /** @throws PrometheusError. */
  async query(query: string, atMs: number): Promise<readonly Series[]> {
    return this.#ask("query", { query, time: seconds(atMs) });
  }

  /** @throws PrometheusError. */
  async queryRange(
    query: string,
    range: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
  ): Promise<readonly Series[]> {
    const { startMs, endMs, stepMs } = range;
    return this.#ask("query_range", { query, start: seconds(startMs), end: seconds(endMs), step: seconds(stepMs) });
  }

  async close(): Promise<void> {
    await this.#dispatcher.close();
  }

  async #ask(path: string, parameters: Readonly<Record<string, string>>): Promise<readonly Series[]> {
    const url = `${this.#address.url.replace(/\/+$/, "")}/api/v1/${path}`;
    const { status, text } = await this.#post(url, new URLSearchParams(parameters).toString());
    const answer = parse(text);
    const { warnings, error, data } = answer ?? {};
    for (const warning of Array.isArray(warnings) ? warnings : []) this.#warn(warning);
    if (answer?.status !== "success" || data === undefined) {
      const said = shown(typeof error === "string" ? error : text);
      throw new PrometheusError(`${url}: HTTP status ${status}: ${said || "nothing said"} (asked for ${parameters.query})`);
    }
    const series = seriesOf(data);
    if (series === undefined)
      throw new PrometheusError(`${url}: got ${shown(JSON.stringify(data))}, expected a vector or a matrix`);
    if (series.some(({ left }) => left > 0)) this.#warn(NOT_COUNTS);
    return series.map(({ labels, points }) => ({ labels, points }));
  }

  #warn(warning: unknown): void {
    if (typeof warning === "string" && this.#warnings.size < MAX_WARNINGS) this.#warnings.add(shown(warning));
  }

  async #post(url: string, body: string): Promise<{ readonly status: number; readonly text: string }> {
    try {
      const response = await request(url, {
        method: "POST",
        dispatcher: this.#dispatcher,
        headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json", ...this.#address.headers },
        body,
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      const parts: Buffer[] = [];
      let length = 0;
      for await (const part of response.body as AsyncIterable<Buffer>) {
        length += part.length;
        if (length > MAX_ANSWER_BYTES)
          throw new PrometheusError(`${url}: got more than ${MAX_ANSWER_BYTES} bytes, expected a handful of series`);
        parts.push(part);
      }
      return { status: response.statusCode, text: Buffer.concat(parts).toString() };
    } catch (error) {
      if (error instanceof PrometheusError || this.#signal.aborted) throw error;
      throw new PrometheusError(`${url}: ${error instanceof Error ? error.message || error.name : String(error)}`, {
        cause: error,
      });
    }
  }
}

const NOT_COUNTS = "It answered with values that count nothing (no finite numbers, or below 0): they are left out.";

const shown = (text: string): string => plain(text.slice(0, MAX_SHOWN).trim());

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

interface Answer {
  readonly status?: unknown;
  readonly error?: unknown;
  readonly warnings?: unknown;
  readonly data?: unknown;
}

function parse(text: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A series, and how many of its values were left out. */
interface ReadSeries extends Series {
  readonly left: number;
}

/** @returns `undefined` for what is no vector or matrix. */
function seriesOf(data: unknown): readonly ReadSeries[] | undefined {
  const { result } = (data ?? {}) as { readonly result?: unknown };
  if (!Array.isArray(result)) return undefined;
  const series: ReadSeries[] = [];
  for (const each of result as readonly ({ metric?: unknown; value?: unknown; values?: unknown } | null)[]) {
    const { metric, value, values = [value] } = each ?? {};
    const labels = labelsOf(metric);
    if (labels === undefined || !Array.isArray(values)) return undefined;
    const points = values.map(pointOf);
    if (points.includes(undefined)) return undefined;
    const counts = points.filter((point) => point !== undefined && isCount(point.value)) as Series["points"];
    series.push({ labels, points: counts, left: points.length - counts.length });
  }
  return series;
}

function labelsOf(metric: unknown): Series["labels"] | undefined {
  if (typeof metric !== "object" || metric === null || Array.isArray(metric)) return undefined;
  const entries = Object.entries(metric);
  return entries.every(([, value]) => typeof value === "string") ? Object.fromEntries(entries) : undefined;
}

/** As Go writes numbers; `NaN` and `+Inf` are some, too. */
const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?Inf|NaN)$/;
/** Seconds that a date can be of, before and after 1970 (ECMAScript, time values). */
const MAX_SECONDS = 8.64e12;

function pointOf(point: unknown): Series["points"][number] | undefined {
  const [at, text] = Array.isArray(point) ? (point as readonly unknown[]) : [];
  if (typeof at !== "number" || Math.abs(at) > MAX_SECONDS || typeof text !== "string" || !NUMBER.test(text)) return undefined;
  return { atMs: at * 1000, value: Number(text) };
}

/** All that is asked for are counts and shares; whatever is beyond is no number of an agent's. */
const isCount = (value: number): boolean => value >= 0 && value <= MAX_COUNT;
