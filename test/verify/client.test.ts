/** What can go wrong between us and a Prometheus; the answers of a real one are in prometheus.test.ts. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PrometheusClient, PrometheusError } from "../../src/verify/prometheus/client.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** Lets a client ask a server that answers so. */
async function asked<T>(
  answer: Answer,
  use: (client: PrometheusClient) => Promise<T>,
  headers: Readonly<Record<string, string>> = {},
  signal = new AbortController().signal,
): Promise<T> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (data: Buffer) => (body += data));
    request.on("end", () => answer(request, response, body));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = new PrometheusClient({ url: `http://127.0.0.1:${port}/prometheus/`, headers }, signal);
  try {
    return await use(client);
  } finally {
    await client.close();
    server.closeAllConnections();
    server.close();
  }
}

const vector = (...result: readonly unknown[]) => JSON.stringify({ status: "success", data: { resultType: "vector", result } });
const query = (client: PrometheusClient) => client.query("up", 1_700_000_000_500);

test("it asks by POST, below the path it was given, with the headers that it was told", async () => {
  const answer: Answer = (request, response, body) => {
    assert.deepEqual([request.method, request.url], ["POST", "/prometheus/api/v1/query"]);
    assert.deepEqual([request.headers.authorization, request.headers["x-scope-orgid"]], ["Bearer secret", "team-a"]);
    assert.deepEqual(Object.fromEntries(new URLSearchParams(body)), { query: "up", time: "1700000000.500" });
    response.end(vector({ metric: { node: "n1" }, value: [1_700_000_000.5, "3"] }));
  };
  const series = await asked(answer, query, { authorization: "Bearer secret", "x-scope-orgid": "team-a" });
  assert.deepEqual(series, [{ labels: { node: "n1" }, points: [{ atMs: 1_700_000_000_500, value: 3 }] }]);
});

test("values that are no finite numbers are left out, and said to be, and the rest stays", async () => {
  const result = {
    metric: {},
    values: [
      [1, "NaN"],
      [2, "+Inf"],
      [3, "4"],
    ],
  };
  const { series, warnings } = await asked(
    (_, response) => response.end(vector(result)),
    async (client) => ({ series: await query(client), warnings: client.warnings }),
  );
  assert.deepEqual(series[0]?.points, [{ atMs: 3_000, value: 4 }]);
  assert.match(warnings.join(), /no finite numbers/);
});

test("what it says of missing parts is kept, once", async () => {
  const text = JSON.stringify({ status: "success", warnings: ["store a is away"], data: { resultType: "vector", result: [] } });
  const warnings = await asked(
    (_, response) => response.end(text),
    async (client) => {
      await query(client);
      await query(client);
      return client.warnings;
    },
  );
  assert.deepEqual(warnings, ["store a is away"]);
});

const FAILURES: readonly (readonly [name: string, answer: Answer, message: RegExp])[] = [
  [
    "a query that it refuses",
    (_, response) => response.writeHead(422).end('{"status":"error","errorType":"execution","error":"query timed out"}'),
    /\/api\/v1\/query: HTTP status 422: query timed out \(asked for up\)$/,
  ],
  ["no right to ask", (_, response) => response.writeHead(401).end("Unauthorized"), /HTTP status 401: Unauthorized/],
  [
    "a proxy that is broken",
    (_, response) => response.writeHead(502).end(`<html>${"x".repeat(5_000)}`),
    /^.{0,500}HTTP status 502: <html>x+ \(/,
  ],
  ["another program", (_, response) => response.end("hello"), /HTTP status 200: hello/],
  ["nothing at all", (_, response) => response.end(), /nothing said/],
  [
    "a scalar",
    (_, response) => response.end('{"status":"success","data":{"resultType":"scalar","result":"1"}}'),
    /expected a vector or a matrix/,
  ],
  ["a vector of something else", (_, response) => response.end(vector("x")), /expected a vector or a matrix/],
  [
    "an answer that is cut",
    (_, response) => response.writeHead(200, { "content-length": "100" }).write("{", () => response.destroy()),
    /prometheus\/api/,
  ],
  ["a connection that is reset", (request) => request.socket.destroy(), /prometheus\/api/],
];
for (const [name, answer, message] of FAILURES) {
  test(`${name} is an error that says so`, async () => {
    await assert.rejects(asked(answer, query), (error: Error) => error instanceof PrometheusError && message.test(error.message));
  });
}

test("an answer without an end is given up", async () => {
  const endless: Answer = (_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write("x".repeat(1 << 20)));
    };
    response.on("drain", more);
    more();
  };
  await assert.rejects(asked(endless, query), /got more than 67108864 bytes/);
});

test("Ctrl-C ends a question that is not answered", async () => {
  const stop = new AbortController();
  const asking = asked(() => {}, query, {}, stop.signal);
  await sleep(50);
  stop.abort(new Error("ended"));
  await assert.rejects(asking);
});

test("an answer with something else where series are to be is refused, and ends nothing", async () => {
  const success = (data: unknown) => JSON.stringify({ status: "success", data });
  const series = (metric: unknown, value: unknown) => success({ result: [{ metric, value }] });
  const wrong = [
    success(null),
    success(5),
    series({ node: { toString: null } }, [1, "1"]),
    series({ node: 5 }, [1, "1"]),
    series([], [1, "1"]),
    ...[[1, null], [1, ""], [1, []], [1, true], [1, 5], [1, "0x10"], [1, " 1"], ["1", "1"], [1e300, "1"], 5, undefined].map(
      (value) => series({}, value),
    ),
  ];
  for (const body of wrong)
    await assert.rejects(
      asked((_, response) => response.end(body), query),
      PrometheusError,
      body,
    );
});

test("what no count can be is left out: below 0, or more than can be counted", async () => {
  const result = {
    metric: {},
    values: [
      [1, "-1"],
      [2, "1e13"],
      [3, "7"],
    ],
  };
  const series = await asked((_, response) => response.end(vector(result)), query);
  assert.deepEqual(series[0]?.points, [{ atMs: 3_000, value: 7 }]);
});

test("warnings are as many as one reads, of one line each, and whatever else is there is none", async () => {
  const warned = (warnings: unknown) =>
    asked(
      (_, response) => response.end(JSON.stringify({ status: "success", warnings, data: { result: [] } })),
      async (client) => {
        await query(client);
        return client.warnings;
      },
    );
  for (const none of [null, 5, "text", { toString: null }, [5, null]]) assert.deepEqual(await warned(none), []);
  const many = await warned(Array.from({ length: 1_000 }, (_, i) => `${i}\n${"x".repeat(1_000)}`));
  assert.equal(many.length, 20);
  for (const warning of many) assert.match(warning, /^\d+\?x{1,300}$/);
});

test("what it says of an error is cut, and of one line", async () => {
  const body = JSON.stringify({ status: "error", error: `a\n\u001b[31m${"x".repeat(100_000)}` });
  await assert.rejects(
    asked((_, response) => response.end(body), query),
    (error) => error instanceof PrometheusError && error.message.length < 500 && !/\p{Cc}/u.test(error.message),
  );
});
