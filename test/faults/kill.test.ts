/** An agent that is ended at any moment, in good order or not: nothing is called failed for it, and the next one starts as the first did. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { sumOf } from "../../src/domain/exposition.ts";
import { isNightly } from "../support/run-environment.ts";
import { eventually } from "../support/waiting.ts";
import { startAgentProcess } from "./agent-process.ts";

const ADDRESSES = Array.from({ length: 20 }, (_, i) => `10.97.1.${i + 1}`);
const PORT = 9_000;
/** So that a dozen attempts are in flight at any moment. */
const ANSWER_AFTER_MS = 60;
/** From before the program is loaded to when it is at work; each is drawn from its own part of this, so that none is left out. */
const MOMENTS = isNightly ? 16 : 5;
const LAST_MOMENT_MS = 1_600;
/** This one never answers, and its attempts have a minute to wait for it: an agent that waited for them would end no sooner. */
const SILENT = "10.97.1.20";
const TIMEOUT_SECONDS = 60;
const ENDS_WITHIN_MS = 45_000;

const frontends = {
  services: [
    {
      namespace: "shop",
      name: "web",
      addresses: ADDRESSES.map((address) => ({ address })),
      ports: [{ port: PORT, protocol: "http" }],
    },
  ],
};

async function serveAll(t: TestContext): Promise<void> {
  const server = createServer((request, response) => {
    if (request.socket.localAddress !== SILENT) setTimeout(() => response.end("ok"), ANSWER_AFTER_MS);
  }).listen(PORT, "0.0.0.0");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
}

const startAgent = () =>
  startAgentProcess({ sources: { frontends }, flags: ["--interval", "100ms", "--timeout", `${TIMEOUT_SECONDS}s`] });

await inOwnSandbox(import.meta.filename, () => {
  for (const address of ADDRESSES) execFileSync("ip", ["address", "add", `${address}/32`, "dev", "lo"]);

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    test(`${signal} at any moment: no attempt is called failed, nothing is left, and the next agent is at work at once`, async (t) => {
      await serveAll(t);
      for (let moment = 0; moment < MOMENTS; moment++) {
        const agent = startAgent();
        await sleep(((moment + Math.random()) / MOMENTS) * LAST_MOMENT_MS);
        const startedMs = performance.now();
        const [code, by] = await agent.end(signal);
        assert.ok(performance.now() - startedMs < ENDS_WITHIN_MS, "it waited for attempts in flight");
        // Before the program has loaded nobody handles the signal, and there is nothing to bring to an end.
        const isGood = signal === "SIGTERM" && agent.log.length > 0 ? code === 0 : code === 0 || by === signal;
        assert.ok(isGood, `${code} ${by} ${agent.stderr()}`);
        assert.deepEqual(
          agent.log.filter(({ msg }) => !["agent started", "agent stopped"].includes(msg)),
          [],
        );
        assert.equal(agent.stderr(), "");
      }
      assert.deepEqual(
        readdirSync(tmpdir()).filter((name) => name.startsWith("hairpin")),
        [],
        "no file is left",
      );
      const next = startAgent();
      await next.ready();
      await eventually(async () => assert.ok(sumOf(await next.scrape(), "hairpin_probe_attempts_total") >= 100));
      assert.equal(sumOf(await next.scrape(), "hairpin_probe_failures_total"), 0);
      assert.deepEqual(await next.end(), [0, null]);
    });
  }
});
