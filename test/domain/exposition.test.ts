/** The text format of metrics, as far as agents write it; and nothing that only looks like it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseExposition } from "../../src/domain/exposition.ts";
import { processorMs } from "../support/processor-time.ts";

test("labels are read as they were meant, whatever is in them", () => {
  const text = 'a{b="x\\"y\\\\z\\n",c="1,d=\\"2\\"",e="} 5 #",f="\r\u2028",__proto__="p"} 1\n';
  const [sample] = parseExposition(text);
  const expected = { b: 'x"y\\z\n', c: '1,d="2"', e: "} 5 #", f: "\r\u2028", ["__proto__"]: "p" };
  assert.deepEqual(Object.entries(sample?.labels ?? {}), Object.entries(expected));
});

test("a line with anything in it that is no label or number is refused, and the line said", () => {
  const wrong = [
    'a{b c="x" zzz} 1',
    'a{b="x",b="y"} 1',
    'a{b="x"c="y"} 1',
    'a{,b="x"} 1',
    'a{b="x} 1',
    'a{b="\\x"} 1',
    "a{b} 1",
    "a abc",
    "a 0x10",
    "a 1 2",
    "a  1",
    "a",
    " a 1",
    "1a 1",
    'a{b="x"}1',
  ];
  for (const line of wrong) {
    assert.throws(
      () => parseExposition(`up 1\n${line}\n`),
      (error) => error instanceof SyntaxError && error.message.includes(line),
    );
  }
});

test("a line that is refused is not said at any length", () => {
  assert.throws(
    () => parseExposition("x".repeat(1_000_000)),
    (error) => error instanceof SyntaxError && error.message.length < 500,
  );
});

test("the numbers of the format are read, those that are none of agents' too", () => {
  const values = parseExposition("a 1\na -2.5e-3\na +Inf\na -Inf\na NaN\na 1e400\n").map(({ value }) => value);
  const infinity = Number.POSITIVE_INFINITY;
  assert.deepEqual(values, [1, -0.0025, infinity, -infinity, Number.NaN, infinity]);
});

test("a line of a megabyte takes no longer than many short ones", () => {
  const long = "b".repeat(1_000_000);
  const ms = processorMs(() => {
    for (const line of [`a{${long}} 1`, `a{b="${long}`, `a{${'b="'.repeat(300_000)} 1`, `a{${"} ".repeat(500_000)}`])
      assert.throws(() => parseExposition(line), SyntaxError);
    assert.equal(parseExposition(`a{b="${long.repeat(8)}"} 1`)[0]?.labels.b?.length, 8_000_000);
  });
  // A thousand times that, if each character made it begin anew.
  assert.ok(ms < 20_000, `${ms} ms`);
});
