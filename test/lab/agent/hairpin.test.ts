/** Real agents on every node of a lab: what they count is what the configuration implies, in every mode, through every switch. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WEB } from "../../../lab/cluster/defaults.ts";
import { look, measure } from "../../../lab/observe/measure.ts";
import type { View } from "../../../lab/observe/view.ts";
import { SYN_SENT_SECONDS } from "../../../lab/rules/sysctls.ts";
import { type RunningLab, startLab } from "../../../lab/running-lab.ts";
import { buildTopology } from "../../../lab/topology.ts";
import { expectedCounts } from "../../../src/domain/binomial.ts";
import { sumOf } from "../../../src/domain/exposition.ts";
import { inLabSandbox } from "../../support/lab-slot.ts";
import { eventually, PATIENCE_MS } from "../../support/waiting.ts";

const PREFIX = "service.beta.kubernetes.io/aws-load-balancer-";
const ATTRIBUTES = `${PREFIX}target-group-attributes`;
const TARGET_TYPE = `${PREFIX}nlb-target-type`;
const TIMEOUT_MS = 1_500;
const FLAGS = ["--interval", "60ms", "--timeout", `${TIMEOUT_MS}ms`];
/** In every row: enough to tell one half from one third, and all or nothing from either. */
const [MIN_ATTEMPTS_OF_A_SHARE, MIN_ATTEMPTS_OF_ALL_OR_NOTHING] = [250, 50];
/** What a connect that lost no packet never takes: Linux sends a lost SYN again after a second. */
const RETRANSMITTED_SECONDS = "0.9";
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

await inLabSandbox(import.meta.filename, () => {
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

  /** What an agent has discarded so far, by its node. */
  const discarded = async () =>
    new Map(
      await Promise.all(
        lab.agents.map(async (agent) => [agent.node.name, sumOf(await agent.scrape(), "hairpin_probe_discarded_total")] as const),
      ),
    );

  /**
   * Measures, and demands of every row that it is within the region of its share, that nothing else fails, and that the agent's own
   * expectation is the same share. What a busy machine made the agent discard may have been timeouts or not.
   */
  const assertShares = async (shares: Shares): Promise<readonly View[]> => {
    const isShare = Object.values(shares).some((ofNode) => Object.values(ofNode).some((share) => share > 0 && share < 1));
    const minAttempts = isShare ? MIN_ATTEMPTS_OF_A_SHARE : MIN_ATTEMPTS_OF_ALL_OR_NOTHING;
    const before = await discarded();
    const views = await measure(lab.agents, { minAttempts, timeoutMs: TIMEOUT_MS, withinMs: PATIENCE_MS });
    const after = await discarded();
    assert.equal(views.length, 6, JSON.stringify(views));
    for (const view of views) {
      const share = shares[view.node]?.[view.frontendZone] ?? Number.NaN;
      const unknown = (after.get(view.node) ?? 0) - (before.get(view.node) ?? 0);
      const { low, high } = expectedCounts(view.attempts + unknown, share, ALPHA / views.length);
      const seen = `${view.node} to ${view.frontendZone}: ${view.timeouts} timeouts of ${view.attempts}, ${unknown} discarded`;
      assert.ok(view.timeouts >= low - unknown && view.timeouts <= high, `${seen}, expected ${low} to ${high} of all`);
      assert.equal(view.otherFailures, 0, `${seen}, and other failures`);
      assert.equal(view.exposure, share, `${seen}: the agent's exposure`);
    }
    return views;
  };
  const assertColocated = (views: readonly View[], nodes: readonly string[]) => {
    for (const { node, colocated } of views) assert.equal(colocated, nodes.includes(node), `colocated on ${node}`);
  };
  /**
   * Makes a change and waits until the network does it and every agent has planned with it.
   *
   * @returns from when on no connection can meet what the NLB remembers of one from before, in Unix milliseconds.
   */
  const change = async (edit: () => void, shares: Shares) => {
    edit();
    await lab.cluster.settled();
    await sleep(TIMEOUT_MS + SYN_SENT_SECONDS * 1000);
    const atMs = Date.now();
    await eventually(async () => {
      for (const view of await look(lab.agents)) assert.equal(view.exposure, shares[view.node]?.[view.frontendZone]);
    });
    return atMs;
  };
  /** Connects that all agents have seen, and those of them for which no SYN was sent again. */
  const connects = async () => {
    const samples = (await Promise.all(lab.agents.map((agent) => agent.scrape()))).flat();
    return {
      fast: sumOf(samples, "hairpin_probe_connect_duration_seconds_bucket", { le: RETRANSMITTED_SECONDS }),
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
    const views = await assertShares(DEFAULT);
    assertColocated(views, ["node-1", "node-2", "node-3"]);
  });

  test("preservation switched off: no attempt that begins after it times out, and no healthy connect has its SYN sent again", async () => {
    const atMs = await change(() => annotate({ [ATTRIBUTES]: "preserve_client_ip.enabled=false" }), NONE);
    const before = await connects();
    await assertShares(NONE);
    const after = await connects();
    const [fast, all] = [after.fast - before.fast, after.all - before.all];
    assert.ok(all > 0);
    assert.equal(fast, all, "healthy connects that were not slow for a lost packet, of all");
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
    const views = await assertShares(shares);
    assertColocated(views, ["node-1", "node-3"]);
  });

  test("ip targets without preservation, their default: nothing times out, at once", async () => {
    const atMs = await change(() => annotate({ [ATTRIBUTES]: "preserve_client_ip.enabled=false" }), NONE);
    await assertShares(NONE);
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
    const views = await assertShares(shares);
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
    await assertShares(shares);
  });

  test("cross-zone, policy Local: nodes with a backend time out on every address, one in such nodes", async () => {
    const half = { [ZONE_A]: 1 / 2, [ZONE_B]: 1 / 2 };
    const shares: Shares = { ...NONE, "node-1": half, "node-2": half };
    await change(() => {
      lab.cluster.setExternalTrafficPolicy(WEB.namespace, WEB.name, "Local");
      lab.cluster.moveBackends(["node-1", "node-2"]);
    }, shares);
    const views = await assertShares(shares);
    assertColocated(views, ["node-1", "node-2"]);
  });

  test("cross-zone, ip targets with preservation: a node's share of all pods, on every address", async () => {
    const half = { [ZONE_A]: 1 / 2, [ZONE_B]: 1 / 2 };
    const shares: Shares = { ...NONE, "node-1": half, "node-3": half };
    await change(() => {
      annotate({ [TARGET_TYPE]: "ip", [ATTRIBUTES]: "preserve_client_ip.enabled=true" });
      lab.cluster.moveBackends(["node-1", "node-3"]);
    }, shares);
    await assertShares(shares);
  });
});
