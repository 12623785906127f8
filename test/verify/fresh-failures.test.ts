/** Failures of the last seconds count at once, the attempts that they belong to later: never are there more failures than attempts. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { judge } from "../../src/verify/judge.ts";
import { PrometheusClient } from "../../src/verify/prometheus/client.ts";
import { readObservation } from "../../src/verify/prometheus/read.ts";
import { renderText } from "../../src/verify/text.ts";
import { FIXED, observe } from "./observations.ts";

test("control attempts that failed too late to be counted as attempts are attempts all the same", async (t) => {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (data: Buffer) => (body += data));
    request.on("end", () => {
      const query = new URLSearchParams(body).get("query") ?? "";
      const count = query.includes("control_attempts") ? "4" : query.includes("control_failures") ? "5" : undefined;
      const result = count === undefined ? [] : [{ metric: {}, value: [1_700_000_000, count] }];
      response.end(JSON.stringify({ status: "success", data: { result } }));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = new PrometheusClient({ url: `http://127.0.0.1:${port}`, headers: {} }, new AbortController().signal);
  t.after(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  const subject = { namespace: "shop", name: "web", cluster: undefined };
  const { control } = await readObservation(client, subject, { startMs: 0, endMs: 60_000 }, 4_000);
  assert.deepEqual(control, { hits: 5, of: 5 });
  const [before, after] = [observe({}), { ...observe(FIXED), control }];
  const report = { service: "shop/web", changedAtMs: 0, changeSource: "seen" as const, settleMs: 0, before, after, warnings: [] };
  assert.match(
    renderText({ ...report, judgement: judge(before, after) }, 100, (_, text) => text),
    /Past the NLB/,
  );
});
