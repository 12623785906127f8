import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { LineTooLongError, ndjsonLines } from "../../src/discovery/api/ndjson.ts";

async function* chunks(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, void> {
  yield* parts;
}

async function lines(stream: AsyncIterable<Uint8Array>, maxBytes = 1_000_000): Promise<string[]> {
  const found: string[] = [];
  for await (const line of ndjsonLines(stream, maxBytes)) found.push(line);
  return found;
}

it("however a stream is cut into chunks, its lines come out whole, characters of several bytes included", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.json()), fc.array(fc.nat({ max: 200 })), async (texts, cuts) => {
      const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(""));
      const at = [...new Set([0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length])].sort((a, b) => a - b);
      const parts = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
      assert.deepEqual(await lines(chunks(...parts)), texts);
    }),
    { numRuns: 200 },
  );
});

it("empty lines are no lines", async () => {
  assert.deepEqual(await lines(chunks(Buffer.from("\n\n1\r\n \n2\n"))), ["1\r", "2"]);
});

it("a line beyond the bound is refused as soon as the bound is passed, not when the line ends", async () => {
  async function* endless(): AsyncGenerator<Uint8Array, void, void> {
    for (;;) yield Buffer.alloc(100, "x");
  }
  await assert.rejects(lines(endless(), 1_000), LineTooLongError);
  await assert.rejects(lines(chunks(Buffer.from(`${"x".repeat(11)}\n`)), 10), LineTooLongError);
  assert.deepEqual(await lines(chunks(Buffer.from(`${"x".repeat(10)}\n`)), 10), ["x".repeat(10)]);
});

it("a stream that ends inside a line is an error, and its whole lines came before it", async () => {
  const found: string[] = [];
  await assert.rejects(async () => {
    for await (const line of ndjsonLines(chunks(Buffer.from('1\n{"a')), 100)) found.push(line);
  }, /ended inside a line/);
  assert.deepEqual(found, ["1"]);
});
