import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { type LabelsOf, METRICS, type MetricDefinition, type MetricName, type NamesOfType } from "./definitions.ts";
import { ExpositionText, type Samples } from "./exposition-text.ts";

/**
 * prom-client behind the table of definitions: a registry of our own, every name and label checked by the compiler, and no value
 * that is not finite (prom-client takes NaN, and the series is spoilt for good).
 */
export class MetricRegistry {
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #beforeScrape: (() => void)[] = [];
  readonly #text = new ExpositionText(() => performance.now());

  constructor() {
    for (const [name, definition] of Object.entries<MetricDefinition>(METRICS)) {
      const base = { name, help: definition.help, labelNames: Object.keys(definition.labels), registers: [this.#registry] };
      if (definition.type === "counter") this.#counters.set(name, new Counter(base));
      else if (definition.type === "gauge") this.#gauges.set(name, new Gauge(base));
      else this.#histograms.set(name, new Histogram({ ...base, buckets: [...(definition.buckets ?? [])] }));
    }
  }

  /** Adds to a counter; 0 makes the series exist. */
  add<Name extends NamesOfType<"counter">>(name: Name, labels: LabelsOf<Name>, amount = 1): void {
    if (Number.isFinite(amount) && amount >= 0) found(this.#counters, name).inc(labels, amount);
  }

  set<Name extends NamesOfType<"gauge">>(name: Name, labels: LabelsOf<Name>, value: number): void {
    if (Number.isFinite(value)) found(this.#gauges, name).set(labels, value);
  }

  /** Adds to a gauge, which is 0 if it has not been set. */
  increase<Name extends NamesOfType<"gauge">>(name: Name, labels: LabelsOf<Name>, amount: number): void {
    if (Number.isFinite(amount)) found(this.#gauges, name).inc(labels, amount);
  }

  /** Observes a duration in seconds. */
  observe<Name extends NamesOfType<"histogram">>(name: Name, labels: LabelsOf<Name>, seconds: number): void {
    if (Number.isFinite(seconds)) found(this.#histograms, name).observe(labels, seconds);
  }

  /** Makes a histogram's series exist with nothing in it. */
  zero<Name extends NamesOfType<"histogram">>(name: Name, labels: LabelsOf<Name>): void {
    found(this.#histograms, name).zero(labels);
  }

  remove<Name extends MetricName>(name: Name, labels: LabelsOf<Name>): void {
    const metric = this.#counters.get(name) ?? this.#gauges.get(name) ?? found(this.#histograms, name);
    metric.remove(labels);
  }

  /** Takes every series of a gauge away, before it is set anew. */
  reset<Name extends NamesOfType<"gauge">>(name: Name): void {
    found(this.#gauges, name).reset();
  }

  /** Runs before each scrape: for values that are true only at the moment they are read. */
  beforeScrape(update: () => void): void {
    this.#beforeScrape.push(update);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The exposition text (Prometheus text format 0.0.4). */
  async render(): Promise<string> {
    for (const update of this.#beforeScrape) update();
    return this.#text.render(await Promise.all(this.#registry.getMetricsAsArray().map(samplesOf)));
  }
}

/** As prom-client's own registry asks for it: its types leave out what histograms have for that, which is six times as fast. */
function samplesOf(metric: unknown): Promise<Samples> {
  const { getForPromString, get } = metric as { getForPromString?(): Promise<Samples>; get(): Promise<Samples> };
  return (getForPromString ?? get).call(metric);
}

function found<T>(metrics: ReadonlyMap<string, T>, name: string): T {
  const metric = metrics.get(name);
  if (metric === undefined) throw new Error(`${name}: no such metric in the table of definitions`);
  return metric;
}
