/** Level `capture`: the stray SYN-ACK itself names the node and port that the NLB chose; without tcpdump the counters go on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { withLab } from "../../../lab/running-lab.ts";
import { buildTopology } from "../../../lab/topology.ts";
import { inLabSandbox } from "../../support/lab-slot.ts";
import { eventually } from "../../support/waiting.ts";

const FLAGS = ["--interval", "300ms", "--timeout", "1500ms", "--evidence", "capture"];
const lab = { topology: buildTopology({ nodes: 2, zones: 1 }), signal: new AbortController().signal, onError: console.error };

await inLabSandbox(import.meta.filename, () => {
  test("each hairpin names this node and the node port, in the log and on the page", async (t) => {
    await withLab({ ...lab, agentFlags: FLAGS }, async ({ agents }) => {
      const [agent] = agents;
      assert.ok(agent !== undefined);
      const failures = () => agent.log.filter(({ msg }) => msg === "attempt failed");
      await eventually(async () => assert.ok(failures().length >= 10, `${failures().length} failures`));
      const { agent: self, lastFailures } = await agent.status();
      if (self.evidence.level === "counters") {
        // In a user namespace there is no packet socket to be had.
        t.diagnostic(`NO CAPTURE HERE, the fallback was tested in its place: ${self.evidence.note}`);
        assert.equal(agent.log.filter(({ msg }) => msg === "less evidence than asked for").length, 1);
        assert.ok(failures().some(({ evidence }) => evidence === "reset"));
        return;
      }
      // tcpdump takes a moment to begin.
      for (const { evidence, chosen } of failures().slice(-5)) {
        assert.equal(evidence, "capture");
        const { address, port, node } = chosen as { address: string; port: number; node: string };
        assert.deepEqual({ address, node }, { address: agent.node.address, node: agent.node.name });
        assert.ok(port >= 30_000, `node port ${port}`);
      }
      assert.equal(lastFailures[0]?.chosen?.node, agent.node.name);
    });
  });

  test("without tcpdump there is one warning, and the counters tell", async () => {
    const { PATH } = process.env;
    const agentEnv = { PATH: "/nowhere" };
    await withLab({ ...lab, agentFlags: FLAGS, agentEnv }, async ({ agents }) => {
      assert.equal(process.env.PATH, PATH);
      const [agent] = agents;
      assert.ok(agent !== undefined);
      await eventually(async () => assert.ok(agent.log.filter(({ evidence }) => evidence === "reset").length > 3));
      const warnings = agent.log.filter(({ msg }) => msg === "less evidence than asked for");
      assert.deepEqual(
        warnings.map(({ evidence }) => evidence),
        ["evidence comes from the kernel's counters only: tcpdump is not installed"],
      );
      const { evidence } = (await agent.status()).agent;
      assert.deepEqual(evidence, { level: "counters", note: warnings[0]?.evidence, quiet: true });
    });
  });
});
