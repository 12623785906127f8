import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Sibling, TargetGroup } from "../../src/domain/target-group.ts";
import { targetGroup } from "../support/services.ts";
import { exposure, OFF, ON, UNKNOWN } from "./exposure-cases.ts";

/** Two nodes are in zone a, so that half of the connections to a group of instances hairpin. */
const HALF = 0.5;
const other = (weight: number | undefined, given: Partial<TargetGroup> = {}): Sibling => ({
  weight,
  port: 80,
  targetGroup: targetGroup({ preserveClientIp: ON, ...given }),
  hasSameBackends: false,
});
const of = (weight: number | undefined, ...siblings: readonly Sibling[]): number | undefined =>
  exposure({ group: { weight, siblings } });
const LOCAL = { externalTrafficPolicy: "Local" } as const;

describe("a listener that forwards to several target groups", () => {
  test("hairpins as if it were one where the groups have the same nodes, whatever the weights", () => {
    assert.equal(of(0, other(1)), HALF);
    assert.equal(of(0.5, other(0.5)), HALF);
    assert.equal(of(undefined, other(undefined)), HALF);
  });

  test("hairpins by the share of the groups that preserve", () => {
    assert.equal(of(0.25, other(0.75, { preserveClientIp: OFF })), HALF / 4);
    assert.equal(of(0, other(1, { preserveClientIp: OFF })), 0);
    assert.equal(of(undefined, other(undefined, { preserveClientIp: OFF })), undefined);
  });

  test("has an exposure that is not known where a group is not, unless it gets no connection", () => {
    const arn = (weight: number): Sibling => ({ weight, port: undefined, targetGroup: undefined, hasSameBackends: false });
    assert.equal(of(0.5, arn(0.5)), undefined);
    assert.equal(of(1, arn(0)), HALF);
    assert.equal(of(0.5, other(0.5, { preserveClientIp: UNKNOWN })), undefined);
  });

  test("is not known by the pods of another Service, and is by those of its own", () => {
    const group = targetGroup({ preserveClientIp: ON, ...LOCAL });
    const sibling = (hasSameBackends: boolean): Sibling => ({ weight: 1, port: 80, targetGroup: group, hasSameBackends });
    assert.equal(of(0, sibling(false)), undefined);
    assert.equal(of(0, sibling(true)), HALF);
  });

  test("can hairpin through the others though no backend of its own is ready", () => {
    const group = { weight: 0.5, siblings: [other(0.5)] };
    assert.equal(exposure({ group, backends: [] }), HALF / 2);
  });
});
