/**
 * The board on what a real Prometheus scraped from real agents: `npm run test:board`. Not a `.test.ts`: `npm test` does without it.
 *
 * Grafana itself is not here. Its queries are sent as it sends them when all is chosen, and its own code transforms the answers.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { renderBoard } from "../../grafana/board.ts";
import { ask } from "../../grafana/preview/answers.ts";
import { tableOf, transform } from "../../grafana/preview/transform.ts";
import type { BoardPanel } from "../../grafana/schema.ts";
import { withAllChosen } from "../../grafana/variables.ts";
import { WEB } from "../../lab/cluster/defaults.ts";
import { addShop } from "../../lab/cluster/shop.ts";
import { type Prometheus, startPrometheus } from "../../lab/observe/prometheus.ts";
import { PROGRAM } from "../../lab/program.ts";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { type RunningLab, startLab } from "../../lab/running-lab.ts";
import { buildTopology } from "../../lab/topology.ts";
import { findPrometheusTool } from "../../scripts/prometheus.mjs";
import { pathOfRules, RULE_FILES } from "../../scripts/rule-files.ts";
import { notRun } from "../support/not-checked.ts";

/** As long as `verify` wants to look at. */
const BEFORE_MS = 62_000;
const AFTER_MS = 20_000;
/** As Grafana works them out of a scrape interval of one second, and the time shown. */
const TIMES = { rateInterval: "4s", range: "90s" };
const PRESERVE_OFF = {
  "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes": "preserve_client_ip.enabled=false",
};

interface Rule {
  readonly name: string;
  readonly health: string;
  readonly alerts?: readonly { readonly state: string; readonly labels: Readonly<Record<string, string>> }[];
}

const board = renderBoard();
const panels = board.panels.filter(({ type }) => type !== "row");
const panel = (title: string): BoardPanel => panels.find((each) => each.title === title) ?? assert.fail(`no panel ${title}`);

if (findPrometheusTool("prometheus") === undefined) {
  notRun(`${panels.length + 7} tests of the board. They take Prometheus (Debian package prometheus).`);
} else {
  await inOwnSandbox(import.meta.filename, () => {
    let lab: RunningLab;
    let prometheus: Prometheus;
    let [startMs, fixedMs, endMs] = [0, 0, 0];
    before(async () => {
      const topology = buildTopology({ nodes: 3, zones: 2 });
      lab = await startLab({
        topology,
        agentFlags: ["--interval", "250ms", "--timeout", "1500ms"],
        signal: new AbortController().signal,
        onError: console.error,
      });
      await addShop(lab.cluster, topology);
      prometheus =
        (await startPrometheus({
          targets: lab.agents.map(({ metricsUrl, node }) => ({
            url: metricsUrl,
            labels: { instance: node.name, cluster: "lab" },
          })),
          scrapeEvery: "1s",
          ruleFiles: RULE_FILES.map(pathOfRules),
        })) ?? assert.fail("no Prometheus");
      startMs = Date.now();
      await sleep(BEFORE_MS);
      lab.cluster.annotate(WEB.namespace, WEB.name, PRESERVE_OFF);
      await lab.cluster.settled();
      fixedMs = Date.now();
      await sleep(AFTER_MS);
      endMs = Date.now();
    });
    after(async () => {
      await prometheus?.stop();
      await lab?.down();
    });

    /** Asks as the panel does. */
    const answers = (of: BoardPanel) => ask(prometheus, of, { startMs, endMs, stepMs: 1_000 }, TIMES);

    for (const each of panels) {
      test(`it has data: ${each.title}`, async () => {
        const found = await answers(each);
        for (const [i, series] of found.entries()) {
          const numbers = series.flatMap(({ points }) => points).filter(([, value]) => Number.isFinite(Number(value)));
          assert.ok(numbers.length > 0, `${each.targets[i]?.expr}`);
        }
      });
    }

    /** The first query of a table, through its own transformations. @returns columns by name, in their order. */
    const shown = async (title: string): Promise<ReadonlyMap<string, readonly unknown[]>> => {
      const of = panel(title);
      const [series = []] = await answers(of);
      const [frame] = await transform(of.transformations ?? [], tableOf(series));
      return new Map(frame?.fields.map(({ name, config, values }) => [config?.displayName ?? name, values]));
    };

    test("the matrix has a row for each node and a column for each Service, and shows who hairpins", async () => {
      const columns = await shown("Timeout share by node and Service");
      const [corner = "", ...services] = [...columns.keys()];
      assert.equal(corner, "node\\service");
      assert.deepEqual(services, ["shop/cart", "shop/checkout", "shop/ledger", "shop/web"]);
      assert.deepEqual(columns.get(corner), ["node-1", "node-2", "node-3"]);
      for (const name of services) {
        const isHairpin = name === "shop/cart" || name === "shop/web";
        for (const value of columns.get(name) ?? []) assert.equal(Number(value) > 0, isHairpin, `${name}: ${value}`);
      }
    });

    test("tables show what is meant to be read, and no column of Grafana's own", async () => {
      assert.deepEqual([...(await shown("Hairpins by Service")).keys()], ["service_namespace", "service_name", "hairpins"]);
      const configuration = await shown("What the configuration says");
      assert.ok(!configuration.has("Time") && !configuration.has("Value"));
      assert.ok(configuration.get("preserve_client_ip")?.includes("false") && configuration.has("target_type"));
    });

    test("it counts the Services that hairpin", async () => {
      const [[series] = []] = await answers(panel("Services hairpinning now"));
      assert.equal(series?.points[0]?.[1], "2", "shop/web, which did until just now, and shop/cart");
    });

    test("the fix is marked for the Service that it was made for, and shows in its share", async () => {
      // There was no lab five minutes ago.
      const mark = withAllChosen(board.annotations.list[0]?.expr ?? "", TIMES).replaceAll("offset 5m", "offset 15s");
      const marked = await prometheus.queryRange(mark, { startMs: startMs + 20_000, endMs, stepMs: 1_000 });
      assert.deepEqual([...new Set(marked.map(({ metric }) => metric.service_name))], ["web"]);
      const firstSeconds = Math.min(...marked.flatMap(({ points }) => points.map(([seconds]) => seconds)));
      assert.ok(Math.abs(firstSeconds - fixedMs / 1000) < 5, `${firstSeconds - fixedMs / 1000} s after the fix`);
      const [shares = []] = await answers(panel("Timeout share by Service, with changes of the configuration"));
      const last = (name: string) => Number(shares.find(({ metric }) => metric.service_name === name)?.points.at(-1)?.[1]);
      assert.deepEqual([last("web"), last("cart") > 0], [0, true]);
    });

    const verify = (service: string, ...args: readonly string[]) => {
      const at = new Date(fixedMs).toISOString();
      const flags = ["--prometheus", prometheus.url, "--at", at, "--before", "1m", "--settle", "4s", "-o", "json"];
      const said = spawnSync(process.execPath, [PROGRAM, "verify", service, ...flags, ...args], {
        encoding: "utf8",
        timeout: 120_000,
      });
      return {
        status: said.status,
        verdict: (JSON.parse(said.stdout || "{}") as { verdict?: string }).verdict,
        said: said.stdout + said.stderr,
      };
    };

    test("verify calls the one that was fixed fixed, as soon as there is enough, and the other one not", () => {
      const web = verify("shop/web", "--watch");
      assert.deepEqual([web.status, web.verdict], [0, "fixed"], web.said);
      const cart = verify("shop/cart", "--watch");
      assert.deepEqual([cart.status, cart.verdict], [1, "not_fixed"], cart.said);
    });

    test("every variable has values to choose from", async () => {
      for (const { name, definition = "" } of board.templating.list.slice(1)) {
        const [, selector = ""] = /^label_values\((.*), \w+\)$/.exec(definition) ?? [];
        const values = await prometheus.get(`label/${name}/values`, { "match[]": withAllChosen(selector, TIMES) });
        assert.ok(Array.isArray(values) && values.length > 0, `${name}: ${definition}`);
      }
    });

    test("it evaluates every rule, and the alert on hairpins waits for its five minutes", async () => {
      const { groups } = (await prometheus.get("rules")) as { readonly groups: readonly { readonly rules: readonly Rule[] }[] };
      const rules = groups.flatMap((group) => group.rules);
      assert.deepEqual(
        rules.filter(({ health }) => health !== "ok"),
        [],
      );
      const hairpins = rules.find(({ name }) => name === "HairpinTimeouts");
      assert.deepEqual(hairpins?.alerts?.map(({ state, labels }) => `${state} ${labels.cluster} ${labels.service_name}`).sort(), [
        "pending lab cart",
        "pending lab web",
      ]);
    });
  });
}
