import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { afterEach, test } from "node:test";
import { presentInterfaces, presentNamespaces } from "../../../lab/runner/claim.ts";
import { type Exec, execTool } from "../../../lab/runner/exec.ts";
import { createLab, VPC } from "../../../lab/runner/lab.ts";
import { inOwnSandbox } from "../../../lab/runner/own-sandbox.ts";
import { buildTopology } from "../../../lab/topology.ts";
import { handMade } from "./networks.ts";

const topology = buildTopology({ nodes: 2, zones: 2 });

/** Runs the real tools and keeps what was asked of them. */
function recorder() {
  const calls: string[] = [];
  const exec: Exec = (argv, input, signal) => {
    calls.push(argv.join(" "));
    return execTool(argv, input, signal);
  };
  return { calls, exec };
}

await inOwnSandbox(import.meta.filename, () => {
  const labs: ReturnType<typeof createLab>[] = [];
  const newLab = (exec: Exec = execTool, signal?: AbortSignal) => {
    const lab = createLab({ topology, exec, ...(signal === undefined ? {} : { signal }) });
    labs.push(lab);
    return lab;
  };
  afterEach(() => Promise.all(labs.splice(0).map((lab) => lab.down())));

  test("up makes a namespace for each node and pod, and down leaves nothing, however often it is called", async () => {
    const before = { namespaces: presentNamespaces(), interfaces: presentInterfaces(), run: readdirSync("/run") };
    const lab = newLab();
    await lab.up();
    assert.deepEqual([...presentNamespaces()].sort(), ["agent-1", "agent-2", "node-1", "node-2", "web-1", "web-2"]);
    await lab.down();
    await lab.down();
    assert.deepEqual({ namespaces: presentNamespaces(), interfaces: presentInterfaces(), run: readdirSync("/run") }, before);
  });

  test("a lab can come up again", async () => {
    const lab = newLab();
    await lab.up();
    await lab.down();
    await lab.up();
  });

  test("no interface has ARP on, and none but the VPC's lo has IPv6", async () => {
    const lab = newLab();
    await lab.up();
    for (const place of [VPC, "node-1", "agent-1", "web-2"]) {
      const child = lab.spawnIn(place, ["ip", "-br", "link"], { stdio: ["ignore", "pipe", "inherit"] });
      const output = (await child.stdout?.toArray())?.join("") ?? "";
      const withArp = output.split("\n").filter((line) => line !== "" && !/NOARP|LOOPBACK|^void-peer/.test(line));
      assert.deepEqual(withArp, [], place);
    }
    assert.doesNotMatch(readFileSync("/proc/self/net/if_inet6", "utf8"), /^.+(?<! lo)$/m);
  });

  test("a second lab in the same sandbox is refused, and leaves the first one alone", async () => {
    const lab = newLab();
    await lab.up();
    const second = newLab();
    await assert.rejects(second.up(), { message: /^lab: this sandbox already has the lab of process \d+; a second one needs/ });
    await second.down();
    assert.equal(presentNamespaces().length, 6);
  });

  test("namespaces that are not the lab's own are not touched", async () => {
    await execTool(["ip", "netns", "add", "web-2"], "");
    const lab = newLab();
    await assert.rejects(lab.up(), { message: /^lab: namespaces web-2 exist already/ });
    await lab.down();
    assert.deepEqual(presentNamespaces(), ["web-2"]);
    await execTool(["ip", "netns", "del", "web-2"], "");
  });

  test("apply replaces the rulesets that changed, and only those", async () => {
    const { calls, exec } = recorder();
    const lab = newLab(exec);
    await lab.up();
    assert.deepEqual((await lab.apply(handMade(topology))).toSorted(), ["node-1", "node-2", VPC]);
    calls.length = 0;
    assert.deepEqual(await lab.apply(handMade(topology)), []);
    assert.deepEqual(await lab.apply(handMade(topology, { preserveClientIp: false })), [VPC]);
    assert.deepEqual(calls, ["nft -f -"]);
  });

  test("a network that cannot be rendered changes nothing", async () => {
    const { calls, exec } = recorder();
    const lab = newLab(exec);
    await lab.up();
    calls.length = 0;
    const network = handMade(topology, { faults: [{ kind: "silent_drop", address: "shop" }] });
    await assert.rejects(lab.apply(network), {
      name: "RangeError",
      message: 'silent_drop: got address "shop", expected an IPv4 address',
    });
    assert.deepEqual(calls, []);
  });

  test("apply is refused before up, and while another one runs", async () => {
    const lab = newLab();
    await assert.rejects(lab.apply(handMade(topology)), { message: "lab: apply before up" });
    await lab.up();
    const first = lab.apply(handMade(topology));
    await assert.rejects(lab.apply(handMade(topology)), { message: /^lab: apply while another one is running/ });
    await first;
  });

  test("an up that failed half-way is taken down", async () => {
    const failing: Exec = (argv, input, signal) =>
      argv.includes("--net=/run/netns/agent-2") ? Promise.reject(new Error("no more")) : execTool(argv, input, signal);
    const lab = newLab(failing);
    await assert.rejects(lab.up(), { message: "no more" });
    await lab.down();
    assert.deepEqual(presentNamespaces(), []);
  });

  test("a lab that is told to stop while it comes up stops, and is taken down all the same", async () => {
    const stop = new AbortController();
    const lab = newLab(execTool, stop.signal);
    const up = lab.up();
    stop.abort();
    await assert.rejects(up, { name: "ToolError", message: /aborted/ });
    await lab.down();
    assert.deepEqual(presentNamespaces(), []);
  });

  test("down ends the processes that the lab started", async () => {
    const lab = newLab();
    await lab.up();
    const child = lab.spawnIn("web-1", ["sleep", "60"], { stdio: "ignore" });
    assert.deepEqual([...lab.running], [child]);
    await lab.down();
    assert.deepEqual([child.signalCode, lab.running.size], ["SIGTERM", 0]);
  });

  test("a place that is not in the lab is refused by name", () => {
    assert.throws(() => newLab().spawnIn("web-9", ["true"]), {
      name: "RangeError",
      message: 'lab: got namespace "web-9", expected vpc or one of node-1, node-2, agent-1, web-1, agent-2, web-2',
    });
  });
});
