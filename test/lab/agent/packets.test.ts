/** The hairpin, packet by packet: what tcpdump sees of one attempt of a real agent, in its pod and on its node. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { type RunningLab, startLab } from "../../../lab/running-lab.ts";
import { buildTopology, nlbAddress } from "../../../lab/topology.ts";
import { inLabSandbox } from "../../support/lab-slot.ts";
import { notChecked } from "../../support/not-checked.ts";
import { eventually } from "../../support/waiting.ts";

const NODE_PORT = 31_080;

interface Packet {
  /** Seconds, from the capture's clock. */
  readonly at: number;
  readonly direction: string;
  /** As tcpdump writes them: `10.0.32.10.31080`. */
  readonly from: string;
  readonly to: string;
  readonly flags: string;
}

const LINE = /^(\d+\.\d+) \S+ +(In|Out) +IP (\S+) > (\S+): Flags \[([^\]]+)\]/;

await inLabSandbox(import.meta.filename, () => {
  // One node: its own zone's address has one target, so that every attempt hairpins.
  const topology = buildTopology({ nodes: 1, zones: 1 });
  const [node] = topology.nodes;
  const [zone] = topology.zones;
  if (node === undefined || zone === undefined) throw new Error("a topology of one node has none");
  const nlb = nlbAddress(zone, 0);
  let lab: RunningLab;
  before(async () => {
    lab = await startLab({
      topology,
      agentFlags: ["--interval", "300ms", "--timeout", "1500ms"],
      signal: new AbortController().signal,
      onError: console.error,
    });
  });
  after(() => lab?.down());

  /** Starts tcpdump in a namespace; the packets are appended as they are seen. */
  const capture = async (place: string): Promise<{ readonly packets: Packet[]; readonly process: ChildProcess } | undefined> => {
    const argv = [
      "tcpdump",
      "-n",
      "-l",
      "-tt",
      "--immediate-mode",
      "-Z",
      "root",
      "-i",
      "any",
      `tcp and host ${node.agent.address}`,
    ];
    const child = lab.network.spawnIn(place, argv, { stdio: ["ignore", "pipe", "pipe"] });
    const packets: Packet[] = [];
    if (child.stdout === null || child.stderr === null) throw new Error("tcpdump has no output");
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [, at, direction = "", from = "", to = "", flags = ""] = LINE.exec(line) ?? [];
      if (at !== undefined) packets.push({ at: Number(at), direction, from, to, flags });
    });
    // "listening on any": only from then on nothing is missed.
    for await (const line of createInterface({ input: child.stderr })) {
      if (line.includes("listening on")) return { packets, process: child };
      // It always gives up its groups, which a user namespace may not.
      if (line.includes("Couldn't change to")) return undefined;
    }
    throw new Error(`tcpdump in ${place} ended before it listened`);
  };

  const outResets = (): number => {
    const text = execFileSync("nsenter", [`--net=/run/netns/${node.agent.name}`, "cat", "/proc/self/net/snmp"], {
      encoding: "utf8",
    });
    const [names = "", values = ""] = text.split("\n").filter((line) => line.startsWith("Tcp:"));
    return Number(values.split(" ")[names.split(" ").indexOf("OutRsts")]);
  };

  test("a hairpin is four packets, and the same four again a second later", async (t) => {
    const resetsBefore = outResets();
    const [pod, host] = await Promise.all([capture(node.agent.name), capture(node.name)]);
    if (pod === undefined || host === undefined) {
      notChecked(t, "packets: tcpdump cannot run in a user namespace; as root it does");
      await eventually(() => assert.ok(outResets() >= resetsBefore + 2, "OutRsts of the pod's namespace rises"));
      return;
    }
    const client = (port: string) => `${node.agent.address}.${port}`;
    const nodeEnd = `${node.address}.${NODE_PORT}`;
    const frontend = `${nlb}.80`;

    const synsOf = (port: string) =>
      pod.packets.filter(({ from, to, flags }) => from === client(port) && to === frontend && flags === "S");
    const resetsOf = (port: string) => pod.packets.filter(({ from, flags }) => from === client(port) && flags.startsWith("R"));
    // On the node: the NLB has sent the SYN back with the pod's address as its source.
    const returnedOf = (port: string) =>
      host.packets.filter(
        ({ direction, from, to, flags }) => direction === "In" && from === client(port) && to === nodeEnd && flags === "S",
      );
    let port: string | undefined;
    // Of the first attempts one capture may have missed what was sent before it began. The second reset follows the second SYN.
    await eventually(() => {
      const ports = new Set(pod.packets.map(({ from }) => from.slice(from.lastIndexOf(".") + 1)));
      port = [...ports].find((each) => [synsOf, resetsOf, returnedOf].every((packetsOf) => packetsOf(each).length >= 2));
      assert.ok(port !== undefined, "of no attempt did both captures see two SYNs and their answers");
    });
    assert.ok(port !== undefined);
    for (const { process } of [pod, host]) {
      const exited = once(process, "exit");
      process.kill("SIGINT");
      await exited;
    }

    const own = client(port);
    const inPod = pod.packets.filter(({ from, to }) => [from, to].includes(own)).slice(0, 6);
    const exchange = [
      { direction: "Out", from: own, to: frontend, flags: "S" },
      { direction: "In", from: nodeEnd, to: own, flags: "S." },
      { direction: "Out", from: own, to: nodeEnd, flags: "R" },
    ];
    assert.deepEqual(
      inPod.map(({ at, ...packet }) => packet),
      [...exchange, ...exchange],
    );
    const [first, , reset, second] = inPod;
    assert.ok(first !== undefined && reset !== undefined && second !== undefined);
    assert.ok(reset.at < second.at, "the reset comes before the SYN is sent again");
    assert.ok(second.at - first.at > 0.9, `SYN again after ${second.at - first.at} s`);

    assert.equal(returnedOf(port).length, 2, "once for each SYN");
    // The reset ends in the node: it never goes out again towards the VPC.
    const left = host.packets.filter(
      ({ direction, to, flags }) => direction === "Out" && to === frontend && flags.startsWith("R"),
    );
    assert.deepEqual(left, []);
    assert.ok(outResets() >= resetsBefore + 2, "OutRsts of the pod's namespace rises by one for each SYN");
  });
});
