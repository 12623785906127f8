import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Control } from "../../src/domain/control.ts";
import { parseExposition, type Sample, sumOf } from "../../src/domain/exposition.ts";
import type { Frontend } from "../../src/domain/frontend.ts";
import { AgentMetrics } from "../../src/metrics/agent-metrics.ts";
import { MIN_SERIES, planSeries } from "../../src/metrics/series-budget.ts";
import { AGENT } from "../support/full-page.ts";
import { frontend, listener, nlbService, snapshot } from "../support/services.ts";

interface Shape {
  readonly ports: number;
  readonly zones: number;
  readonly protocol: "tcp" | "https";
  readonly exposure: number | undefined;
  readonly colocated: boolean;
  readonly areBackendsKnown?: boolean;
}

const SHAPE: Shape = { ports: 1, zones: 3, protocol: "tcp", exposure: 0.25, colocated: true };

/** Services of these shapes, as they come out of a plan. */
function planOf(shapes: readonly Shape[]) {
  const frontends: Frontend[] = [];
  const controls: Control[] = [];
  const services = shapes.map(({ ports, zones, protocol, exposure, colocated, areBackendsKnown = true }, i) => {
    const backends = areBackendsKnown ? { ready: i, unready: 1 } : undefined;
    const listeners = Array.from({ length: ports }, (_, k) => listener({ port: 80 + k, protocol }));
    const service = nlbService({ namespace: `ns-${i % 3}`, name: `service-${i}`, listeners });
    for (const each of listeners) {
      const id = `${service.name}:${each.port}`;
      controls.push({ id, service, listener: each, address: "172.20.0.80", port: each.port });
      for (let zone = 0; zone < zones; zone++) {
        // Only the own zone's address can hairpin.
        const own = { exposure: zone === 0 ? exposure : 0, colocated, backends, zone: `zone-${zone}` };
        frontends.push({ ...frontend(own), id: `${id}@${zone}`, service, listener: each });
      }
    }
    return service;
  });
  return { services, frontends, controls };
}

/** An agent that has planned them, and made one attempt of each kind at each frontend. */
async function pageOf(shapes: readonly Shape[], maxSeries: number): Promise<readonly Sample[]> {
  const metrics = new AgentMetrics({ node: "n1", nowMs: () => 0, maxSeries });
  metrics.watchAgent(() => AGENT);
  metrics.watchSnapshotAge(() => 0);
  metrics.leftToOthers(0);
  metrics.pace({ needed: 1, limit: 200, slowed: 0 });
  const { services, frontends, controls } = planOf(shapes);
  metrics.plan(snapshot({ services: services.map((service) => ({ service, backends: [] })) }), frontends, controls);
  for (const each of frontends) {
    const { protocol } = each.listener;
    const certificate = protocol === "https" ? { certificateExpiry: 2_000_000_000 } : {};
    metrics.outcome(each, { kind: "success", phases: { connect: 0.001 }, ...certificate });
    metrics.outcome(each, { kind: "failure", reason: "connect_timeout", phase: "connect", detail: "", seconds: 3, phases: {} });
  }
  for (const control of controls) metrics.controlOutcome(control, { kind: "success", phases: {} });
  return parseExposition(await metrics.registry.render());
}

const shapes = fc.array(
  fc.record({
    ports: fc.integer({ min: 1, max: 3 }),
    zones: fc.integer({ min: 1, max: 3 }),
    protocol: fc.constantFrom("tcp" as const, "https" as const),
    exposure: fc.constantFrom(undefined, 0, 0.25),
    colocated: fc.boolean(),
    areBackendsKnown: fc.boolean(),
  }),
  { maxLength: 40 },
);

test("what is needed is what the page has when nothing is folded", async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async (given) => {
      const page = await pageOf(given, 1_000_000);
      assert.equal(sumOf(page, "hairpin_probe_series_needed"), page.length);
      assert.equal(sumOf(page, "hairpin_probe_services_folded"), 0);
    }),
    { numRuns: 40 },
  );
});

test("whatever is planned, there are no more series than the budget has, and every attempt is counted", async () => {
  await fc.assert(
    fc.asyncProperty(shapes, fc.integer({ min: MIN_SERIES, max: 4_000 }), async (given, limit) => {
      const page = await pageOf(given, limit);
      assert.ok(page.length <= limit, `${page.length} series, limit ${limit}`);
      const { frontends, controls } = planOf(given);
      assert.equal(sumOf(page, "hairpin_probe_attempts_total"), 2 * frontends.length);
      assert.equal(sumOf(page, "hairpin_probe_failures_total", { reason: "connect_timeout" }), frontends.length);
      assert.equal(sumOf(page, "hairpin_probe_connect_duration_seconds_count"), frontends.length);
      assert.equal(sumOf(page, "hairpin_probe_control_attempts_total"), controls.length);
      assert.equal(sumOf(page, "hairpin_probe_frontends"), frontends.length);
      assert.equal(sumOf(page, "hairpin_probe_series_limit"), limit);
    }),
    { numRuns: 60 },
  );
});

test("ports and zones go first, of all Services alike, and the exposure is the mean of what was added up", async () => {
  const given = Array.from({ length: 20 }, () => SHAPE);
  const page = await pageOf(given, 1_100);
  assert.ok(sumOf(page, "hairpin_probe_series_needed") > 1_100);
  assert.equal(sumOf(page, "hairpin_probe_services_folded"), 0);
  const attempts = page.filter(({ name }) => name === "hairpin_probe_attempts_total");
  assert.equal(new Set(attempts.map(({ labels }) => labels.service_name)).size, 20);
  assert.deepEqual([...new Set(attempts.map(({ labels }) => `${labels.service_port}${labels.frontend_zone}`))], [""]);
  // Exposed and not stay apart: without that the alerts would have nothing to compare.
  const exposures = page.filter(
    ({ name, labels }) => name === "hairpin_probe_exposure_ratio" && labels.service_name === "service-0",
  );
  assert.deepEqual(exposures.map(({ labels, value }) => [labels.exposed, value]).sort(), [
    ["false", 0],
    ["true", 0.25],
  ]);
  assert.equal(attempts.find(({ labels }) => labels.service_name === "service-0" && labels.exposed === "false")?.value, 4);
});

test("a frontend that stays is folded as soon as others leave no room for it", async () => {
  const metrics = new AgentMetrics({ node: "n1", nowMs: () => 0, maxSeries: 2_000 });
  const { services, frontends, controls } = planOf(Array.from({ length: 100 }, () => SHAPE));
  const [first] = frontends;
  assert.ok(first !== undefined);
  const attempted = (planned: typeof services) => {
    const isPlanned = ({ service }: Pick<Frontend, "service">) => planned.includes(service);
    const snapshotOfThem = snapshot({ services: planned.map((service) => ({ service, backends: [] })) });
    metrics.plan(snapshotOfThem, frontends.filter(isPlanned), controls.filter(isPlanned));
    metrics.outcome(first, { kind: "success", phases: {} });
  };
  attempted(services.slice(0, 1));
  attempted(services);
  const page = parseExposition(await metrics.registry.render());
  const counted = page.filter(({ name, value }) => name === "hairpin_probe_attempts_total" && value > 0);
  assert.deepEqual(
    counted.map(({ labels, value }) => [labels.service_port, labels.frontend_zone, value]),
    [
      ["80", "zone-0", 1],
      ["", "", 1],
    ],
  );
});

test("then Services share one set of labels; those that keep their own are the same on every node", async () => {
  const given = Array.from({ length: 100 }, () => SHAPE);
  const page = await pageOf(given, 2_000);
  const folded = sumOf(page, "hairpin_probe_services_folded");
  assert.ok(folded > 0 && folded < 100, `${folded}`);
  const named = new Set(
    page.filter(({ name }) => name === "hairpin_probe_service_info").map(({ labels }) => labels.service_name),
  );
  assert.equal(named.size, 100 - folded);
  assert.equal(sumOf(page, "hairpin_probe_frontends", { service_name: "" }), 3 * folded);
  assert.equal(sumOf(page, "hairpin_probe_failures_total", { service_name: "", reason: "connect_timeout" }), 3 * folded);

  const { folding } = planSeries(planOf(given), 2_000, "n1");
  const elsewhere = planSeries(planOf(given), 2_000, "another-node");
  assert.deepEqual(elsewhere.folding, folding);
  // One more Service: whoever is told apart now was so before, but for the new one.
  const more = planSeries(planOf([...given, SHAPE]), 2_000, "n1").folding.services;
  const changed = [...folding.services].filter((key) => !more.has(key)).length;
  assert.ok(changed === 0 && more.size === folding.services.size + 1);
});

test("an attempt that ends after the labels of its frontend were folded is counted under the new ones", async () => {
  const metrics = new AgentMetrics({ node: "n1", nowMs: () => 0, maxSeries: 500 });
  const few = planOf([SHAPE]);
  const many = planOf(Array.from({ length: 40 }, () => SHAPE));
  const plan = ({ services, frontends, controls }: typeof few) =>
    metrics.plan(snapshot({ services: services.map((service) => ({ service, backends: [] })) }), frontends, controls);
  plan(few);
  const [first] = few.frontends;
  assert.ok(first !== undefined);
  plan(many);
  metrics.outcome(first, { kind: "success", phases: { connect: 0.001 } });
  const page = parseExposition(await metrics.registry.render());
  assert.equal(sumOf(page, "hairpin_probe_attempts_total"), 1);
});
