import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { parse } from "yaml";
import type { Environment } from "../../../lab/environments/environment.ts";
import { planEnvironment } from "../../../lab/environments/plan.ts";
import { buildTopology } from "../../../lab/topology.ts";

const topology = buildTopology({ nodes: 2, zones: 1 });
const DESTINATIONS = [
  { address: "10.0.35.1", port: 80 },
  { address: "10.0.0.3", port: 6443 },
];
const plan = (environment: Environment) => planEnvironment(environment, topology, DESTINATIONS);
const ENVIRONMENTS: readonly Environment[] = [
  { kind: "mesh" },
  { kind: "invalid_drop" },
  { kind: "strict_rp_filter" },
  { kind: "policy", letsStrayAnswersIn: false },
  { kind: "scanner", perSecond: 100 },
  { kind: "branch_eni" },
  { kind: "secondary_eni" },
  { kind: "rtt", ms: 100 },
];

for (const environment of ENVIRONMENTS) {
  test(`${environment.kind} is made for every agent, and what it changes is taken back where it was changed`, () => {
    const { changes, settings, programs, undo, settingsBefore } = plan(environment);
    const places = (of: readonly { readonly place: string }[]): readonly string[] =>
      [...new Set(of.map(({ place }) => place))].sort();
    assert.deepEqual(places(undo), places(changes));
    assert.deepEqual(places(settingsBefore), places(settings));
    assert.ok(changes.length + settings.length + programs.length > 0);
    for (const [i, { name, agent }] of topology.nodes.entries()) {
      const touched = [...changes, ...settings].some(({ place }) => place === name || place === agent.name);
      assert.ok(touched || programs.some(({ args }) => args.join().includes(agent.address)), `node ${i + 1}`);
    }
  });
}

test("a sidecar takes what leaves the pod, but not what it sends itself, and knows where each connection was meant to go", () => {
  const { changes, programs } = plan({ kind: "mesh" });
  const [{ text = "" } = {}] = changes;
  assert.match(text, /oifname "lo" return\n\s*tcp sport 20000-29999 return\n/);
  assert.match(
    text,
    /ip daddr 10\.0\.35\.1 tcp dport 80 redirect to :15001\n\s*ip daddr 10\.0\.0\.3 tcp dport 6443 redirect to :15002/,
  );
  assert.deepEqual(programs[0], { place: "agent-1", name: "sidecar.ts", args: ["15001=10.0.35.1:80,15002=10.0.0.3:6443"] });
});

test("the policy of the manifests lets stray answers in at the ports that manifests name, and without them only the node and the metrics port", () => {
  const rules = (letsStrayAnswersIn: boolean): string => plan({ kind: "policy", letsStrayAnswersIn }).changes[0]?.text ?? "";
  const manifest = parse(
    readFileSync(new URL("../../../manifests/components/network-policy/networkpolicy.yaml", import.meta.url), "utf8"),
  ) as { readonly spec: { readonly ingress: readonly { readonly ports: readonly { port: number; endPort?: number }[] }[] } };
  const [{ port, endPort } = { port: 0 }] = manifest.spec.ingress[1]?.ports ?? [];
  assert.ok(rules(true).includes(`tcp dport ${port}-${endPort} accept`));
  assert.deepEqual(
    [...rules(false).matchAll(/^\t\t(.*) accept$/gm)].map(([, rule]) => rule),
    ["meta l4proto != tcp", "ip daddr . tcp dport . ip saddr . tcp sport @sent_flows", "ip saddr 10.0.32.10", "tcp dport 9867"],
  );
});

test("strict source validation is the node's own, and loose again afterwards", () => {
  const { settings, settingsBefore } = plan({ kind: "strict_rp_filter" });
  assert.deepEqual(settings[0], { place: "node-1", path: "net/ipv4/conf/all/rp_filter", value: 1 });
  assert.deepEqual(settingsBefore[0], { place: "node-1", path: "net/ipv4/conf/all/rp_filter", value: 2 });
});
