import assert from "node:assert/strict";
import { test } from "node:test";
import { snapshotOfHost } from "../../src/cli/check-subject.ts";
import { planFrontends } from "../../src/plan/frontends.ts";

test("a bare address is not known to be safe, whichever family it is of", () => {
  for (const host of ["10.0.1.1", "fd00::1"]) {
    const snapshot = snapshotOfHost({ kind: "host", host, port: 80 });
    const { frontends } = planFrontends(
      snapshot,
      () => undefined,
      { node: "n1", zone: "a" },
      () => true,
    );
    assert.deepEqual(
      frontends.map(({ address, exposure }) => [address, exposure]),
      [[host, undefined]],
    );
  }
});
