import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resolution } from "../../src/domain/frontend.ts";
import { planFrontends } from "../../src/plan/frontends.ts";
import { backend, listener, nlbService, snapshot, targetGroup } from "../support/services.ts";

const SELF = { node: "n1", zone: undefined };
const RESOLVED: Resolution = {
  kind: "resolved",
  addresses: [
    { address: "10.0.1.1", zone: "a" },
    { address: "10.0.2.1", zone: "b" },
  ],
};
const discovered = (backends = [backend("n1", "a")]) => ({ service: nlbService(), backends });

test("every address and port of an NLB is a frontend of its own", () => {
  const service = nlbService({ listeners: [listener(), listener({ port: 9000, name: "ledger", protocol: "tcp" })] });
  const frontends = planFrontends(snapshot({ services: [{ service, backends: [] }] }), () => RESOLVED, SELF);
  assert.deepEqual(
    frontends.map(({ id, zone }) => [id, zone]),
    [
      ["shop/web:80@10.0.1.1", "a"],
      ["shop/web:9000@10.0.1.1", "a"],
      ["shop/web:80@10.0.2.1", "b"],
      ["shop/web:9000@10.0.2.1", "b"],
    ],
  );
});

test("colocated is a ready backend on this very node, and follows it when it moves", () => {
  const colocated = (backends: Parameters<typeof discovered>[0]) =>
    planFrontends(snapshot({ services: [discovered(backends)] }), () => RESOLVED, SELF).map((frontend) => frontend.colocated);
  assert.deepEqual(colocated([backend("n1", "a"), backend("n2", "a")]), [true, true]);
  assert.deepEqual(colocated([backend("n2", "a")]), [false, false]);
  assert.deepEqual(colocated([backend("n1", "a", false), backend("n2", "a")]), [false, false]);
  assert.deepEqual(colocated([]), [false, false]);
});

test("a hostname that has not been asked yet has no frontends", () => {
  assert.deepEqual(
    planFrontends(snapshot({ services: [discovered()] }), () => undefined, SELF),
    [],
  );
});

test("a hostname that stops resolving keeps its frontends, each with the error", () => {
  const failed: Resolution = { kind: "failed", detail: "NXDOMAIN", lastAddresses: RESOLVED.addresses };
  const frontends = planFrontends(snapshot({ services: [discovered()] }), () => failed, SELF);
  assert.deepEqual(
    frontends.map(({ id, dnsError }) => [id, dnsError]),
    [
      ["shop/web:80@10.0.1.1", "NXDOMAIN"],
      ["shop/web:80@10.0.2.1", "NXDOMAIN"],
    ],
  );
});

test("a hostname that never resolved has one frontend without an address", () => {
  const failed: Resolution = { kind: "failed", detail: "SERVFAIL", lastAddresses: [] };
  const frontends = planFrontends(snapshot({ services: [discovered()] }), () => failed, SELF);
  assert.deepEqual(
    frontends.map(({ id, address, zone, dnsError }) => ({ id, address, zone, dnsError })),
    [{ id: "shop/web:80@", address: undefined, zone: undefined, dnsError: "SERVFAIL" }],
  );
});

test("given addresses need no DNS", () => {
  const service = nlbService({ hostname: undefined, addresses: [{ address: "10.0.1.1", zone: "a" }] });
  const asked: string[] = [];
  const frontends = planFrontends(
    snapshot({ services: [{ service, backends: [] }] }),
    (name) => {
      asked.push(name);
      return undefined;
    },
    SELF,
  );
  assert.deepEqual([frontends.length, frontends[0]?.address, asked], [1, "10.0.1.1", []]);
});

test("the own zone comes from the agents, else from a backend on this node, so that exposure is known", () => {
  const nodes = [
    { node: "n1", zone: "a" },
    { node: "n2", zone: "a" },
  ];
  const services = [discovered([])];
  const exposures = planFrontends(snapshot({ services, nodes }), () => RESOLVED, SELF).map(({ exposure }) => exposure);
  assert.deepEqual(exposures, [1 / 2, 0]);
});

test("where the ports of an NLB forward to different Services, each has the backends of its own", () => {
  const service = nlbService({ listeners: [listener(), listener({ port: 81 })] });
  const [here, there] = [[backend("n1", "a")], [backend("n2", "a")]];
  const backendsByPort = new Map([
    [80, here],
    [81, there],
  ]);
  const services = [{ service, backends: [...here, ...there], backendsByPort }];
  const colocated = planFrontends(snapshot({ services }), () => RESOLVED, SELF).map((frontend) => [
    frontend.listener.port,
    frontend.colocated,
  ]);
  assert.deepEqual(colocated.slice(0, 2), [
    [80, true],
    [81, false],
  ]);
});

test("with cross-zone, the zones that DNS answers with are those that targets are chosen in, where DNS tells all of them", () => {
  const crossZone = { enabled: true, origin: "explicit" } as const;
  const nodes = [
    { node: "n1", zone: "a" },
    { node: "n2", zone: "b" },
    { node: "n3", zone: "c" },
  ];
  const exposures = (resolution: Resolution, zonalAffinity = false) => {
    const service = nlbService({ zonalAffinity, listeners: [listener({ targetGroup: targetGroup({ crossZone }) })] });
    const services = [{ service, backends: [] }];
    return planFrontends(snapshot({ services, nodes }), () => resolution, SELF).map(({ exposure }) => exposure);
  };
  assert.deepEqual(exposures(RESOLVED), [1 / 2, 1 / 2]);
  assert.deepEqual(exposures(RESOLVED, true), [1 / 3, 1 / 3]);
  const [first] = RESOLVED.addresses;
  assert.ok(first !== undefined);
  const partly: Resolution = { kind: "resolved", addresses: [first, { address: "10.0.2.1", zone: undefined }] };
  assert.deepEqual(exposures(partly), [1 / 3, 1 / 3]);
});
