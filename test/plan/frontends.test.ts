import assert from "node:assert/strict";
import { test } from "node:test";
import { addressPolicy } from "../../src/domain/address.ts";
import type { Resolution } from "../../src/domain/frontend.ts";
import type { Backend } from "../../src/domain/service.ts";
import type { DiscoveredService, Snapshot } from "../../src/domain/snapshot.ts";
import { planFrontends, type Resolve } from "../../src/plan/frontends.ts";
import { backend, listener, nlbService, snapshot, targetGroup } from "../support/services.ts";

const planOf = (given: Snapshot, resolve: Resolve) => planFrontends(given, resolve, SELF, addressPolicy([]));
const frontendsOf = (given: Snapshot, resolve: Resolve) => planOf(given, resolve).frontends;
const SELF = { node: "n1", zone: undefined };
const RESOLVED: Resolution = {
  kind: "resolved",
  addresses: [
    { address: "10.0.1.1", zone: "a" },
    { address: "10.0.2.1", zone: "b" },
  ],
  overLimit: 0,
};
const discovered = (backends = [backend("n1", "a")]) => ({ service: nlbService(), backends });

test("every address and port of an NLB is a frontend of its own", () => {
  const service = nlbService({ listeners: [listener(), listener({ port: 9000, name: "ledger", protocol: "tcp" })] });
  const frontends = frontendsOf(snapshot({ services: [{ service, backends: [] }] }), () => RESOLVED);
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
    frontendsOf(snapshot({ services: [discovered(backends)] }), () => RESOLVED).map((frontend) => frontend.colocated);
  assert.deepEqual(colocated([backend("n1", "a"), backend("n2", "a")]), [true, true]);
  assert.deepEqual(colocated([backend("n2", "a")]), [false, false]);
  assert.deepEqual(colocated([backend("n1", "a", false), backend("n2", "a")]), [false, false]);
  assert.deepEqual(colocated([]), [false, false]);
});

test("a hostname that has not been asked yet has no frontends", () => {
  assert.deepEqual(
    frontendsOf(snapshot({ services: [discovered()] }), () => undefined),
    [],
  );
});

test("a hostname that stops resolving keeps its frontends, each with the error", () => {
  const failed: Resolution = { kind: "failed", detail: "NXDOMAIN", lastAddresses: RESOLVED.addresses, overLimit: 0 };
  const frontends = frontendsOf(snapshot({ services: [discovered()] }), () => failed);
  assert.deepEqual(
    frontends.map(({ id, dnsError }) => [id, dnsError]),
    [
      ["shop/web:80@10.0.1.1", "NXDOMAIN"],
      ["shop/web:80@10.0.2.1", "NXDOMAIN"],
    ],
  );
});

test("a hostname that never resolved has one frontend without an address", () => {
  const failed: Resolution = { kind: "failed", detail: "SERVFAIL", lastAddresses: [], overLimit: 0 };
  const frontends = frontendsOf(snapshot({ services: [discovered()] }), () => failed);
  assert.deepEqual(
    frontends.map(({ id, address, zone, dnsError }) => ({ id, address, zone, dnsError })),
    [{ id: "shop/web:80@", address: undefined, zone: undefined, dnsError: "SERVFAIL" }],
  );
});

test("given addresses need no DNS", () => {
  const service = nlbService({ hostname: undefined, addresses: [{ address: "10.0.1.1", zone: "a" }] });
  const asked: string[] = [];
  const frontends = frontendsOf(snapshot({ services: [{ service, backends: [] }] }), (name) => {
    asked.push(name);
    return undefined;
  });
  assert.deepEqual([frontends.length, frontends[0]?.address, asked], [1, "10.0.1.1", []]);
});

test("the own zone comes from the agents, else from a backend on this node, so that exposure is known", () => {
  const nodes = [
    { node: "n1", zone: "a" },
    { node: "n2", zone: "a" },
  ];
  const services = [discovered([backend("n2", "a")])];
  const exposures = frontendsOf(snapshot({ services, nodes }), () => RESOLVED).map(({ exposure }) => exposure);
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
  const colocated = frontendsOf(snapshot({ services }), () => RESOLVED).map((frontend) => [
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
    const services = [{ service, backends: [backend("n2", "b")] }];
    return frontendsOf(snapshot({ services, nodes }), () => resolution).map(({ exposure }) => exposure);
  };
  assert.deepEqual(exposures(RESOLVED), [1 / 2, 1 / 2]);
  assert.deepEqual(exposures(RESOLVED, true), [1 / 3, 1 / 3]);
  const [first] = RESOLVED.addresses;
  assert.ok(first !== undefined);
  const partly: Resolution = { kind: "resolved", addresses: [first, { address: "10.0.2.1", zone: undefined }], overLimit: 0 };
  assert.deepEqual(exposures(partly), [1 / 3, 1 / 3]);
});

test("an address that DNS withdrew is probed on, and its exposure is unknown", () => {
  const nodes = [
    { node: "n1", zone: "b" },
    { node: "n2", zone: "b" },
  ];
  const [first, second] = RESOLVED.addresses;
  assert.ok(first !== undefined && second !== undefined);
  const seen = (resolution: Resolution) =>
    frontendsOf(snapshot({ services: [discovered()], nodes }), () => resolution).map((frontend) => [
      frontend.address,
      frontend.withdrawn,
      frontend.exposure,
    ]);
  assert.deepEqual(seen(RESOLVED), [
    ["10.0.1.1", false, 0],
    ["10.0.2.1", false, 1 / 2],
  ]);
  const withdrawn: Resolution = { kind: "resolved", addresses: [first, { ...second, withdrawn: true }], overLimit: 0 };
  assert.deepEqual(seen(withdrawn), [
    ["10.0.1.1", false, 0],
    ["10.0.2.1", true, undefined],
  ]);
});

test("a zone that DNS withdrew is none that cross-zone load balancing chooses targets in", () => {
  const crossZone = { enabled: true, origin: "explicit" } as const;
  const service = nlbService({ listeners: [listener({ targetGroup: targetGroup({ crossZone }) })] });
  const nodes = [
    { node: "n1", zone: "a" },
    { node: "n2", zone: "b" },
  ];
  const [first, second] = RESOLVED.addresses;
  assert.ok(first !== undefined && second !== undefined);
  const exposures = (resolution: Resolution) =>
    frontendsOf(snapshot({ services: [{ service, backends: [backend("n1", "a")] }], nodes }), () => resolution).map(
      ({ exposure }) => exposure,
    );
  assert.deepEqual(exposures(RESOLVED), [1 / 2, 1 / 2]);
  const zoneless = { ...second, zone: undefined, withdrawn: true } as const;
  assert.deepEqual(exposures({ kind: "resolved", addresses: [first, zoneless], overLimit: 0 }), [1, undefined]);
});

test("each frontend knows the family of its address; IPv6 that is not private is left out and counted, like too many", () => {
  const addresses = ["10.0.1.1", "2600:1f18::1", "fd00::1"].map((address) => ({ address, zone: undefined }));
  const resolutions: readonly Resolution[] = [
    { kind: "resolved", addresses, overLimit: 3 },
    { kind: "failed", detail: "SERVFAIL", lastAddresses: addresses, overLimit: 3 },
  ];
  for (const resolution of resolutions) {
    const services = [discovered(), { service: nlbService({ name: "other" }), backends: [] }];
    const plan = planOf(snapshot({ services }), () => resolution);
    assert.deepEqual(
      plan.frontends.map(({ service, address, family }) => [service.name, address, family]),
      ["web", "other"].flatMap((name) => [
        [name, "10.0.1.1", 4],
        [name, "fd00::1", 6],
      ]),
    );
    assert.deepEqual(plan.addressesSkipped, { ipv6_not_private: 2, over_limit: 6 });
  }
  const nowhere: Resolution = { kind: "failed", detail: "SERVFAIL", lastAddresses: [], overLimit: 0 };
  const [frontend] = frontendsOf(snapshot({ services: [discovered()] }), () => nowhere);
  assert.deepEqual([frontend?.family, frontend?.withdrawn], [undefined, false]);
});

test("targets of which the family is not told are of the addresses' family; beside both an IPv6 address is unknown, never safe", () => {
  const nodes = [
    { node: "n1", zone: "a" },
    { node: "n2", zone: "a" },
  ];
  const one = listener({ targetGroup: targetGroup({ ipFamily: undefined, crossZone: { enabled: true, origin: "explicit" } }) });
  const exposures = (...given: readonly string[]) => {
    const addresses = given.map((address) => ({ address, zone: "a" }));
    const service = nlbService({ controller: "static", addresses, listeners: [one] });
    const behind = [backend("n1", "a"), backend("n2", "a")];
    return frontendsOf(snapshot({ services: [{ service, backends: behind }], nodes }), () => undefined).map(
      ({ exposure }) => exposure,
    );
  };
  assert.deepEqual(exposures("fd00::1", "fd00::2"), [1 / 2, 1 / 2]);
  assert.deepEqual(exposures("10.0.1.1"), [1 / 2]);
  assert.deepEqual(exposures("10.0.1.1", "fd00::1"), [1 / 2, undefined]);
});

test("a Service without a ready backend is probed on, and exposed nowhere: what fails then is no hairpin", () => {
  const nodes = [{ node: "n1", zone: "a" }];
  const exposures = (backends: readonly Backend[], listed: Pick<DiscoveredService, "areBackendsListed"> = {}) =>
    frontendsOf(snapshot({ services: [{ service: nlbService(), backends, ...listed }], nodes }), () => RESOLVED).map(
      ({ colocated, exposure }) => [colocated, exposure],
    );
  assert.deepEqual(exposures([backend("n1", "a")])[0], [true, 1]);
  // A pod that is not ready yet, or on its way out, or on a node that is drained.
  assert.deepEqual(exposures([backend("n1", "a", false)])[0], [false, 0]);
  assert.deepEqual(exposures([])[0], [false, 0]);
  // A file that lists none does not say that there are none.
  assert.deepEqual(exposures([], { areBackendsListed: true })[0], [false, 1]);
});

test("frontends that are left to others are not planned, nor is what would be worked out for them", () => {
  const other = { service: nlbService({ name: "other" }), backends: [backend("n1", "a")] };
  const unresolved = { service: nlbService({ name: "new", hostname: "new.elb.eu-west-1.amazonaws.com" }), backends: [] };
  const given = snapshot({ services: [discovered(), other, unresolved] });
  const resolve: Resolve = (hostname) => (hostname.startsWith("new") ? undefined : RESOLVED);
  const isOurs = ({ id }: { readonly id: string }): boolean => id === "shop/web:80@10.0.1.1";
  const plan = planFrontends(given, resolve, SELF, addressPolicy([]), (candidates) => candidates.filter(isOurs));
  assert.deepEqual(
    plan.frontends.map(({ id }) => id),
    ["shop/web:80@10.0.1.1"],
  );
  assert.equal(plan.leftToOthers, 3);
  // One without an address yet is left to nobody.
  assert.deepEqual(
    plan.services.map(({ service }) => service.name),
    ["web", "new"],
  );
});

test("how many backends stand behind a port is known where the API tells, and not where a file does", () => {
  const backendsOf = (services: Snapshot["services"]) =>
    frontendsOf(snapshot({ services }), () => RESOLVED).map(({ listener: { port }, backends }) => [port, backends]);
  const some = [backend("n1", "a"), backend("n2", "a"), backend("n3", "b", false)];
  const none: readonly Backend[] = [];
  const first = (services: Snapshot["services"]) => backendsOf(services)[0]?.[1];
  assert.deepEqual(first([discovered(some)]), { ready: 2, unready: 1 });
  assert.deepEqual(first([{ ...discovered(), backends: none }]), { ready: 0, unready: 0 });
  for (const backends of [some, none]) assert.equal(first([{ ...discovered(), backends, areBackendsListed: true }]), undefined);
  const service = nlbService({ listeners: [listener(), listener({ port: 81 })] });
  const backendsByPort = new Map([
    [80, some],
    [81, none],
  ]);
  assert.deepEqual(backendsOf([{ service, backends: some, backendsByPort }]).slice(0, 2), [
    [80, { ready: 2, unready: 1 }],
    [81, { ready: 0, unready: 0 }],
  ]);
});
