/** Samples as promtool's unit tests take them, one in so many minutes: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules */
export class InputSeries {
  readonly every: number;
  #last = 0;
  readonly #quotes = new Map<string, string>();
  readonly #values = new Map<string, Map<string, (number | undefined)[]>>();

  /** @param every - Minutes between samples. */
  constructor(every: number) {
    this.every = every;
  }

  /** Labels as `set` and `add` take them. Texts can be joined, so that what several series share is put together once. */
  labels(labels: Readonly<Record<string, string>>): string {
    let text = "";
    for (const label in labels) text += `${label}=${this.#quoted(labels[label] ?? "")},`;
    return text;
  }

  set(name: string, labels: string, minute: number, value: number): void {
    this.#of(name, labels)[this.#index(minute)] = value;
  }

  /** Lets a counter rise by so much since the sample before; one that is new begins at 0 and has risen already. */
  add(name: string, labels: string, minute: number, value: number): void {
    const values = this.#of(name, labels);
    const index = this.#index(minute);
    values[index] = (values[index] ?? values[index - 1] ?? 0) + value;
  }

  /** A series that ends is marked stale, as Prometheus does when its target goes. */
  render(): readonly { readonly series: string; readonly values: string }[] {
    return [...this.#values].flatMap(([name, series]) =>
      [...series].map(([labels, values]) => {
        const all = Array.from({ length: this.#last + 1 }, (_, index) => values[index]);
        return {
          series: `${name}{${labels}}`,
          values: all.map((value, i) => value ?? (all[i - 1] === undefined ? "_" : "stale")).join(" "),
        };
      }),
    );
  }

  #index(minute: number): number {
    const index = Math.floor(minute / this.every);
    this.#last = Math.max(this.#last, index);
    return index;
  }

  #of(name: string, labels: string): (number | undefined)[] {
    const series = this.#values.get(name) ?? new Map<string, (number | undefined)[]>();
    this.#values.set(name, series);
    const values = series.get(labels) ?? [];
    series.set(labels, values);
    return values;
  }

  /** The same few values come again and again. */
  #quoted(value: string): string {
    const quoted = this.#quotes.get(value) ?? JSON.stringify(value);
    this.#quotes.set(value, quoted);
    return quoted;
  }
}
