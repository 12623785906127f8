/** Somebody scans the agent's pod: what its kernel counts is no longer the agent's alone, and nobody is called a hairpin by it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { LabAgent } from "../../../lab/agents.ts";
import { type RunningLab, startLab } from "../../../lab/running-lab.ts";
import { buildTopology, nlbAddress } from "../../../lab/topology.ts";
import { sumOf } from "../../../src/domain/exposition.ts";
import { inLabSandbox } from "../../support/lab-slot.ts";
import { eventually } from "../../support/waiting.ts";

const topology = buildTopology({ nodes: 2, zones: 2 });
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

/** What was said of the failures of a Service, from a line of the log on. */
const saidOf = ({ log }: LabAgent, service: string, from = 0): readonly unknown[] =>
  log.slice(from).flatMap((line) => (line.msg === "attempt failed" && line.service === service ? [line.evidence] : []));

/** Scans an agent until that shows everywhere. @returns what is said of failures meanwhile. */
async function underScan(agent: LabAgent, use: () => Promise<void>): Promise<readonly unknown[]> {
  const isQuiet = async () => sumOf(await agent.scrape(), "hairpin_probe_evidence_quiet");
  assert.equal(await isQuiet(), 1);
  const end = scan(agent.node.agent.address);
  try {
    await eventually(async () => assert.equal(await isQuiet(), 0));
    const from = agent.log.length;
    await eventually(() => assert.ok(saidOf(agent, "shop/web", from).length >= 20));
    assert.equal((await agent.status()).agent.evidence.quiet, false);
    assert.equal(agent.log.filter(({ msg }) => msg.startsWith("packets from elsewhere")).length, 1, "it is said once");
    await use();
    // The first ones may have been judged before the scan was seen.
    return saidOf(agent, "shop/web", from).slice(10);
  } finally {
    end();
  }
}

await inLabSandbox(import.meta.filename, () => {
  const [zoneA, zoneB] = topology.zones;
  if (zoneA === undefined || zoneB === undefined) throw new Error("a topology of two zones has less");
  const directory = mkdtempSync(join(tmpdir(), "hairpin-scan-"));
  let lab: RunningLab;
  let [dropped, hairpinning]: LabAgent[] = [];
  before(async () => {
    // The address of zone B once more, of which a file says what is not so.
    const file = join(directory, "frontends.yaml");
    const addresses = [{ address: nlbAddress(zoneB, 0), zone: zoneB.name }];
    const said = { targetType: "instance", preserveClientIp: false, backends: [{ node: topology.nodes[1]?.name }] };
    writeFileSync(
      file,
      JSON.stringify({ services: [{ namespace: "file", name: "web", addresses, ports: [{ port: 80 }], ...said }] }),
    );
    lab = await startLab({
      topology,
      agentFlags: ["--interval", "200ms", "--timeout", "1500ms", "--frontends", file],
      agentNodes: [],
      signal: new AbortController().signal,
      onError: console.error,
    });
    // Each node's own zone hairpins each time; that of the first one is dropped on the way.
    lab.cluster.setFaults([{ kind: "silent_drop", address: nlbAddress(zoneA, 0) }]);
    await lab.cluster.settled();
    [dropped, hairpinning] = await lab.startAgents(topology.nodes);
  });
  after(async () => {
    await lab?.down();
    rmSync(directory, { recursive: true });
  });

  test("where the configuration rules a hairpin out, a reset convicts nobody", async () => {
    assert.ok(hairpinning !== undefined);
    const agent = hairpinning;
    await eventually(() => {
      assert.ok(saidOf(agent, "shop/web").filter((evidence) => evidence === "reset").length >= 5, "the control");
      assert.ok(saidOf(agent, "file/web").length >= 5);
    });
    assert.ok(!saidOf(agent, "file/web").includes("reset"), JSON.stringify(saidOf(agent, "file/web")));
  });

  test("beside a scan of closed ports silent drops are undecided, and the scan is seen in metric, status and log", async () => {
    assert.ok(dropped !== undefined);
    const agent = dropped;
    await eventually(() => assert.ok(saidOf(agent, "shop/web").filter((evidence) => evidence === "silent").length >= 5));
    const said = await underScan(agent, async () => {
      const { services } = await agent.status();
      const causes = services.flatMap(({ frontends }) => frontends.map(({ diagnosis }) => diagnosis.cause));
      assert.ok(!causes.includes("hairpin"), JSON.stringify(causes));
    });
    assert.deepEqual([...new Set(said)], ["undecided"]);
    assert.ok(!saidOf(agent, "shop/web").includes("reset"));
  });

  test("beside a scan real hairpins are undecided, never silent", async () => {
    assert.ok(hairpinning !== undefined);
    const said = await underScan(hairpinning, async () => {});
    assert.deepEqual([...new Set(said)], ["undecided"]);
  });
});
