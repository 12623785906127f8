/** What looks like a hairpin and is not, and what happens when the agent's sources go away: real agents, real faults. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { WEB } from "../../../lab/cluster/defaults.ts";
import type { Disruption } from "../../../lab/cluster/disruption.ts";
import { type RunningLab, startLab } from "../../../lab/running-lab.ts";
import { buildTopology, nlbAddress } from "../../../lab/topology.ts";
import { type Sample, sumOf } from "../../../src/domain/exposition.ts";
import { inLabSandbox } from "../../support/lab-slot.ts";
import { untilHealthy } from "../../support/until-healthy.ts";
import { eventually } from "../../support/waiting.ts";

const TIMEOUT_MS = 1_500;
const ATTRIBUTES = "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes";

await inLabSandbox(import.meta.filename, () => {
  const topology = buildTopology({ nodes: 2, zones: 2 });
  const [zoneA] = topology.zones;
  if (zoneA === undefined) throw new Error("a topology of two zones has none");
  let lab: RunningLab;
  before(async () => {
    lab = await startLab({
      topology,
      agentFlags: ["--interval", "100ms", "--timeout", `${TIMEOUT_MS}ms`],
      signal: new AbortController().signal,
      onError: console.error,
    });
    // Nothing hairpins here: whatever fails is the fault that a test switches on.
    lab.cluster.annotate(WEB.namespace, WEB.name, { [ATTRIBUTES]: "preserve_client_ip.enabled=false" });
    await lab.cluster.settled();
  });
  after(() => lab?.down());

  const agent = () => {
    const [first] = lab.agents;
    if (first === undefined) throw new Error("no agent");
    return first;
  };
  const failures = (samples: readonly Sample[], labels: Readonly<Record<string, string>> = {}) =>
    sumOf(samples, "hairpin_probe_failures_total", labels);
  const attempts = (samples: readonly Sample[], labels: Readonly<Record<string, string>> = {}) =>
    sumOf(samples, "hairpin_probe_attempts_total", labels);
  const healthy = () => untilHealthy([agent()], TIMEOUT_MS);
  /** Runs with something broken until failures of the reason come in, then repairs it and waits for health. */
  const provoke = async (reason: string, breakIt: () => void | Promise<void>, repair: () => void | Promise<void>) => {
    await healthy();
    const before = await agent().scrape();
    await breakIt();
    try {
      await eventually(async () => {
        const now = await agent().scrape();
        assert.ok(failures(now, { reason }) >= failures(before, { reason }) + 5, `${reason}: too few`);
      });
      const now = await agent().scrape();
      assert.equal(
        failures(now) - failures(before),
        failures(now, { reason }) - failures(before, { reason }),
        "another reason, too",
      );
      return { before, now };
    } finally {
      await repair();
    }
  };
  const faults =
    (...given: Parameters<RunningLab["cluster"]["setFaults"]>[0]) =>
    async () => {
      lab.cluster.setFaults(given);
      await lab.cluster.settled();
    };

  test("a silent drop is connect_timeout on that address, and on no other", async () => {
    const address = nlbAddress(zoneA, 0);
    const { before, now } = await provoke("connect_timeout", faults({ kind: "silent_drop", address }), faults());
    const other = { frontend_zone: "eu-west-1b" };
    assert.equal(failures(now, other), failures(before, other));
    assert.ok(attempts(now, other) > attempts(before, other), "a dead frontend costs its own slot only");
  });

  test("an ICMP unreachable is unreachable", async () => {
    await provoke("unreachable", faults({ kind: "icmp_unreachable", address: nlbAddress(zoneA, 0) }), faults());
  });

  test("no ready backend is connect_refused", async () => {
    await provoke(
      "connect_refused",
      () => lab.cluster.moveBackends([]),
      () => lab.cluster.moveBackends(topology.nodes.map(({ name }) => name)),
    );
  });

  test("DNS that is gone or denies the name is dns_error, not silence, and frontends keep their series", async () => {
    for (const fault of ["nxdomain", "silent"] as const) {
      const { now } = await provoke(
        "dns_error",
        () => lab.cluster.dns.setFault(fault),
        () => lab.cluster.dns.setFault("none"),
      );
      assert.ok(failures(now, { reason: "dns_error", frontend_zone: "eu-west-1a" }) > 0, fault);
    }
  });

  test("lost SYNs are slow successes at about one second, and no timeouts", async () => {
    await healthy();
    const before = await agent().scrape();
    const connects = (samples: readonly Sample[], le: string) =>
      sumOf(samples, "hairpin_probe_connect_duration_seconds_bucket", { le });
    await faults({ kind: "syn_loss", share: 0.2 })();
    try {
      await eventually(async () => {
        const now = await agent().scrape();
        const slow = connects(now, "1.9") - connects(now, "0.9") - (connects(before, "1.9") - connects(before, "0.9"));
        assert.ok(slow >= 10, `${slow} slow connects`);
      });
      const now = await agent().scrape();
      const odd = connects(now, "0.9") - connects(now, "0.25") - (connects(before, "0.9") - connects(before, "0.25"));
      assert.equal(odd, 0, "between 0.25 and 0.9 s there is nothing: a SYN is lost whole or not at all");
    } finally {
      await faults()();
    }
  });

  // The reflector's own tests go through every way in which a server can fail; here the agent as a whole goes through three.
  const DISRUPTIONS: readonly Disruption[] = ["gone", "garbage", "refuse"];
  for (const disruption of DISRUPTIONS) {
    test(`API server away (${disruption}): probing goes on with the last snapshot, and the watch comes back by itself`, async () => {
      await healthy();
      const before = await agent().scrape();
      await lab.cluster.api.disrupt(disruption);
      try {
        await eventually(async () => {
          const now = await agent().scrape();
          assert.ok(attempts(now) >= attempts(before) + 40);
          assert.equal(failures(now), failures(before));
          const age = sumOf(now, "hairpin_probe_snapshot_age_seconds");
          if (disruption !== "gone") assert.ok(age > 2, `age ${age}`);
          const errors = (samples: readonly Sample[]) => sumOf(samples, "hairpin_probe_discovery_errors_total");
          if (disruption !== "gone") assert.ok(errors(now) > errors(before), "discovery errors");
        });
      } finally {
        await lab.cluster.api.disrupt("none");
      }
      // A change made after the outage arrives: the watch is alive.
      lab.cluster.moveBackends(["node-2"]);
      await eventually(async () => {
        const before = await agent().scrape();
        const total = async (colocated: string) => attempts(await agent().scrape(), { colocated });
        await eventually(async () => assert.ok((await total("false")) > attempts(before, { colocated: "false" })));
        assert.equal(await total("true"), attempts(before, { colocated: "true" }));
      });
      lab.cluster.moveBackends(topology.nodes.map(({ name }) => name));
    });
  }

  test("SIGTERM: no further attempts, those in flight discarded, exit 0", async () => {
    await faults({ kind: "silent_drop", address: nlbAddress(zoneA, 0) })();
    const [, second] = lab.agents;
    assert.ok(second !== undefined);
    await eventually(async () => assert.ok(failures(await second.scrape(), { reason: "connect_timeout" }) > 0));
    const failed = second.log.filter(({ msg }) => msg === "attempt failed").length;
    const exited = once(second.process, "exit");
    second.process.kill("SIGTERM");
    assert.deepEqual(await exited, [0, null]);
    const last = second.log.at(-1);
    assert.equal(last?.msg, "agent stopped");
    assert.ok(
      second.log.filter(({ msg }) => msg === "attempt failed").length - failed <= 1,
      "attempts in flight are no failures",
    );
  });

  test("a failed attempt logs service, frontend, phase, reason and local port; a healthy one nothing", () => {
    const lines = agent().log.filter(({ msg }) => msg === "attempt failed");
    const timeout = lines.find(({ reason }) => reason === "connect_timeout");
    assert.ok(timeout !== undefined);
    assert.equal(timeout.service, "shop/web");
    assert.match(String(timeout.frontend), /^10\.0\.35\.1:(80|9000)$/);
    assert.equal(timeout.phase, "connect");
    assert.ok(Number(timeout.localPort) > 1024, String(timeout.localPort));
    const others = agent().log.filter(
      ({ msg }) =>
        ![
          "attempt failed",
          "control attempt failed",
          "discovery failed",
          "agent started",
          "going on without a resource",
        ].includes(String(msg)),
    );
    assert.deepEqual(others, []);
  });
});
