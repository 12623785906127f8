/** What every result and every complaint of ours must be like, written down independently of the code. */
import assert from "node:assert/strict";
import { isIP } from "node:net";

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** Text that may stand in a label, a log line, a DNS question. */
export function clean(what: string, text: unknown, max = 253): void {
  assert.ok(typeof text === "string", `${what}: got ${typeof text}, expected text`);
  assert.ok(text.length <= max, `${what}: ${text.length} characters, expected at most ${max}`);
  assert.ok(!CONTROL.test(text), `${what}: ${JSON.stringify(text.slice(0, 100))}, expected no control characters`);
}

export function port(what: string, value: unknown): void {
  assert.ok(Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535, `${what}: ${value}, expected a port`);
}

export function address(what: string, value: string): void {
  assert.ok(isIP(value) !== 0, `${what}: ${JSON.stringify(value)}, expected an IP address`);
}

export function oneOf(what: string, value: unknown, known: readonly unknown[]): void {
  assert.ok(known.includes(value), `${what}: ${String(value)}, expected one of ${known.join(", ")}`);
}

export function share(what: string, value: number | undefined): void {
  if (value !== undefined) assert.ok(value >= 0 && value <= 1, `${what}: ${value}, expected 0 to 1`);
}

/** A sentence for people: one line, and no longer than one reads. */
export function sentence(text: string, max = 1_500): void {
  clean("a sentence", text, max);
  assert.ok(text.trim() !== "", "an empty sentence");
}

/** A complaint about input: a sentence that says what was expected, or what is not known. */
export function complaint(text: string, max?: number): void {
  sentence(text, max);
  assert.match(text, /expected|unknown|cannot|not usable|not YAML|too long|got /, `${text}: says not what was expected`);
}

/** What a parser gives, or the complaint that it throws; anything else that it throws is a failure. */
export function readOrRefused<T>(read: () => T, isDeclared: (error: unknown) => error is Error): T | Error {
  try {
    return read();
  } catch (error) {
    if (isDeclared(error)) return error;
    throw error;
  }
}
