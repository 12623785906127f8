/** Markup that is safe to send: made by `html` only. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | readonly Html[];

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Markup with values in it: whatever is not markup itself is text, in elements as in quoted attributes. */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  new Html(strings.map((string, i) => string + (i < parts.length ? textOf(parts[i] ?? "") : "")).join(""));

function textOf(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === "string" || typeof part === "number") return String(part).replaceAll(/[&<>"']/g, (c) => ESCAPES[c] ?? c);
  return part.map(({ text }) => text).join("\n");
}

export const NOTHING = html``;
