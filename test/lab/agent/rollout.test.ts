/** A rollout replaces every agent: none of them may call an attempt failed that only ended with it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { LabAgent } from "../../../lab/agents.ts";
import { WEB } from "../../../lab/cluster/defaults.ts";
import { withLab } from "../../../lab/running-lab.ts";
import { buildTopology } from "../../../lab/topology.ts";
import { type Sample, sumOf } from "../../../src/domain/exposition.ts";
import { inLabSandbox } from "../../support/lab-slot.ts";
import { isNightly } from "../../support/run-environment.ts";
import { eventually } from "../../support/waiting.ts";

const ATTRIBUTES = "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes";
const ROUNDS = isNightly ? 3 : 1;
/** Attempts of an agent before it is replaced. */
const ENOUGH = 60;
/** A lost SYN is sent again after a second: so some attempts are in flight at any moment, and none of them fails within ten seconds. */
const LOSS = { kind: "syn_loss", share: 0.05 } as const;

await inLabSandbox(import.meta.filename, () => {
  test("a rollout writes no false timeouts: no agent counts or logs a failure, however often all are replaced", async () => {
    const topology = buildTopology({ nodes: 3, zones: 2 });
    const agentFlags = ["--interval", "40ms", "--timeout", "10s"];
    const options = { topology, agentNodes: [], agentFlags, signal: new AbortController().signal, onError: console.error };
    await withLab(options, async (lab) => {
      lab.cluster.annotate(WEB.namespace, WEB.name, { [ATTRIBUTES]: "preserve_client_ip.enabled=false" });
      lab.cluster.setFaults([LOSS]);
      await lab.cluster.settled();
      const running = new Map((await lab.startAgents(topology.nodes)).map((agent) => [agent.node.name, agent]));
      const all = [...running.values()];
      const pages: (readonly Sample[])[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        for (const node of topology.nodes) {
          const old = running.get(node.name);
          assert.ok(old !== undefined);
          await hasProbed(old);
          pages.push(await old.scrape());
          await end(old);
          const [agent] = await lab.startAgents([node]);
          assert.ok(agent !== undefined);
          running.set(node.name, agent);
          all.push(agent);
        }
      }
      await Promise.all([...running.values()].map(hasProbed));
      pages.push(...(await Promise.all([...running.values()].map((agent) => agent.scrape()))));
      const sum = (name: string): number => pages.reduce((total, page) => total + sumOf(page, name), 0);
      assert.ok(sum("hairpin_probe_attempts_total") >= ENOUGH * all.length);
      assert.equal(sum("hairpin_probe_failures_total"), 0);
      assert.equal(sum("hairpin_probe_control_failures_total"), 0);
      // What a page cannot tell any more, the log does: it has a line for each attempt that failed.
      for (const { log, node } of all)
        assert.deepEqual(
          log.filter(({ msg }) => /attempt failed/.test(msg)),
          [],
          node.name,
        );
      assert.equal(all.length, topology.nodes.length * (ROUNDS + 1));
      await Promise.all([...running.values()].map(end));
    });
  });
});

const hasProbed = (agent: LabAgent): Promise<void> =>
  eventually(async () => assert.ok(sumOf(await agent.scrape(), "hairpin_probe_attempts_total") >= ENOUGH));

async function end({ process: child }: LabAgent): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  assert.deepEqual(await exited, [0, null]);
}
