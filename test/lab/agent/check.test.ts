/** `hairpin-probe check` beside the agents of a lab: verdicts and exit codes, as a person in front of it gets them. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { runCheckIn } from "../../../lab/check.ts";
import { WEB } from "../../../lab/cluster/defaults.ts";
import { makeEnvironment } from "../../../lab/environments/apply.ts";
import { agentDestinations } from "../../../lab/environments/destinations.ts";
import { type RunningLab, startLab } from "../../../lab/running-lab.ts";
import { buildTopology, nlbAddress } from "../../../lab/topology.ts";
import { expectedCounts } from "../../../src/domain/binomial.ts";
import { inLabSandbox } from "../../support/lab-slot.ts";
import { eventually, until } from "../../support/waiting.ts";

const ATTRIBUTES = "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes";
const LOOK_EVERY_MS = 100;
/** A machine with nothing else to do needs one. */
const MAX_TRIES = 10;
/** A check that is right is called wrong by luck once in ten thousand runs. */
const ALPHA = 1e-4;
const FAST = ["--timeout", "1500ms", "--rate", "40"];

await inLabSandbox(import.meta.filename, () => {
  const topology = buildTopology({ nodes: 3, zones: 2 });
  const [zoneA, zoneB] = topology.zones;
  const [node] = topology.nodes;
  if (zoneA === undefined || zoneB === undefined || node === undefined) throw new Error("a topology of two zones has them");
  const [addressA, addressB] = [nlbAddress(zoneA, 0), nlbAddress(zoneB, 0)];
  let lab: RunningLab;
  before(async () => {
    lab = await startLab({
      topology,
      // Agents go on with their own attempts all the while.
      agentFlags: ["--interval", "1s", "--timeout", "1500ms"],
      signal: new AbortController().signal,
      onError: console.error,
    });
  });
  after(() => lab?.down());
  const preserve = async (preserves: boolean) => {
    lab.cluster.annotate(WEB.namespace, WEB.name, { [ATTRIBUTES]: `preserve_client_ip.enabled=${preserves}` });
    await lab.cluster.settled();
  };
  /** A check shows itself to the agent beside it, in the pod's own namespace: src/evidence/announcement.ts. */
  const isCheckUnderWay = (): boolean =>
    execFileSync("nsenter", [`--net=/run/netns/${node.agent.name}`, "cat", "/proc/self/net/unix"], { encoding: "utf8" }).includes(
      "@hairpin-probe-check-",
    );
  const check = (...args: readonly string[]) => runCheckIn(lab, node, [...FAST, ...args]);
  const checkJsonOnce = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await check(...args, "-o", "json");
    assert.equal(stderr, "");
    const report = JSON.parse(stdout);
    const causes = Object.fromEntries(
      report.frontends.map(({ address, diagnosis }: { address: string; diagnosis: { cause: string } }) => [
        address,
        diagnosis.cause,
      ]),
    );
    return { code, report, causes };
  };
  /** Checks until the machine lets the check do its work: one that was starved says so, and nothing else. */
  const checkJson = async (...args: readonly string[]) => {
    for (let tries = 1; ; tries++) {
      const said = await checkJsonOnce(...args);
      if (tries === MAX_TRIES || !Object.values(said.causes).includes("prober_starved")) return said;
    }
  };

  test("hairpins: exit 1, evidence, the share beside the one expected, the fix, and fewer attempts than it might have made", async () => {
    await preserve(true);
    const { code, report, causes } = await checkJson("shop/web:80");
    assert.equal(code, 1);
    assert.deepEqual(causes, { [addressA]: "hairpin", [addressB]: "healthy" });
    const own = report.frontends.find(({ address }: { address: string }) => address === addressA);
    assert.ok(own.evidence.hairpins >= 0.8 * own.timeouts && own.timeouts > 3, JSON.stringify(own));
    assert.equal(own.exposure, 0.5);
    // What a busy machine made it discard may have been timeouts or not.
    const { low, high } = expectedCounts(own.attempts + own.discarded, own.exposure, ALPHA);
    assert.ok(own.timeouts >= low - own.discarded && own.timeouts <= high, JSON.stringify(own));
    assert.ok(own.share.low < own.timeouts / own.attempts && own.share.high > own.timeouts / own.attempts);
    assert.ok(report.stoppedEarly && own.attempts < 200);
    assert.deepEqual(report.fix.annotations, { [ATTRIBUTES]: "preserve_client_ip.enabled=false" });
    assert.ok(report.controls[0].attempts >= 3 && report.controls[0].failures === 0);
  });

  test("the agent beside it takes none of the burst's resets for its own, and is sure again afterwards", async () => {
    const failures = () =>
      lab.agents.filter((agent) => agent.node === node).flatMap(({ log }) => log.filter(({ msg }) => msg === "attempt failed"));
    const seenAtMs: number[] = [];
    const looking = setInterval(() => {
      if (isCheckUnderWay()) seenAtMs.push(Date.now());
    }, LOOK_EVERY_MS);
    await checkJsonOnce("shop/web", "-n", "60").finally(() => clearInterval(looking));
    const [firstMs = Number.NaN, lastMs = Number.NaN] = [seenAtMs[0], seenAtMs.at(-1)];
    // Those that began and ended while the burst was seen to be under way.
    const meanwhile = failures().filter(
      ({ startedAt, time }) => Date.parse(String(startedAt)) >= firstMs && Date.parse(time) <= lastMs,
    );
    assert.ok(meanwhile.length > 0);
    for (const { evidence } of meanwhile) assert.equal(evidence, "undecided");
    const before = failures().length;
    await eventually(() => {
      const convicted = failures()
        .slice(before)
        .filter(({ evidence }) => evidence === "reset");
      assert.ok(convicted.length >= 2);
    });
  });

  test("with a capture it names the node and port that the NLB chose", async (t) => {
    const { code, report } = await checkJson("shop/web:80", "--evidence", "capture");
    assert.equal(code, 1);
    const chosen = report.frontends.flatMap(({ evidence }: { evidence: { chosen: { target: string }[] } }) => evidence.chosen);
    if (report.notes.length > 0) {
      // In a user namespace there is no packet socket to be had.
      t.diagnostic(`NO CAPTURE HERE, the fallback was tested in its place: ${report.notes}`);
      assert.match(report.notes[0], /^evidence comes from the kernel's counters only: /);
      return;
    }
    assert.equal(chosen.length, 1, JSON.stringify(chosen));
    assert.match(chosen[0].target, new RegExp(`^${node.name}:3\\d{4}$`));
  });

  test("text: no colour in a pipe, nothing on stderr, the verdict at the end", async () => {
    const { code, stdout, stderr } = await check("shop/web:80", "--attempts", "30");
    assert.deepEqual([code, stderr], [1, ""]);
    assert.ok(!stdout.includes("\u001b"));
    assert.match(stdout, /kubectl annotate --overwrite -n shop service\/web/);
    assert.match(stdout, /Verdict: connections hairpin\.\nIt took \d+ attempts in /);
  });

  test("a silent drop is another fault: exit 5, and no hairpin", async () => {
    await preserve(false);
    lab.cluster.setFaults([{ kind: "silent_drop", address: addressA }]);
    await lab.cluster.settled();
    try {
      const { code, causes, report } = await checkJson("shop/web:80", "-n", "60");
      assert.deepEqual([code, report.verdict, causes], [5, "fault", { [addressA]: "blackhole", [addressB]: "healthy" }]);
      assert.equal(report.fix, null);
    } finally {
      lab.cluster.setFaults([]);
    }
  });

  test("no ready backend is the backends' fault, as the way past the NLB shows: exit 5", async () => {
    lab.cluster.moveBackends([]);
    await lab.cluster.settled();
    try {
      const { code, causes } = await checkJson("shop/web:80");
      assert.deepEqual([code, causes], [5, { [addressA]: "backend_down", [addressB]: "backend_down" }]);
    } finally {
      lab.cluster.moveBackends(topology.nodes.map(({ name }) => name));
      await lab.cluster.settled();
    }
  });

  test("nothing wrong: exit 0; too few attempts to tell: exit 3", async () => {
    assert.equal((await checkJson("shop/web:80")).code, 0);
    const { code, report } = await checkJson("shop/web:80", "-n", "2");
    assert.deepEqual([code, report.verdict], [3, "undecided"]);
  });

  test("behind a sidecar nothing is called healthy, whatever connects: exit 3, and the sentence names the proxy", async () => {
    const undo = await makeEnvironment(lab.network, { kind: "mesh" }, agentDestinations(topology));
    try {
      const { code, causes, report } = await checkJson("shop/web:9000", "-n", "40");
      assert.deepEqual([code, causes], [3, { [addressA]: "undecided", [addressB]: "undecided" }]);
      assert.match(report.frontends[0].diagnosis.explanation, /sidecar.* was answered in this very pod/);
    } finally {
      await undo();
    }
  });

  test("a bare address needs no cluster, a file's frontend neither; public addresses are not probed", async () => {
    const bare = await checkJson(`${addressB}:80`, "-n", "80");
    assert.deepEqual([bare.code, bare.causes], [0, { [addressB]: "healthy" }]);
    assert.match(bare.report.notes.join(" "), /whether this listener terminates TLS is not known/);
    const file = "/run/check-frontends.yaml";
    const addresses = [{ address: addressB, zone: zoneB.name }];
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ services: [{ namespace: "ours", name: "own", addresses, ports: [{ port: 80 }] }] }));
    const own = await checkJson("ours/own", "--frontends", file, "-n", "80");
    assert.deepEqual([own.code, own.causes], [0, { [addressB]: "healthy" }]);
    const refused = await checkJson("169.254.169.254:80", "-n", "5");
    assert.deepEqual([refused.code, refused.causes], [3, { "169.254.169.254": "undecided" }]);
    assert.equal(refused.report.frontends[0].reasons.not_internal, 5);
  });

  test("Ctrl-C ends it with what there is: exit 130", async () => {
    const interrupt = until("a check is under way", isCheckUnderWay);
    const { code, stdout } = await runCheckIn(lab, node, ["shop/web:80", "--rate", "5"], { interrupt });
    assert.equal(code, 130);
    assert.match(stdout, /It took \d+ attempts in [\d.]+ s: interrupted, without what was under way\./);
  });

  test("what is not there, or is not probed, is a usage error that says so; an API that is gone is 4", async () => {
    const nowhere = await check("shop/nope");
    assert.deepEqual([nowhere.code, nowhere.stdout], [2, ""]);
    assert.match(nowhere.stderr, /shop\/nope: there is no internal NLB of that name/);
    assert.match((await check("shop/web:81")).stderr, /got port 81, expected one of 80, 9000/);
    lab.cluster.annotate(WEB.namespace, WEB.name, { "hairpin-probe/probe": "false" });
    const out = await check("shop/web");
    assert.equal(out.code, 2);
    assert.match(out.stderr, /shop\/web: is not probed \(opted_out\)/);
    lab.cluster.annotate(WEB.namespace, WEB.name, { "hairpin-probe/probe": null });
    await lab.cluster.api.disrupt("refuse");
    try {
      const { code, stderr } = await check("shop/web");
      assert.equal(code, 4, stderr);
      assert.match(stderr, /^hairpin-probe: cannot read the cluster at /);
    } finally {
      await lab.cluster.api.disrupt("none");
    }
  });
});
