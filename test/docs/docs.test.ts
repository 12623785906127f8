import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { scaleOf } from "../../bench/scale-cluster.ts";
import { PAGES } from "../../scripts/render-docs.ts";
import { EXIT_CODES } from "../../src/cli/exit-codes.ts";
import { parseExposition } from "../../src/domain/exposition.ts";
import { REASONS } from "../../src/domain/outcome.ts";
import { AgentMetrics } from "../../src/metrics/agent-metrics.ts";
import { METRICS, type MetricDefinition } from "../../src/metrics/definitions.ts";
import { AGENT } from "../support/full-page.ts";
import { frontend, snapshot } from "../support/services.ts";
import { PAGE_PATHS } from "./pages.ts";

const page = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

for (const [path, render] of Object.entries(PAGES)) {
  test(`${path} is what the code says; npm run docs writes it`, () =>
    assert.deepEqual(page(path).split("\n"), render().split("\n")));
}

test("docs/metrics.md names every value that a label can have, whichever metric has it", () => {
  const rows = page("docs/metrics.md").split("\n");
  for (const [name, { labels }] of Object.entries<MetricDefinition>(METRICS)) {
    for (const [label, known] of Object.entries(labels)) {
      const row = rows.find((line) => line.startsWith(`| \`${label}\` |`)) ?? "";
      for (const value of typeof known === "string" ? [known] : known) assert.ok(row.includes(value), `${value} of ${name}`);
    }
  }
});

test("docs/failures.md explains every reason and no other", () => {
  const explained = [...page("docs/failures.md").matchAll(/^\| `(\w+)` \|/gm)].map(([, reason]) => reason);
  assert.deepEqual(explained, [...REASONS]);
});

for (const [command, path] of [
  ["audit", "docs/audit.md"],
  ["check", "docs/check.md"],
  ["verify", "docs/verify.md"],
] as const) {
  test(`${path} has the command's exit codes, and no others`, () => {
    const [, section = ""] = /\n## Exit codes\n([\s\S]*?)(\n## |$)/.exec(page(path)) ?? [];
    const rows = [...section.matchAll(/^\| (\d+) \| (.*) \|$/gm)].map(([, code, meaning]) => `${code} ${meaning}`);
    assert.deepEqual(
      rows,
      EXIT_CODES[command].map(({ code, meaning }) => `${code} ${meaning}`),
    );
  });
}

/** GitHub's anchors: lower case, spaces as hyphens, no other punctuation. */
const anchorsOf = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, "")
      .replaceAll(" ", "-"),
  );

for (const path of PAGE_PATHS) {
  test(`${path}: every link leads to a file, and to a heading in it`, () => {
    const text = page(path).replaceAll(/```[\s\S]*?```/g, "");
    for (const [, link = ""] of text.matchAll(/\]\(([^)]+)\)/g)) {
      if (/^https?:/.test(link)) continue;
      const [file = "", anchor] = link.split("#");
      const target = new URL(file === "" ? basename(path) : file, new URL(`../../${path}`, import.meta.url));
      assert.ok(existsSync(target), link);
      if (anchor !== undefined) assert.ok(anchorsOf(readFileSync(target, "utf8")).includes(anchor), link);
    }
  });
}

test("npx finds hairpin-probe in the clone and nowhere else: npm may give anybody that name", () => {
  for (const path of PAGE_PATHS) {
    for (const [block] of page(path).matchAll(/```sh\n[\s\S]*?```/g)) {
      const [before = "", ...after] = block.split("npx hairpin-probe");
      if (after.length > 0) assert.match(before, /\bnpm ci\b/, `${path}: ${block}`);
    }
  }
});

test("package.json, the README and the program ask for the same Node.js", () => {
  const { engines } = JSON.parse(page("package.json")) as { readonly engines: { readonly node: string } };
  const [, told] = /\| Node\.js, outside of the image \| ([\d.]+) \|/.exec(page("README.md")) ?? [];
  const [, asked] = /needs Node\.js ([\d.]+) or newer/.exec(page("bin/hairpin-probe.js")) ?? [];
  assert.deepEqual([engines.node, asked], [`>=${told}`, told]);
});

test("SECURITY.md names what the agents may read, and nothing else", () => {
  const [, table = ""] = /\| API group \| resources \|\n\|---\|---\|\n([\s\S]*?)\n\n/.exec(page("SECURITY.md")) ?? [];
  const told = table.split("\n").flatMap((row) => {
    const [groups = "", resources = ""] = row
      .split("|")
      .slice(1)
      .map((cell) => cell.trim());
    return groups.split(", ").flatMap((group) => resources.split(", ").map((resource) => `${group}/${resource}`));
  });
  const documents = parseAllDocuments(page("manifests/base/rbac.yaml")).map(
    (document) => document.toJS() as { rules?: readonly Rule[] },
  );
  const rules = documents.flatMap(({ rules = [] }) => rules);
  const allowed = rules.flatMap(({ apiGroups, resources, verbs }) => {
    assert.deepEqual(verbs, ["list", "watch"]);
    return apiGroups.flatMap((group) => resources.map((resource) => `${group === "" ? "core" : group}/${resource}`));
  });
  assert.deepEqual(told.sort(), allowed.sort());
});

test("the README says how many series an agent exports", async () => {
  const [, ...numbers] =
    /(\d+) \+ (\d+) for each Service that it probes \+ (\d+) for each port \+ (\d+) for each frontend \| ([\d,]+) /.exec(
      page("README.md"),
    ) ?? [];
  const [base = 0, service = 0, port = 0, each = 0, example] = numbers.map((text) => Number(text.replace(",", "")));
  const told = (services: number, ports: number, addresses: number): number =>
    base + services * (service + ports * (port + addresses * each));
  const shapes: readonly (readonly [services: number, ports: number, addresses: number])[] = [
    [0, 1, 1],
    [1, 1, 1],
    [2, 3, 2],
    [30, 1, 3],
  ];
  for (const shape of shapes) assert.equal(await seriesOf(...shape), told(...shape), shape.join());
  // With the cap, 20 of some 67 nodes of each zone probe an address, and hosts of backends besides: 29 of 90 frontends, of 21 Services.
  assert.equal(example, Math.round((base + 21 * (service + port) + 29 * each) / 100) * 100);
});

test("the README says how many attempts an agent makes: past the NLB one for each port, not for each frontend", () => {
  const [, told] = /\| attempts of an agent \|.*\| ([\d.]+) a second/.exec(page("README.md")) ?? [];
  const nodes = 200;
  const { attempts, services } = scaleOf({ nodes, fanOut: 20, intervalSeconds: 10 });
  assert.equal(told, ((attempts / nodes) * (30 / services)).toFixed(1), "of 30 Services");
});

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Series that an agent has as soon as it has planned so many Services, ports of each, and addresses of each NLB. */
async function seriesOf(services: number, ports: number, addresses: number): Promise<number> {
  const metrics = new AgentMetrics({ node: "n1", nowMs: () => 0, maxSeries: 20_000 });
  metrics.watchAgent(() => AGENT);
  metrics.watchSnapshotAge(() => 0);
  const some = frontend({ exposure: 0.5, backends: { ready: 2, unready: 0 } });
  const all = Array.from({ length: services }, (_, i) => ({ ...some.service, name: `service-${i}` }));
  const listeners = all.flatMap((service) =>
    Array.from({ length: ports }, (_, i) => ({ service, listener: { ...some.listener, port: 80 + i } })),
  );
  const controls = listeners.map((at, i) => ({ ...at, id: `control-${i}`, address: "172.20.0.80", port: at.listener.port }));
  const frontends = listeners.flatMap((at, i) =>
    Array.from({ length: addresses }, (_, k) => ({ ...some, ...at, id: `${i}-${k}`, zone: `zone-${k}` })),
  );
  metrics.leftToOthers(0);
  metrics.pace({ needed: 1, limit: 200, slowed: 0 });
  metrics.plan(snapshot({ services: all.map((service) => ({ service, backends: [] })) }), frontends, controls);
  return parseExposition(await metrics.registry.render()).length;
}
