/** Samples as promtool's unit tests take them, one in so many minutes: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules */
export class InputSeries {
  readonly every: number;
  #last = 0;
  readonly #values = new Map<string, (number | undefined)[]>();

  /** @param every - Minutes between samples. */
  constructor(every: number) {
    this.every = every;
  }

  set(name: string, labels: Readonly<Record<string, string>>, minute: number, value: number): void {
    this.#of(name, labels)[this.#index(minute)] = value;
  }

  /** Lets a counter rise by so much since the sample before; one that is new begins at 0 and has risen already. */
  add(name: string, labels: Readonly<Record<string, string>>, minute: number, value: number): void {
    const values = this.#of(name, labels);
    const index = this.#index(minute);
    values[index] = (values[index] ?? values[index - 1] ?? 0) + value;
  }

  /** A series that ends is marked stale, as Prometheus does when its target goes. */
  render(): readonly { readonly series: string; readonly values: string }[] {
    return [...this.#values].map(([series, values]) => {
      const all = Array.from({ length: this.#last + 1 }, (_, index) => values[index]);
      return {
        series,
        values: all.map((value, i) => value ?? (all[i - 1] === undefined ? "_" : "stale")).join(" "),
      };
    });
  }

  #index(minute: number): number {
    const index = Math.floor(minute / this.every);
    this.#last = Math.max(this.#last, index);
    return index;
  }

  #of(name: string, labels: Readonly<Record<string, string>>): (number | undefined)[] {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    const key = `${name}{${pairs.join(",")}}`;
    const values = this.#values.get(key) ?? [];
    this.#values.set(key, values);
    return values;
  }
}
