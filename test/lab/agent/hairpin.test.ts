/** Real agents on every node of a lab: what they count is what the configuration implies, in every mode, through every switch. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { WEB } from "../../../lab/cluster/defaults.ts";
import { look, measure } from "../../../lab/observe/measure.ts";
import type { View } from "../../../lab/observe/view.ts";
import { inOwnSandbox } from "../../../lab/runner/own-sandbox.ts";
import { type RunningLab, startLab } from "../../../lab/running-lab.ts";
import { buildTopology } from "../../../lab/topology.ts";
import { expectedCounts } from "../../../src/domain/binomial.ts";
import { sumOf } from "../../../src/domain/exposition.ts";
import { eventually } from "../../support/waiting.ts";

const PREFIX = "service.beta.kubernetes.io/aws-load-balancer-";
const ATTRIBUTES = `${PREFIX}target-group-attributes`;
const TARGET_TYPE = `${PREFIX}nlb-target-type`;
const TIMEOUT_MS = 1_500;
const FLAGS = ["--interval", "70ms", "--timeout", `${TIMEOUT_MS}ms`];
const MIN_ATTEMPTS = 300;
/** Over all rows of one test together, a lab that works is called wrong by luck once in a thousand runs. */
const ALPHA = 0.001;

/** Share of timeouts that each node must see, by the zone of the frontend. */
type Shares = Readonly<Record<string, Readonly<Record<string, number>>>>;
const [ZONE_A, ZONE_B] = ["eu-west-1a", "eu-west-1b"];
const NONE: Shares = {
  "node-1": { [ZONE_A]: 0, [ZONE_B]: 0 },
  "node-2": { [ZONE_A]: 0, [ZONE_B]: 0 },
  "node-3": { [ZONE_A]: 0, [ZONE_B]: 0 },
};

await inOwnSandbox(import.meta.filename, () => {
  let lab: RunningLab;
  before(async () => {
    lab = await startLab({
      topology: buildTopology({ nodes: 3, zones: 2 }),
      agentFlags: FLAGS,
      signal: new AbortController().signal,
      onError: console.error,
    });
  });
  after(() => lab?.down());

  const everyRow = () => measure(lab.agents, { minAttempts: MIN_ATTEMPTS, timeoutMs: TIMEOUT_MS, withinMs: 60_000 });

  /** Every row within the region of its share, nothing else failing, and the agent's own expectation the same share. */
  const assertShares = (views: readonly View[], shares: Shares) => {
    assert.equal(views.length, 6, JSON.stringify(views));
    for (const view of views) {
      const share = shares[view.node]?.[view.frontendZone] ?? Number.NaN;
      const { low, high } = expectedCounts(view.attempts, share, ALPHA / views.length);
      const seen = `${view.node} to ${view.frontendZone}: ${view.timeouts} timeouts of ${view.attempts}`;
      assert.ok(view.timeouts >= low && view.timeouts <= high, `${seen}, expected ${low} to ${high}`);
      assert.equal(view.otherFailures, 0, `${seen}, and other failures`);
      assert.equal(view.exposure, share, `${seen}: the agent's exposure`);
    }
  };
  const assertColocated = (views: readonly View[], nodes: readonly string[]) => {
    for (const { node, colocated } of views) assert.equal(colocated, nodes.includes(node), `colocated on ${node}`);
  };
  /** Makes a change and waits until the network does it and every agent has planned with it. */
  const change = async (edit: () => void, shares: Shares) => {
    edit();
    await lab.cluster.settled();
    const atMs = Date.now();
    await eventually(async () => {
      for (const view of await look(lab.agents)) assert.equal(view.exposure, shares[view.node]?.[view.frontendZone]);
    });
    return atMs;
  };
  /** Connects that all agents have seen, and those of them that took at most 5 ms. */
  const connects = async () => {
    const samples = (await Promise.all(lab.agents.map((agent) => agent.scrape()))).flat();
    return {
      fast: sumOf(samples, "hairpin_probe_connect_duration_seconds_bucket", { le: "0.005" }),
      all: sumOf(samples, "hairpin_probe_connect_duration_seconds_count"),
    };
  };
  /** When each failed attempt that any agent logged began, in Unix milliseconds. */
  const failureStarts = () =>
    lab.agents.flatMap((agent) =>
      agent.log.filter(({ msg }) => msg === "attempt failed").map(({ startedAt }) => Date.parse(String(startedAt))),
    );
  const annotate = (annotations: Readonly<Record<string, string | null>>) =>
    lab.cluster.annotate(WEB.namespace, WEB.name, annotations);

  const DEFAULT: Shares = {
    "node-1": { [ZONE_A]: 1 / 2, [ZONE_B]: 0 },
    "node-2": { [ZONE_A]: 1 / 2, [ZONE_B]: 0 },
    "node-3": { [ZONE_A]: 0, [ZONE_B]: 1 },
  };

  test("instance targets with preservation: every node times out on its own zone's address, one in the targets of the zone", async () => {
    await change(() => {}, DEFAULT);
    const views = await everyRow();
    assertShares(views, DEFAULT);
    assertColocated(views, ["node-1", "node-2", "node-3"]);
  });

  test("preservation switched off: no attempt that begins after it times out, and 99 of 100 connect within 5 ms", async () => {
    const atMs = await change(() => annotate({ [ATTRIBUTES]: "preserve_client_ip.enabled=false" }), NONE);
    const before = await connects();
    assertShares(await everyRow(), NONE);
    const after = await connects();
    const [fast, all] = [after.fast - before.fast, after.all - before.all];
    assert.ok(fast >= 0.99 * all, `healthy connects: ${fast} of ${all} took less than 5 ms, expected 99 of 100`);
    const late = failureStarts().filter((startMs) => startMs > atMs);
    assert.deepEqual(late, [], `${late.length} attempts that began after the switch failed`);
    assert.ok(failureStarts().length > 0, "the control: failures were logged before");
  });

  test("ip targets with preservation: only nodes that host a chosen pod time out", async () => {
    // node-1 holds the only pod of its zone; node-3 the only one of the other; node-2 none.
    const shares: Shares = { ...NONE, "node-1": { [ZONE_A]: 1, [ZONE_B]: 0 }, "node-3": { [ZONE_A]: 0, [ZONE_B]: 1 } };
    await change(() => {
      annotate({ [TARGET_TYPE]: "ip", [ATTRIBUTES]: "preserve_client_ip.enabled=true" });
      lab.cluster.moveBackends(["node-1", "node-3"]);
    }, shares);
    const views = await everyRow();
    assertShares(views, shares);
    assertColocated(views, ["node-1", "node-3"]);
  });

  test("ip targets without preservation, their default: nothing times out, at once", async () => {
    const atMs = await change(() => annotate({ [ATTRIBUTES]: "preserve_client_ip.enabled=false" }), NONE);
    assertShares(await everyRow(), NONE);
    assert.deepEqual(
      failureStarts().filter((startMs) => startMs > atMs),
      [],
    );
  });

  test("instance targets, policy Local: only nodes with a backend time out, and pods that move take it with them", async () => {
    const shares: Shares = { ...NONE, "node-2": { [ZONE_A]: 1, [ZONE_B]: 0 }, "node-3": { [ZONE_A]: 0, [ZONE_B]: 1 } };
    await change(() => {
      annotate({ [TARGET_TYPE]: "instance", [ATTRIBUTES]: "preserve_client_ip.enabled=true" });
      lab.cluster.setExternalTrafficPolicy(WEB.namespace, WEB.name, "Local");
      lab.cluster.moveBackends(["node-2", "node-3"]);
    }, shares);
    const views = await everyRow();
    assertShares(views, shares);
    assertColocated(views, ["node-2", "node-3"]);
  });

  test("cross-zone load balancing: every node times out on every address, one in all targets", async () => {
    const third = { [ZONE_A]: 1 / 3, [ZONE_B]: 1 / 3 };
    const shares: Shares = { "node-1": third, "node-2": third, "node-3": third };
    await change(() => {
      annotate({ [`${PREFIX}attributes`]: "load_balancing.cross_zone.enabled=true" });
      lab.cluster.setExternalTrafficPolicy(WEB.namespace, WEB.name, "Cluster");
      lab.cluster.moveBackends(["node-1", "node-2", "node-3"]);
    }, shares);
    assertShares(await everyRow(), shares);
  });

  test("cross-zone, policy Local: nodes with a backend time out on every address, one in such nodes", async () => {
    const half = { [ZONE_A]: 1 / 2, [ZONE_B]: 1 / 2 };
    const shares: Shares = { ...NONE, "node-1": half, "node-2": half };
    await change(() => {
      lab.cluster.setExternalTrafficPolicy(WEB.namespace, WEB.name, "Local");
      lab.cluster.moveBackends(["node-1", "node-2"]);
    }, shares);
    const views = await everyRow();
    assertShares(views, shares);
    assertColocated(views, ["node-1", "node-2"]);
  });

  test("cross-zone, ip targets with preservation: a node's share of all pods, on every address", async () => {
    const half = { [ZONE_A]: 1 / 2, [ZONE_B]: 1 / 2 };
    const shares: Shares = { ...NONE, "node-1": half, "node-3": half };
    await change(() => {
      annotate({ [TARGET_TYPE]: "ip", [ATTRIBUTES]: "preserve_client_ip.enabled=true" });
      lab.cluster.moveBackends(["node-1", "node-3"]);
    }, shares);
    assertShares(await everyRow(), shares);
  });
});
