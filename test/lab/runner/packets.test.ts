/** The network against real packets: what a client pod sees under each configuration of the NLB and under each fault. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBackends } from "../../../lab/runner/backends.ts";
import { createLab, VPC } from "../../../lab/runner/lab.ts";
import { inOwnSandbox } from "../../../lab/runner/own-sandbox.ts";
import { buildTopology, nlbAddress } from "../../../lab/topology.ts";
import { connectsFrom } from "./connects.ts";
import { CLUSTER_IP, handMade, type NetworkOptions, PORT } from "./networks.ts";

/** Nodes 1 and 2 are in the first zone, node 3 in the second. */
const topology = buildTopology({ nodes: 3, zones: 2 });
const [zoneA = "", zoneB = ""] = topology.zones.map((zone) => nlbAddress(zone, 0));

/** Less than the second that the kernel waits before it sends a SYN again. */
const TIMEOUT_MS = 500;
/** For connects that all succeed, and may be slow only because the machine is. */
const PATIENT_MS = 10_000;
const COUNT = 200;
/** Bounds of a share of 1/2, and of 1/3, of that many: chance is outside of them about once in ten million runs. */
const HALF = { least: 63, most: 137 };
const THIRD = { least: 32, most: 104 };

await inOwnSandbox(import.meta.filename, () => {
  const lab = createLab({ topology });
  before(async () => {
    await lab.up();
    await startBackends(lab);
  });
  after(() => lab.down());

  const apply = (options: NetworkOptions = {}) => lab.apply(handMade(topology, options));
  const connects = (from: string, address: string, count = COUNT, timeoutMs = TIMEOUT_MS) =>
    connectsFrom(lab, { from, address, port: PORT, count, timeoutMs });
  const assertHealthy = (places: readonly string[], addresses: readonly string[], count = COUNT) =>
    Promise.all(
      places.map(async (from) => {
        for (const address of addresses) {
          const { connected, timedOut, refused, resetsSent, slowestMs } = await connects(from, address, count, PATIENT_MS);
          // On a machine that is held up for a second a SYN is sent again, and the second answer to it is reset.
          const seen = { connected, timedOut, refused, resetsSent: slowestMs < 900 ? resetsSent : 0 };
          assert.deepEqual(
            seen,
            { connected: count, timedOut: 0, refused: {}, resetsSent: 0 },
            `${from} to ${address}: ${JSON.stringify(seen)}`,
          );
        }
      }),
    );

  test("with instance targets and preservation half of the connects to the own zone's address hairpin when it has two targets", async () => {
    await apply();
    const results = await Promise.all(["agent-1", "agent-2"].map((from) => connects(from, zoneA)));
    for (const { timedOut, connected, resetsSent } of results) {
      assert.equal(timedOut + connected, COUNT);
      assert.ok(timedOut >= HALF.least && timedOut <= HALF.most, `${timedOut} of ${COUNT} timed out`);
      // One for the stray SYN-ACK of each SYN; on a machine that is held up a SYN may be sent again.
      assert.ok(resetsSent >= timedOut && resetsSent <= 2 * timedOut, `${resetsSent} resets, ${timedOut} timeouts`);
    }
  });

  test("every connect to the own zone's address hairpins when this node is its only target", async () => {
    await apply();
    assert.equal((await connects("agent-3", zoneB, 20)).timedOut, 20);
  });

  test("without cross-zone load balancing no connect to another zone's address hairpins", async () => {
    await apply();
    await Promise.all([assertHealthy(["agent-1", "agent-2"], [zoneB]), assertHealthy(["agent-3"], [zoneA])]);
  });

  test("with cross-zone load balancing connects to either address hairpin", async () => {
    await apply({ crossZone: true });
    for (const { timedOut, connected } of await Promise.all([zoneA, zoneB].map((address) => connects("agent-3", address)))) {
      assert.equal(timedOut + connected, COUNT);
      assert.ok(timedOut >= THIRD.least && timedOut <= THIRD.most, `${timedOut} of ${COUNT} timed out`);
    }
  });

  test("without preservation nothing hairpins, at once", async () => {
    await apply();
    await apply({ preserveClientIp: false });
    await assertHealthy(["agent-1", "agent-2", "agent-3"], [zoneA, zoneB]);
  });

  test("with ip targets and no preservation nothing hairpins", async () => {
    await apply({ targetType: "ip", preserveClientIp: false });
    await assertHealthy(["agent-1", "agent-3"], [zoneA]);
  });

  test("with ip targets and preservation only nodes that host a chosen pod hairpin", async () => {
    await apply({ targetType: "ip", backends: ["node-2"] });
    assert.equal((await connects("agent-2", zoneA, 20)).timedOut, 20);
    await assertHealthy(["agent-1", "agent-3"], [zoneA]);
  });

  test("a reset from a target that serves nobody reaches the client", async () => {
    const network = handMade(topology, { targetType: "ip", preserveClientIp: false });
    const closed = network.listeners.map((listener) => ({
      ...listener,
      targets: listener.targets.map((target) => ({ ...target, port: 9999 })),
    }));
    await lab.apply({ ...network, listeners: closed });
    assert.deepEqual((await connects("agent-1", zoneA, 10)).refused, { ECONNREFUSED: 10 });
  });

  test("a silent drop lets every connect time out without a reset, and spares the other address", async () => {
    await apply({ preserveClientIp: false, faults: [{ kind: "silent_drop", address: zoneA }] });
    const { timedOut, resetsSent } = await connects("agent-1", zoneA, 20);
    assert.deepEqual({ timedOut, resetsSent }, { timedOut: 20, resetsSent: 0 });
    await assertHealthy(["agent-1"], [zoneB], 20);
  });

  test("an unreachable address is told by ICMP, to every connect", async () => {
    await apply({ preserveClientIp: false, faults: [{ kind: "icmp_unreachable", address: zoneA }] });
    assert.deepEqual((await connects("agent-1", zoneA)).refused, { EHOSTUNREACH: COUNT });
  });

  test("a connect whose SYN was lost succeeds about a second later, unless the next one is lost too", async () => {
    await apply({ preserveClientIp: false, faults: [{ kind: "syn_loss", share: 0.3 }] });
    const { connected, timedOut, slowestMs } = await connects("agent-1", zoneA, COUNT, 1_500);
    assert.ok(connected > timedOut && timedOut > 0, `${connected} connected, ${timedOut} timed out`);
    assert.ok(slowestMs > 900, `the slowest connect took ${slowestMs} ms`);
  });

  test("an NLB's port without a listener, and a zonal address without a target, are silent", async () => {
    await apply({ targetType: "ip", preserveClientIp: false, backends: ["node-1"] });
    const [noListener, noTarget] = await Promise.all([
      connectsFrom(lab, { from: "agent-1", address: zoneA, port: PORT + 1, count: 5, timeoutMs: TIMEOUT_MS }),
      connects("agent-1", zoneB, 5),
    ]);
    assert.deepEqual([noListener.timedOut, noTarget.timedOut], [5, 5]);
  });

  test("a ClusterIP is served from pods and from nodes, and refused when it has no endpoint", async () => {
    await apply();
    await assertHealthy(["agent-1", "node-1"], [CLUSTER_IP], 50);
    // Resets are not looked at here: those of the backend, which shares the namespace, would count too.
    assert.equal((await connects("web-1", CLUSTER_IP, 50, PATIENT_MS)).connected, 50);
    await apply({ backends: [] });
    for (const { refused } of await Promise.all(["agent-1", "node-1"].map((from) => connects(from, CLUSTER_IP, 20)))) {
      assert.deepEqual(refused, { ECONNREFUSED: 20 });
    }
  });

  test("policy Local serves from the node's own backend, and a node without one drops", async () => {
    await apply({ externalTrafficPolicy: "Local", preserveClientIp: false, backends: ["node-1", "node-3"] });
    await assertHealthy(["agent-1"], [zoneB], 50);
    const { timedOut, connected } = await connects("agent-3", zoneA);
    assert.equal(timedOut + connected, COUNT);
    assert.ok(timedOut >= HALF.least && timedOut <= HALF.most, `${timedOut} of ${COUNT} went to the node without a backend`);
  });

  test("the VPC's own processes reach the NLB too", async () => {
    await apply({ preserveClientIp: false });
    await assertHealthy([VPC], [zoneA], 50);
    await apply();
    await assertHealthy([VPC], [zoneB], 50);
  });
});
