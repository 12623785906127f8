/**
 * A name whose answer is another one each time it is asked, as its owner wants it: a private address for whoever checks, then the
 * instance metadata service, loopback, or somebody else's. The kernel counts where the agents' SYNs go.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import { PROGRAM } from "../../lab/program.ts";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { DNS_ADDRESS } from "../../lab/topology.ts";
import { addressPolicy } from "../../src/domain/address.ts";
import type { Control } from "../../src/domain/control.ts";
import { parseExposition, sumOf } from "../../src/domain/exposition.ts";
import { LoopWatch } from "../../src/probe/loop-watch.ts";
import { Prober } from "../../src/prober.ts";
import { DnsServer } from "../discovery/support/dns-server.ts";
import { BARE_ENVIRONMENT } from "../support/bare-environment.ts";
import { frontend } from "../support/services.ts";
import { eventually } from "../support/waiting.ts";

const METRICS = "127.0.0.1:19871";
const PORT = 8080;
const [INTERNAL, INTERNAL_V6] = ["10.98.0.1", "fd00:98::1"] as const;
/** Each is of this machine, and has a listener: nothing but the agent itself keeps the agent away. */
const REFUSED_V4 = ["169.254.169.254", "127.0.0.1", "203.0.113.7"] as const;
const REFUSED_V6 = ["::1", "fd00:ec2::254"] as const;
/** What a name answers, question by question; each name begins at another place. */
const STEPS = [
  { a: [INTERNAL] },
  { a: ["169.254.169.254"] },
  { a: [INTERNAL], aaaa: [INTERNAL_V6] },
  { a: ["127.0.0.1"] },
  { a: [INTERNAL, "169.254.169.254"] },
  { a: [INTERNAL], aaaa: ["fd00:ec2::254"] },
  { a: ["203.0.113.7", "127.0.0.1"] },
  { aaaa: ["::1"] },
] as const;
const NAMES = STEPS.map((_, i) => `web${i}-0123456789abcdef.elb.eu-west-1.amazonaws.com`);
/** Names that are addresses, in forms that some resolvers take for one. */
const LITERALS = ["169.254.169.254", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0251.0376.0251.0376"] as const;

/** SYNs that left for our port: to the addresses that may be probed, and to any other. */
function synsSent(): { readonly allowed: number; readonly refused: number } {
  const listed = JSON.parse(execFileSync("nft", ["--json", "list", "counters"], { encoding: "utf8" })) as {
    readonly nftables: readonly { readonly counter?: { readonly name: string; readonly packets: number } }[];
  };
  const of = (name: string): number =>
    listed.nftables.find(({ counter }) => counter?.name === name)?.counter?.packets ?? Number.NaN;
  return { allowed: of("allowed"), refused: of("refused") };
}

const COUNTERS = `table inet rebinding {
	counter allowed {}
	counter refused {}
	chain output {
		type filter hook output priority filter; policy accept;
		meta l4proto != tcp accept
		tcp dport != ${PORT} accept
		tcp flags & (syn | ack) != syn accept
		ip daddr ${INTERNAL} counter name allowed accept
		ip6 daddr ${INTERNAL_V6} counter name allowed accept
		counter name refused
	}
}
`;

/** Answers each question with the next step of the name. */
function rebind(dns: DnsServer): void {
  const asked = new Map<string, number>();
  dns.answers.get = (name) => {
    const start = NAMES.indexOf(name);
    if (start < 0) return undefined;
    const count = asked.get(name) ?? 0;
    asked.set(name, count + 1);
    // A and AAAA of one round belong together.
    return { ...STEPS[(start + (count >> 1)) % STEPS.length], ttl: 0 };
  };
}

const run = (t: TestContext, argv: readonly string[]) => {
  const child = spawn(process.execPath, [PROGRAM, ...argv], {
    stdio: ["ignore", "pipe", "inherit"],
    env: BARE_ENVIRONMENT,
  });
  t.after(() => child.kill("SIGKILL"));
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  return { child, exited: once(child, "exit"), output: () => output };
};

await inOwnSandbox(import.meta.filename, () => {
  before(() => {
    for (const address of [INTERNAL, INTERNAL_V6, DNS_ADDRESS, ...REFUSED_V4, ...REFUSED_V6])
      if (!["127.0.0.1", "::1"].includes(address)) execFileSync("ip", ["address", "add", address, "dev", "lo"]);
    execFileSync("nft", ["-f", "-"], { input: COUNTERS });
  });
  const serve = async (t: TestContext): Promise<DnsServer> => {
    // A backend may also ask to be followed somewhere else.
    const server = createServer((_, response) => {
      response.writeHead(302, { location: `http://169.254.169.254:${PORT}/latest/meta-data/` }).end();
    }).listen(PORT, "::");
    await once(server, "listening");
    t.after(() => server.close());
    const dns = await DnsServer.start(DNS_ADDRESS, 53);
    t.after(() => dns[Symbol.asyncDispose]());
    rebind(dns);
    return dns;
  };

  test("the control: what connects to a refused address is counted", async (t) => {
    await serve(t);
    const { refused } = synsSent();
    await fetch(`http://169.254.169.254:${PORT}/`, { redirect: "manual" });
    await fetch(`http://[fd00:ec2::254]:${PORT}/`, { redirect: "manual" });
    assert.equal(synsSent().refused, refused + 2);
  });

  test("no SYN goes to a refused address, whatever a name answers between check and connect", async (t) => {
    const dns = await serve(t);
    const before = synsSent();
    const folder = mkdtempSync(join(tmpdir(), "hairpin-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "nlbs.yaml");
    const serviceOf = (hostname: string, i: number): string =>
      `  - { namespace: shop, name: s${i}, hostname: "${hostname}", ports: [{ port: ${PORT}, protocol: http }] }`;
    writeFileSync(file, ["services:", ...[...NAMES, ...LITERALS].map(serviceOf)].join("\n"));
    const flags = ["--frontends", file, "--node-name", "n1", "--metrics-address", METRICS, "--interval", "20ms"];
    const { child, exited, output } = run(t, ["agent", ...flags]);
    // Every step of every name has had its turn: the answers are good for a second each.
    await eventually(() => assert.ok(dns.asked(`A ${NAMES[0]}`) > STEPS.length));
    const samples = parseExposition(await (await fetch(`http://${METRICS}/metrics`)).text());
    child.kill("SIGTERM");
    assert.deepEqual(await exited, [0, null]);

    const after = synsSent();
    assert.equal(after.refused, before.refused);
    assert.ok(after.allowed - before.allowed > 100, "it did probe what may be probed");
    for (const name of NAMES.keys()) {
      const reason = { service_name: `s${name}`, reason: "not_internal" };
      assert.ok(sumOf(samples, "hairpin_probe_failures_total", reason) > 0, `s${name} was never refused anything`);
    }
    for (const address of ["169.254.169.254", "127.0.0.1", "203.0.113.7", "::1"])
      assert.ok(output().includes(`${address} is not a private address`), `${address} was never to be probed`);
  });

  test("check sends no SYN to a refused address either", async (t) => {
    await serve(t);
    const before = synsSent();
    const targets = [
      ...NAMES.slice(0, 2),
      "169.254.169.254",
      "127.0.0.1",
      "localhost",
      "203.0.113.7",
      "[::1]",
      "[fd00:ec2::254]",
    ];
    for (const target of targets) {
      const { exited, output } = run(t, ["check", `${target}:${PORT}`, "--attempts", "20", "--rate", "100"]);
      const [code] = (await exited) as [number];
      assert.notEqual(code, 70, output());
    }
    assert.equal(synsSent().refused, before.refused);
  });

  test("the way past the NLB is held to the same addresses, as is one that is no address at all", async (t) => {
    await serve(t);
    const before = synsSent();
    const prober = new Prober({
      watch: new LoopWatch(),
      watcher: undefined,
      signal: new AbortController().signal,
      timeout: 1_100,
      tlsVerify: false,
      userAgent: "hairpin-probe/test",
      isAllowed: addressPolicy([]),
    });
    const { service, listener } = frontend();
    for (const address of [...REFUSED_V4, ...REFUSED_V6, "::ffff:127.0.0.1", "localhost", NAMES[0] ?? "", "127.1", ""]) {
      const control: Control = { id: "c", service, listener, address, port: PORT };
      const outcomes = [
        await prober.control(control),
        await prober.frontend(frontend({ address, listener: { ...listener, port: PORT } })),
      ];
      for (const outcome of outcomes) assert.equal(outcome.kind === "failure" && outcome.reason, "not_internal", address);
    }
    assert.deepEqual(synsSent(), before);
  });
});
