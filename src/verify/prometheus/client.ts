import { Agent, request } from "undici";

/** How to reach a Prometheus, or what speaks its HTTP API: Thanos, Mimir, Cortex, Amazon Managed Service for Prometheus behind a proxy. */
export interface PrometheusAddress {
  /** With the path before `/api/v1`, if there is one: `https://mimir.example/prometheus`. */
  readonly url: string;
  /** Headers besides: authorization, tenant. */
  readonly headers: Readonly<Record<string, string>>;
  /** Certificate authorities, PEM; absent: those of the system. */
  readonly ca?: string;
}

/** One series of an answer. Values that are no finite numbers are left out. */
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
    const { warnings = [], data } = answer ?? {};
    for (const warning of warnings) this.#warnings.add(String(warning));
    if (answer?.status !== "success" || data === undefined) {
      const said = answer?.error ?? text.slice(0, MAX_SHOWN).trim();
      throw new PrometheusError(`${url}: HTTP status ${status}: ${said || "nothing said"} (asked for ${parameters.query})`);
    }
    const series = seriesOf(data);
    if (series === undefined)
      throw new PrometheusError(`${url}: got ${JSON.stringify(data).slice(0, MAX_SHOWN)}, expected a vector or a matrix`);
    if (series.some(({ left }) => left > 0)) this.#warnings.add(NOT_NUMBERS);
    return series.map(({ labels, points }) => ({ labels, points }));
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

const NOT_NUMBERS = "It answered with values that are no finite numbers: they are left out, and what they counted with them.";

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

interface Answer {
  readonly status?: unknown;
  readonly error?: string;
  readonly warnings?: readonly unknown[];
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
  const { result } = data as { readonly result?: unknown };
  if (!Array.isArray(result)) return undefined;
  const series: ReadSeries[] = [];
  for (const each of result as readonly { metric?: unknown; value?: unknown; values?: unknown }[]) {
    const { metric, value, values = [value] } = each ?? {};
    if (typeof metric !== "object" || metric === null || !Array.isArray(values)) return undefined;
    const labels = Object.fromEntries(Object.entries(metric).map(([name, label]) => [name, String(label)]));
    const points = (values as readonly unknown[]).flatMap((point) => {
      const [at, text] = Array.isArray(point) ? (point as readonly unknown[]) : [];
      const number = Number(text);
      return Number.isFinite(number) && typeof at === "number" ? [{ atMs: at * 1000, value: number }] : [];
    });
    series.push({ labels, points, left: values.length - points.length });
  }
  return series;
}
