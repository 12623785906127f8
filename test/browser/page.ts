/**
 * The agent's page as a reader has it: real agents of the lab, headless Chromium. `npm run test:page` installs and runs it;
 * `HAIRPIN_SCREENSHOTS=DIRECTORY` keeps what it looks like.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import type { LabAgent } from "../../lab/agents.ts";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { type RunningLab, startLab } from "../../lab/running-lab.ts";
import { buildTopology } from "../../lab/topology.ts";
import { eventually } from "../support/waiting.ts";
import { poorContrasts, sticksOut } from "./inspect.ts";

const { HAIRPIN_SCREENSHOTS: SCREENSHOTS } = process.env;
/** Everything that would have it talk to somebody else is off. The sandbox is the lab's; Chromium's own cannot be made in it. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

await inOwnSandbox(import.meta.filename, () => {
  let lab: RunningLab;
  let browser: Browser;
  before(async () => {
    lab = await startLab({
      topology: buildTopology({ nodes: 3, zones: 2 }),
      agentFlags: ["--interval", "200ms", "--timeout", "1500ms"],
      signal: new AbortController().signal,
      onError: console.error,
    });
    browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ARGUMENTS });
    await eventually(async () => {
      const { services } = await agent().status();
      const causes = services.flatMap(({ frontends }) => frontends.map(({ diagnosis }) => diagnosis.cause));
      assert.ok(causes.includes("hairpin") && causes.includes("healthy"), causes.join());
    });
  });
  after(async () => {
    await browser?.close();
    await lab?.down();
  });

  const agent = (): LabAgent => lab.agents[0] ?? assert.fail("no agent");
  const url = () => agent().metricsUrl.replace("/metrics", "/");
  /** Opens the page, and takes note of whatever goes wrong and whatever is asked for. */
  const open = async (options: BrowserContextOptions = {}) => {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const [trouble, asked]: [string[], string[]] = [[], []];
    page.on("console", (message) => trouble.push(message.text()));
    page.on("pageerror", (error) => trouble.push(String(error)));
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(url());
    return { page, trouble, asked, close: () => context.close() };
  };

  for (const width of [375, 768, 1280, 2560]) {
    for (const colorScheme of ["light", "dark"] as const) {
      test(`${width} px wide, ${colorScheme}: nothing sticks out, every text can be read, nothing else is asked for`, async () => {
        const { page, trouble, asked, close } = await open({ viewport: { width, height: 900 }, colorScheme });
        try {
          if (SCREENSHOTS !== undefined) {
            await page.screenshot({ path: join(SCREENSHOTS, `page-${width}-${colorScheme}.png`), fullPage: true });
          }
          assert.deepEqual(await sticksOut(page), []);
          assert.deepEqual(await poorContrasts(page), []);
          assert.deepEqual(trouble, []);
          assert.deepEqual(
            asked.filter((each) => !each.startsWith("data:")),
            [url()],
          );
        } finally {
          await close();
        }
      });
    }
  }

  test("it reads well to those who do not see it: headings, tables with headers, names for what scrolls", async () => {
    const { page, close } = await open();
    try {
      assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), "hairpin-probe");
      for (const name of ["What is wrong", "Services and their frontends", "Last failures", "Not probed", "This agent"]) {
        assert.equal(await page.getByRole("heading", { level: 2, name, exact: true }).count(), 1, name);
        assert.equal(await page.getByRole("region", { name, exact: true }).count(), 1, name);
      }
      const matrix = page.getByRole("table", { name: /Share of connections that timed out/ });
      assert.equal(await matrix.getByRole("columnheader", { name: "eu-west-1a here" }).count(), 1);
      assert.equal(await matrix.getByRole("rowheader", { name: /^shop\/web:80 / }).count(), 1);
      assert.match((await matrix.getByRole("cell").first().textContent()) ?? "", /\d+ %\s+hairpin/);
      assert.equal(await page.getByRole("region", { name: "Last failed attempts" }).getAttribute("tabindex"), "0");
      assert.equal(await page.locator("html").getAttribute("lang"), "en");
    } finally {
      await close();
    }
  });

  const asOf = (page: Page) => page.locator(".summary time").getAttribute("datetime");

  test("it refreshes itself, keeps what was opened, and says when the agent no longer answers", async () => {
    const { page, close } = await open();
    const stopped = agent().process;
    try {
      const first = await asOf(page);
      await eventually(async () => assert.notEqual(await asOf(page), first));
      const banner = page.getByRole("status");
      assert.equal(await banner.isVisible(), false);
      stopped.kill("SIGSTOP");
      await eventually(async () => assert.match((await banner.textContent()) ?? "", /has not answered since/));
      assert.equal(await banner.isVisible(), true);
      stopped.kill("SIGCONT");
      await eventually(async () => assert.equal(await banner.isVisible(), false));
    } finally {
      stopped.kill("SIGCONT");
      await close();
    }
  });

  test("without JavaScript all of it is there, and it is loaded anew by itself", async () => {
    const { page, asked, close } = await open({ javaScriptEnabled: false });
    try {
      assert.match((await page.locator("main").textContent()) ?? "", /hairpin/);
      const first = await asOf(page);
      await sleep(15_500);
      await eventually(async () => assert.notEqual(await asOf(page), first));
      assert.equal(new Set(asked).size, 1);
    } finally {
      await close();
    }
  });

  test("a script or a style that is not the page's own does not run, and the page is in no frame", async () => {
    const { page, close } = await open();
    try {
      const ran = await page.evaluate(() => {
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
        const style = document.createElement("p");
        style.setAttribute("style", "color: rgb(1, 2, 3)");
        document.body.append(style);
        return { script: "ran" in window, style: getComputedStyle(style).color === "rgb(1, 2, 3)" };
      });
      assert.deepEqual(ran, { script: false, style: false });
      const { headers } = await fetch(url());
      assert.equal(headers.get("x-frame-options"), "DENY");
      assert.match(headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/);
    } finally {
      await close();
    }
  });
});
