/**
 * Draws docs/board.png: `npm run preview`. The panels of the board, on what a real Prometheus scraped from the lab's agents through a
 * fix. Not a picture of Grafana, which is not here, and says so.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { WEB } from "../../lab/cluster/defaults.ts";
import { addShop } from "../../lab/cluster/shop.ts";
import { startPrometheus } from "../../lab/observe/prometheus.ts";
import { withLab } from "../../lab/running-lab.ts";
import { buildTopology } from "../../lab/topology.ts";
import { renderBoard } from "../board.ts";
import type { Board, BoardPanel } from "../schema.ts";
import { ask } from "./answers.ts";
import { renderPreview } from "./page.ts";

const STEP_MS = 2_000;
/** Some SYNs get lost everywhere, so that the picture shows what that looks like. */
const SYN_LOSS = 0.005;
const PRESERVE_OFF = {
  "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes": "preserve_client_ip.enabled=false",
};
const CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
/** Before the first picture: the longest window of a rate. */
const WARM_UP_MS = 24_000;
/** In the picture: what fits on a screen of the README. */
const PANELS = [
  "Services hairpinning now",
  "Timeout share, exposed paths",
  "Timeout share, other paths",
  "Hairpins by Service",
  "Timeout share by node and Service",
  "Timeouts by evidence",
  "Observed against expected share",
  "Time to connect",
  "Time to connect, quantiles",
  "Timeout share by Service, with changes of the configuration",
];
const ABOUT = "Preview of the panels, drawn from data of the lab (4 nodes in 2 zones, fixed half-way). This is not Grafana.";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "360" },
    output: { type: "string", default: fileURLToPath(new URL("../../docs/board.png", import.meta.url)) },
  },
});
const lengthMs = Number(values.seconds) * 1000;
const topology = buildTopology({ nodes: 4, zones: 2 });
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort(new Error(`ended by ${signal}`)));
const agentFlags = ["--interval", "500ms", "--timeout", "3s"];
const lab = { topology, agentFlags, signal: stop.signal, onError: (error: Error) => console.error(error.message) };

await withLab(lab, async ({ cluster, agents }) => {
  await addShop(cluster, topology);
  cluster.setFaults([{ kind: "syn_loss", share: SYN_LOSS }]);
  const prometheus = await startPrometheus({
    targets: agents.map(({ metricsUrl, node }) => ({ url: metricsUrl, labels: { instance: node.name } })),
    scrapeEvery: `${STEP_MS / 1000}s`,
  });
  if (prometheus === undefined) throw new Error("preview: there is no Prometheus here (Debian package prometheus)");
  try {
    await sleep(WARM_UP_MS, undefined, { signal: stop.signal });
    const startMs = Date.now();
    await sleep(lengthMs / 2, undefined, { signal: stop.signal });
    cluster.annotate(WEB.namespace, WEB.name, PRESERVE_OFF);
    const fixedMs = Date.now();
    await sleep(lengthMs / 2, undefined, { signal: stop.signal });
    const range = { startMs, endMs: Date.now(), stepMs: STEP_MS };
    const times = { rateInterval: `${WARM_UP_MS / 1000}s`, range: `${Math.round(lengthMs / 1000)}s` };
    const shown = { ...range, marksMs: [fixedMs] };
    const html = await renderPreview(pictured(renderBoard()), (panel) => ask(prometheus, panel, range, times), shown, ABOUT);
    await photograph(html, values.output);
  } finally {
    await prometheus.stop();
  }
});

/** @throws Error for a panel that the board no longer has. */
function pictured(board: Board): Board {
  const titles = board.panels.map(({ title }) => title);
  const gone = PANELS.find((title) => !titles.includes(title));
  if (gone !== undefined) throw new Error(`preview: the board has no panel ${gone}`);
  const isIn = ({ title }: BoardPanel): boolean => PANELS.includes(title);
  const panels = board.panels.filter((panel, i) => {
    if (panel.type !== "row") return isIn(panel);
    const next = board.panels.findIndex(({ type }, k) => k > i && type === "row");
    return board.panels.slice(i, next === -1 ? undefined : next).some(isIn);
  });
  return { ...board, panels };
}

async function photograph(html: string, path: string): Promise<void> {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: CHROMIUM });
  try {
    const page = await browser.newPage({ viewport: { width: 1600, height: 900 } });
    await page.setContent(html);
    await page.screenshot({ path, fullPage: true });
  } finally {
    await browser.close();
  }
}
