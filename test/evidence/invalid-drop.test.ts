import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidDropJudge, invalidOf, resetsOf } from "../../src/evidence/invalid-drop.ts";

/** As Linux 6.18 prints it on two processors. */
const CONNTRACK = `entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart
000000ce  00000000 00000000 00000000 0000009a 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000  00000000 00000000 00000000 00000000
000000ce  00000000 00000000 00000000 0000008c 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000  00000000 00000000 00000000 00000000
`;
const SNMP = `Ip: Forwarding DefaultTTL
Ip: 2 64
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors
Tcp: 1 200 120000 -1 202 1 0 0 10 446 666 74 0 17 0
`;

test("INVALID packets are those of all processors, in hexadecimal; resets stand in the other file", () => {
  assert.equal(invalidOf(CONNTRACK), 0x9a + 0x8c);
  assert.equal(resetsOf(SNMP), 17);
});

test("a kernel that does not tell is not read as 0", () => {
  for (const text of ["", "entries found\n0 0\n", "entries invalid\n", "entries invalid\n00000001\n"])
    assert.equal(invalidOf(text), undefined);
  for (const text of ["", "Tcp: OutSegs\nTcp: 1\n", "Tcp: OutRsts\n"]) assert.equal(resetsOf(text), undefined);
});

const found = (...readings: readonly (readonly [invalid: number, resets: number])[]): string | undefined => {
  const judge = new InvalidDropJudge();
  for (const [invalid, resets] of readings) judge.saw({ invalid, resets });
  return judge.found?.by;
};

const CASES: readonly (readonly [what: string, readings: readonly (readonly [number, number])[], by: string | undefined])[] = [
  [
    "no connection tracking in the pod, hairpins",
    [
      [0, 0],
      [0, 50],
    ],
    undefined,
  ],
  [
    "stray answers that are dropped",
    [
      [0, 17],
      [294, 17],
    ],
    "invalid_drop",
  ],
  [
    "the same, a few at a time",
    [
      [0, 0],
      [5, 0],
      [10, 0],
      [14, 0],
    ],
    "invalid_drop",
  ],
  [
    "stray answers that are reset, each counted twice",
    [
      [0, 24],
      [332, 190],
    ],
    undefined,
  ],
  [
    "too few to tell",
    [
      [0, 0],
      [11, 0],
    ],
    undefined,
  ],
  [
    "the rule was taken out",
    [
      [0, 0],
      [40, 0],
      [80, 20],
    ],
    undefined,
  ],
  ["what was before the start", [[500, 3]], undefined],
];
for (const [what, readings, by] of CASES) {
  test(`whether the pod drops stray answers: ${what}`, () => assert.equal(found(...readings), by));
}
