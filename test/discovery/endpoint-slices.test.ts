import assert from "node:assert/strict";
import { it } from "node:test";
import { backendsOf, placementsOf } from "../../src/discovery/endpoint-slices.ts";
import { type GivenEndpoint, parseEndpointSlice, slice } from "./support/objects.ts";

const parsed = (...slices: readonly (readonly GivenEndpoint[])[]) =>
  slices.map((endpoints, i) => parseEndpointSlice(slice("web", endpoints, { name: `web-${i}` })));

it("an endpoint that is in two slices is one backend, ready if either says so, and where either says", () => {
  const notReady = { ready: false };
  const slices = parsed(
    [{ address: "10.0.1.1", conditions: notReady, zone: "a" }],
    [
      { address: "10.0.1.1", node: "n1" },
      { address: "10.0.1.2", node: "n2", zone: "b", conditions: notReady },
      { address: "10.0.1.3", node: "n3" },
    ],
    [{ address: "10.0.1.3", conditions: notReady, zone: "c" }],
  );
  assert.deepEqual(backendsOf(slices), [
    { node: "n1", zone: "a", ready: true },
    { node: "n2", zone: "b", ready: false },
    { node: "n3", zone: "c", ready: true },
  ]);
});

it("a pod with an address of each family is one backend", () => {
  const slices = parsed(
    [{ address: "10.0.1.1", pod: "web-1", node: "n1", zone: "a" }],
    [{ address: "fd00::1", pod: "web-1", node: "n1", zone: "a" }],
  );
  assert.equal(backendsOf(slices).length, 1);
});

it("backends that are alike are told apart from those that only look alike", () => {
  const slices = parsed([
    { address: "10.0.1.1", node: "n1 a", zone: "b" },
    { address: "10.0.1.2", node: "n1", zone: "a b" },
    { address: "10.0.1.3", node: "n1 a b" },
  ]);
  assert.deepEqual(
    backendsOf(slices).map(({ node, zone }) => [node, zone]),
    [
      ["n1 a", "b"],
      ["n1", "a b"],
      ["n1 a b", undefined],
    ],
  );
});

it("two pods on a node are two backends", () => {
  const slices = parsed([
    { address: "10.0.1.1", pod: "web-1", node: "n1" },
    { address: "10.0.1.2", pod: "web-2", node: "n1" },
  ]);
  assert.equal(backendsOf(slices).length, 2);
});

it("a node that runs agents is placed once, ready or not, and an unknown zone stays unknown", () => {
  const slices = parsed(
    [{ address: "10.0.1.2", node: "n2" }],
    [
      { address: "10.0.1.1", node: "n1", zone: "a", conditions: { ready: false } },
      { address: "10.0.1.9", node: "n1", conditions: { terminating: true } },
      { address: "10.0.1.3" },
    ],
  );
  assert.deepEqual(placementsOf(slices), [
    { node: "n1", zone: "a" },
    { node: "n2", zone: undefined, hasAgent: true },
  ]);
});

it("an agent that its Service publishes although it is not ready does not serve", () => {
  const slices = parsed([
    { address: "10.0.1.1", node: "n1", zone: "a", conditions: { ready: true, serving: false } },
    { address: "10.0.1.2", node: "n2", zone: "a", conditions: { ready: true, serving: true } },
    { address: "10.0.1.3", node: "n3", zone: "a", conditions: { ready: true, serving: true, terminating: true } },
  ]);
  assert.deepEqual(placementsOf(slices), [
    { node: "n1", zone: "a" },
    { node: "n2", zone: "a", hasAgent: true },
    { node: "n3", zone: "a" },
  ]);
});
