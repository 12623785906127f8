/**
 * A connection tracking table that is full: the node's kernel drops the first packet of every new connection ("nf_conntrack: table
 * full, dropping packet"). A namespace cannot have a bound of its own (`nf_conntrack_max` is the machine's), so here a rule of the node
 * drops what a full table would.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { WEB } from "../../../lab/cluster/defaults.ts";
import { withLab } from "../../../lab/running-lab.ts";
import { buildTopology } from "../../../lab/topology.ts";
import { type Sample, sumOf } from "../../../src/domain/exposition.ts";
import { inLabSandbox } from "../../support/lab-slot.ts";
import { untilHealthy } from "../../support/until-healthy.ts";
import { eventually } from "../../support/waiting.ts";

const ATTRIBUTES = "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes";
const ENOUGH = 20;
const TIMEOUT_MS = 1_500;

const failures = (page: readonly Sample[], labels: Readonly<Record<string, string>> = {}): number =>
  sumOf(page, "hairpin_probe_failures_total", labels);

await inLabSandbox(import.meta.filename, () => {
  test("a full conntrack table on the node is silence on every path: no hairpin is called, controls fail alike, other nodes are well", async () => {
    const topology = buildTopology({ nodes: 2, zones: 1 });
    const agentFlags = ["--interval", "100ms", "--timeout", `${TIMEOUT_MS}ms`, "--control-every", "1"];
    const options = { topology, agentNodes: [], agentFlags, signal: new AbortController().signal, onError: console.error };
    await withLab(options, async (lab) => {
      lab.cluster.annotate(WEB.namespace, WEB.name, { [ATTRIBUTES]: "preserve_client_ip.enabled=false" });
      await lab.cluster.settled();
      // Only now: nothing has hairpinned before.
      const agents = await lab.startAgents(topology.nodes);
      const [sick, well] = agents;
      assert.ok(sick !== undefined && well !== undefined);
      const nft = async (ruleset: string): Promise<void> => {
        const child = lab.network.spawnIn(sick.node.name, ["nft", ruleset], { stdio: "inherit" });
        assert.deepEqual(await once(child, "exit"), [0, null]);
      };
      await untilHealthy(agents, TIMEOUT_MS);
      const [before, wellBefore] = [await sick.scrape(), await well.scrape()];
      await nft(
        "table inet full { chain forward { type filter hook forward priority -10; policy accept; " +
          `ip saddr ${sick.node.agent.address} ct state new drop; }; }`,
      );
      await eventually(async () => {
        const now = await sick.scrape();
        assert.ok(failures(now, { reason: "connect_timeout" }) >= failures(before) + ENOUGH);
        const controls = sumOf(now, "hairpin_probe_control_failures_total", { reason: "connect_timeout" });
        assert.ok(controls >= ENOUGH, `${controls} controls`);
      });
      await nft("delete table inet full");
      await untilHealthy(agents, TIMEOUT_MS);
      const after = await sick.scrape();
      assert.equal(failures(after), failures(after, { reason: "connect_timeout" }) + failures(before));
      assert.equal(sumOf(after, "hairpin_probe_hairpins_total"), sumOf(before, "hairpin_probe_hairpins_total"));
      assert.equal(failures(await well.scrape()), failures(wellBefore));
    });
  });
});
