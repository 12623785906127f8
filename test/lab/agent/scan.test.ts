/** Somebody scans the agent's pod: what its kernel counts is no longer the agent's alone, and nobody is called a hairpin by it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inOwnSandbox } from "../../../lab/runner/own-sandbox.ts";
import { withLab } from "../../../lab/running-lab.ts";
import { buildTopology, nlbAddress } from "../../../lab/topology.ts";
import { sumOf } from "../../../src/domain/exposition.ts";
import { eventually } from "../../support/waiting.ts";

const topology = buildTopology({ nodes: 2, zones: 2 });
const [zoneA] = topology.zones;
/** Ports from here on are closed. */
const FIRST_CLOSED = 20_000;
const SCAN_EVERY_MS = 10;

/** Sends SYNs to closed ports, two each 10 ms or so, until it is ended. */
function scan(address: string): () => void {
  let port = FIRST_CLOSED;
  const timer = setInterval(() => {
    for (let i = 0; i < 2; i++) connect(port++, address).on("error", () => {});
    if (port > 60_000) port = FIRST_CLOSED;
  }, SCAN_EVERY_MS);
  return () => clearInterval(timer);
}

await inOwnSandbox(import.meta.filename, () => {
  for (const { truth, isDropped } of [
    { truth: "silent drops", isDropped: true },
    { truth: "real hairpins", isDropped: false },
  ]) {
    test(`beside a scan of closed ports ${truth} are undecided, and the scan is seen in metric, status and log`, async () => {
      const agentFlags = ["--interval", "200ms", "--timeout", "1500ms"];
      const lab = { topology, agentFlags, agentNodes: [], signal: new AbortController().signal, onError: console.error };
      await withLab(lab, async ({ cluster, startAgents }) => {
        assert.ok(zoneA !== undefined);
        // Its own zone's address hairpins each time, unless it is dropped on the way.
        if (isDropped) cluster.setFaults([{ kind: "silent_drop", address: nlbAddress(zoneA, 0) }]);
        await cluster.settled();
        const [agent] = await startAgents(topology.nodes.slice(0, 1));
        assert.ok(agent !== undefined);
        const saidOf = (from: number) =>
          agent.log.slice(from).flatMap(({ msg, evidence }) => (msg === "attempt failed" ? [evidence] : []));
        const right = isDropped ? "silent" : "reset";
        await eventually(() => assert.ok(saidOf(0).filter((said) => said === right).length >= 5, "the control"));
        const isQuiet = async () => sumOf(await agent.scrape(), "hairpin_probe_evidence_quiet");
        assert.equal(await isQuiet(), 1);

        const end = scan(agent.node.agent.address);
        try {
          await eventually(async () => assert.equal(await isQuiet(), 0));
          const from = agent.log.length;
          await eventually(() => assert.ok(saidOf(from).length >= 20));
          // The first ones may have been judged before the scan was seen.
          assert.deepEqual([...new Set(saidOf(from).slice(10))], ["undecided"]);
          const wrong = isDropped ? "reset" : "silent";
          assert.ok(!saidOf(0).includes(wrong), JSON.stringify(saidOf(0)));
          const { agent: self, services } = await agent.status();
          assert.equal(self.evidence.quiet, false);
          if (isDropped) {
            const causes = services.flatMap(({ frontends }) => frontends.map(({ diagnosis }) => diagnosis.cause));
            assert.ok(!causes.includes("hairpin"), JSON.stringify(causes));
          }
          const lines = agent.log.filter(({ msg }) => msg.startsWith("packets from elsewhere"));
          assert.equal(lines.length, 1, "it is said once");
        } finally {
          end();
        }
      });
    });
  }

  test("where the configuration rules a hairpin out, a reset convicts nobody", async (t) => {
    assert.ok(zoneA !== undefined);
    const directory = mkdtempSync(join(tmpdir(), "hairpin-scan-"));
    t.after(() => rmSync(directory, { recursive: true }));
    // The same address twice: of the second Service, a file says what is not so.
    const file = join(directory, "frontends.yaml");
    const address = { address: nlbAddress(zoneA, 0), zone: zoneA.name };
    const said = { targetType: "instance", preserveClientIp: false, backends: [{ node: topology.nodes[0]?.name }] };
    writeFileSync(
      file,
      JSON.stringify({ services: [{ namespace: "file", name: "web", addresses: [address], ports: [{ port: 80 }], ...said }] }),
    );
    const agentFlags = ["--interval", "300ms", "--timeout", "1500ms", "--frontends", file];
    const lab = { topology, agentFlags, signal: new AbortController().signal, onError: console.error };
    await withLab(lab, async ({ agents: [agent] }) => {
      const failures = (service: string) =>
        agent?.log.filter((line) => line.msg === "attempt failed" && line.service === service).map(({ evidence }) => evidence) ??
        [];
      await eventually(() => {
        assert.ok(failures("shop/web").filter((evidence) => evidence === "reset").length >= 5, "the control");
        assert.ok(failures("file/web").length >= 5);
      });
      assert.ok(!failures("file/web").includes("reset"), JSON.stringify(failures("file/web")));
    });
  });
});
