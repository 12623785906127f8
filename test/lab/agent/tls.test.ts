/** An NLB that terminates TLS answers for itself: what an agent and `check` make of it while the connections behind it are lost, or not. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { runCheckIn } from "../../../lab/check.ts";
import { backendSlices, webService } from "../../../lab/cluster/defaults.ts";
import { type RunningLab, startLab } from "../../../lab/running-lab.ts";
import { BACKEND_HTTP_PORT, buildTopology, type LabNode, nlbAddress } from "../../../lab/topology.ts";
import { sumOf } from "../../../src/domain/exposition.ts";
import { inLabSandbox } from "../../support/lab-slot.ts";
import { eventually } from "../../support/waiting.ts";

const PREFIX = "service.beta.kubernetes.io/aws-load-balancer-";
const ATTRIBUTES = `${PREFIX}target-group-attributes`;
const SEALED = { namespace: "shop", name: "sealed" };
/** A machine with nothing else to do needs one. */
const MAX_TRIES = 10;

await inLabSandbox(import.meta.filename, () => {
  const topology = buildTopology({ nodes: 3, zones: 2 });
  const [zoneA, zoneB] = topology.zones;
  const [sharing, , alone] = topology.nodes;
  if (zoneA === undefined || zoneB === undefined || sharing === undefined || alone === undefined)
    throw new Error("a topology of three nodes in two zones has them");
  const [addressA, addressB] = [nlbAddress(zoneA, 1), nlbAddress(zoneB, 1)];
  let lab: RunningLab;
  before(async () => {
    lab = await startLab({
      topology,
      agentNodes: [alone],
      agentFlags: ["--interval", "500ms", "--timeout", "1500ms", "--control-every", "1"],
      signal: new AbortController().signal,
      onError: console.error,
    });
    setBackends(topology.nodes);
    // Nothing says what its only port speaks.
    const web = webService();
    lab.cluster.put("services", {
      ...web,
      metadata: { ...SEALED, annotations: { [`${PREFIX}scheme`]: "internal", [`${PREFIX}ssl-cert`]: "arn:aws:acm:x" } },
      spec: {
        ...web.spec,
        clusterIP: "172.20.0.99",
        ports: [{ port: 443, targetPort: BACKEND_HTTP_PORT, nodePort: 31_443, protocol: "TCP" }],
      },
    });
    await lab.cluster.settled();
  });
  after(() => lab?.down());

  const setBackends = (nodes: readonly LabNode[]) => {
    const ready = nodes.map(({ name }) => name);
    for (const slice of backendSlices(SEALED, topology, ready))
      lab.cluster.put("endpointslices", { ...slice, ports: [{ name: "", port: BACKEND_HTTP_PORT, protocol: "TCP" }] });
  };
  const annotate = async (annotations: Readonly<Record<string, string | null>>) => {
    lab.cluster.annotate(SEALED.namespace, SEALED.name, annotations);
    await lab.cluster.settled();
  };
  const checkOnce = async (node: LabNode) => {
    const args = ["shop/sealed", "--timeout", "1500ms", "--rate", "20", "--attempts", "20", "-o", "json"];
    const { code, stdout, stderr } = await runCheckIn(lab, node, args);
    assert.equal(stderr, "");
    const report = JSON.parse(stdout);
    const at = (address: string) => report.frontends.find((each: { address: string }) => each.address === address);
    const causes = [at(addressA).diagnosis.cause, at(addressB).diagnosis.cause];
    return { code, report, causes, atA: at(addressA), atB: at(addressB) };
  };
  type Said = Awaited<ReturnType<typeof checkOnce>>;
  /** Checks until the machine lets the check do its work. */
  const check = async (node: LabNode, isEnough = ({ causes }: Said): boolean => !causes.includes("prober_starved")) => {
    for (let tries = 1; ; tries++) {
      const said = await checkOnce(node);
      if (tries === MAX_TRIES || isEnough(said)) return said;
    }
  };
  const agentSays = async () => {
    const [agent] = lab.agents;
    assert.ok(agent !== undefined);
    const status = await agent.status();
    return { port: status.services.find(({ name }) => name === SEALED.name), samples: await agent.scrape() };
  };

  test("with every connection behind it lost, a port that does not say HTTP is measured to the NLB, and never healthy", async () => {
    // The only node of its zone: each connection that the NLB opens for it comes back to it.
    const { code, report, causes, atB } = await check(alone);
    assert.deepEqual([code, report.verdict, causes], [3, "undecided", ["unmeasured", "unmeasured"]]);
    assert.deepEqual([atB.reach, atB.exposure, atB.failures, atB.share], ["nlb", 1, 0, null]);
    assert.ok(atB.attempts > 0, JSON.stringify(atB));
    assert.match(atB.diagnosis.next, /hairpin-probe\/protocol: "443=https"/);

    await eventually(async () => {
      const { port, samples } = await agentSays();
      assert.deepEqual(
        port?.frontends.map(({ diagnosis, window }) => [diagnosis.cause, window.failures]),
        [
          ["unmeasured", 0],
          ["unmeasured", 0],
        ],
      );
      assert.equal(port?.reach, "nlb");
      assert.ok(sumOf(samples, "hairpin_probe_attempts_total", { service_name: SEALED.name, reach: "nlb" }) > 0);
    });
    const { samples } = await agentSays();
    assert.equal(sumOf(samples, "hairpin_probe_attempts_total", { service_name: SEALED.name, reach: "backends" }), 0);
    // Stray answers to what the NLB sent are reset, and no SYN of the agent's asked for them: they may convict nobody.
    await eventually(async () => {
      const [quiet] = (await agentSays()).samples.filter(({ name }) => name === "hairpin_probe_evidence_quiet");
      assert.equal(quiet?.value, 0);
    });
  });

  test("once it is said that it speaks HTTP, the response tells: all lost from one node, half from another", async () => {
    await annotate({ "hairpin-probe/protocol": "443=https" });
    // How often is a matter of shares, and of the machine: what a busy one discards is no outcome.
    const lost = await check(alone, ({ atA, atB }) => atA.attempts > 0 && atB.attempts > 0);
    assert.deepEqual([lost.atB.reasons, lost.atB.share.observed], [{ response_timeout: lost.atB.attempts }, 1]);
    assert.deepEqual([lost.atA.failures, lost.code === 0], [0, false]);
    const half = await check(sharing, ({ atA }) => atA.failures > 0 && atA.failures < atA.attempts);
    assert.deepEqual(half.atA.reasons, { response_timeout: half.atA.timeouts });
    assert.ok(half.atA.timeouts > 0 && half.atA.timeouts < half.atA.attempts, JSON.stringify(half.atA));
    assert.deepEqual([half.atA.exposure, half.atB.failures], [0.5, 0]);

    await eventually(async () => {
      const { port, samples } = await agentSays();
      const labels = { service_name: SEALED.name, reach: "backends", reason: "response_timeout", frontend_zone: zoneB.name };
      assert.equal(port?.reach, "backends");
      assert.ok(sumOf(samples, "hairpin_probe_failures_total", labels) > 0);
    });
  });

  test("without preservation nothing is lost, and the same port is healthy as soon as it is measured", async () => {
    await annotate({ [ATTRIBUTES]: "preserve_client_ip.enabled=false" });
    const { code, causes } = await check(alone);
    assert.deepEqual([code, causes], [0, ["healthy", "healthy"]]);
    await annotate({ "hairpin-probe/protocol": null });
    assert.deepEqual((await check(alone)).causes, ["unmeasured", "unmeasured"]);
  });

  test("targets that refuse are seen without a byte: the NLB breaks the connection off, and past it the same fails", async () => {
    setBackends([]);
    await lab.cluster.settled();
    const { code, causes, atA, atB } = await check(alone);
    assert.deepEqual([code, causes], [5, ["backend_down", "backend_down"]]);
    for (const { reasons, attempts } of [atA, atB]) assert.deepEqual(reasons, { connection_lost: attempts });
  });
});
