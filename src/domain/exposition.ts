/** One sample of the Prometheus text format (version 0.0.4). */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const METRIC_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL_START = /([a-zA-Z_][a-zA-Z0-9_]*)="/y;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const OTHER_NUMBERS: ReadonlyMap<string, number> = new Map([
  ["+Inf", Number.POSITIVE_INFINITY],
  ["-Inf", Number.NEGATIVE_INFINITY],
  ["NaN", Number.NaN],
]);
/** Characters of a line that is refused, in the error. */
const MAX_SHOWN = 200;

/**
 * Reads what an agent exports: the format as it is written, without what it allows besides (spaces, timestamps).
 *
 * @throws SyntaxError with the line that is no sample.
 */
export function parseExposition(text: string): readonly Sample[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const sample = sampleOf(line);
      if (sample === undefined) throw new SyntaxError(`not a sample in the Prometheus text format: ${line.slice(0, MAX_SHOWN)}`);
      return sample;
    });
}

/** Each character is looked at once: a page may come from anybody, and its lines may be long. */
function sampleOf(line: string): Sample | undefined {
  const [name] = matchAt(METRIC_NAME, line, 0) ?? [];
  if (name === undefined) return undefined;
  const { labels, end } = line[name.length] === "{" ? labelsAt(line, name.length + 1) : { labels: {}, end: name.length };
  const value = line[end] === " " ? numberOf(line.slice(end + 1)) : undefined;
  return labels === undefined || value === undefined ? undefined : { name, labels, value };
}

/** @returns the labels, and where the line goes on behind them; `undefined` in their place for what is none. */
function labelsAt(line: string, start: number): { readonly labels: Sample["labels"] | undefined; readonly end: number } {
  const labels = new Map<string, string>();
  let at = start;
  while (labels.size === 0 || line[at] === ",") {
    const [opening, name] = matchAt(LABEL_START, line, labels.size === 0 ? at : at + 1) ?? [];
    if (opening === undefined || name === undefined || labels.has(name)) return { labels: undefined, end: at };
    const from = at + opening.length + (labels.size === 0 ? 0 : 1);
    const to = closingQuote(line, from);
    const value = to === undefined ? undefined : unescaped(line.slice(from, to));
    if (to === undefined || value === undefined) return { labels: undefined, end: at };
    labels.set(name, value);
    at = to + 1;
  }
  return { labels: line[at] === "}" ? Object.fromEntries(labels) : undefined, end: at + 1 };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function closingQuote(line: string, from: number): number | undefined {
  for (let at = from; at < line.length; at++) {
    if (line[at] === '"') return at;
    if (line[at] === "\\") at++;
  }
  return undefined;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\\\\", "\\"],
  ['\\"', '"'],
  ["\\n", "\n"],
]);

/** @returns `undefined` where something is escaped that need not be. */
function unescaped(text: string): string | undefined {
  if (!text.includes("\\")) return text;
  let isKnown = true;
  const found = text.replaceAll(/\\[\s\S]/g, (escaped) => {
    const known = ESCAPES.get(escaped);
    isKnown &&= known !== undefined;
    return known ?? "";
  });
  return isKnown ? found : undefined;
}

const numberOf = (text: string): number | undefined => OTHER_NUMBERS.get(text) ?? (NUMBER.test(text) ? Number(text) : undefined);

/** Sum over the samples of a metric whose labels include all of these. */
export const sumOf = (samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}): number =>
  samples
    .filter((sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
