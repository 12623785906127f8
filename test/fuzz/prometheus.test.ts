/** Answers of a Prometheus, or of what stands in its place. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe } from "node:test";
import fc from "fast-check";
import { PrometheusClient, PrometheusError, type Series } from "../../src/verify/prometheus/client.ts";
import { findChange, servicesSeen } from "../../src/verify/prometheus/find.ts";
import { readObservation } from "../../src/verify/prometheus/read.ts";
import { SeveralClustersError } from "../../src/verify/prometheus/subject.ts";
import { corpus } from "./support/corpus.ts";
import { fuzz } from "./support/fuzz.ts";
import { hostileText } from "./support/hostile.ts";
import { mutatedJson } from "./support/mutate.ts";
import { verdictHolds } from "./support/verdicts.ts";

interface Answer {
  readonly status: number;
  readonly text: string;
}

describe("answers of Prometheus", () => {
  let answers: readonly Answer[] = [];
  let asked = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.once("end", () => {
      const { status, text } = answers[asked++ % answers.length] ?? { status: 500, text: "" };
      response.writeHead(status).end(text);
    });
  });
  /** A client for each case would be a connection for each; its warnings add up, and stay bounded all the same. */
  let client: PrometheusClient;
  before(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    client = new PrometheusClient({ url: `http://127.0.0.1:${port}`, headers: {} }, new AbortController().signal);
  });
  after(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });

  const RECORDED = corpus("prometheus-answers.json");
  const pools = {
    keys: ["node", "cluster", "service_port", "warnings", "error", "metric", "value", "values", "result"],
    texts: ["120", "1e999", "-5", "NaN", "+Inf", "0x10", " 1", "1e300", "9007199254740993", "b"],
  };
  const status = fc.constantFrom(200, 200, 200, 200, 400, 422, 500, 503);
  const answer: fc.Arbitrary<Answer> = fc.record({
    status,
    text: fc.oneof({ weight: 8, arbitrary: mutatedJson(RECORDED, pools) }, { weight: 1, arbitrary: hostileText }),
  });

  const isDeclared = (error: unknown): boolean => {
    if (!(error instanceof PrometheusError || error instanceof SeveralClustersError)) return false;
    assert.ok(error.message.length < 2_000, `${error.message.length} characters`);
    return true;
  };

  function seriesHold(series: readonly Series[]): void {
    for (const { labels, points } of series) {
      for (const [name, value] of Object.entries(labels)) assert.equal(typeof value, "string", name);
      for (const { atMs, value } of points) {
        assert.ok(!Number.isNaN(new Date(atMs).getTime()), `${atMs} is no time`);
        assert.ok(value >= 0 && value <= 1e10, `${value} is no count`);
      }
    }
  }

  /** How many numbers an answer has, as text, where the API has them. */
  function numbersIn(text: string): number {
    const { data } = JSON.parse(text) as {
      readonly data: { readonly result: readonly { value?: unknown; values?: unknown[] }[] };
    };
    const points = data.result.flatMap(({ value, values = [value] }) => values);
    return points.filter((point) => Array.isArray(point) && typeof point[1] === "string" && /^[+-]?[\d.]/.test(point[1])).length;
  }

  fuzz("an answer of Prometheus is read as series of numbers, or refused", answer, async (given) => {
    answers = [given];
    try {
      const series = await client.query("up", 1_700_000_000_000);
      seriesHold(series);
      const points = series.reduce((sum, each) => sum + each.points.length, 0);
      assert.ok(points <= numbersIn(given.text), "a number of what is none");
    } catch (error) {
      if (!isDeclared(error)) throw error;
    }
    for (const warning of client.warnings) assert.ok(warning.length <= 300, `a warning of ${warning.length} characters`);
    assert.ok(client.warnings.length <= 100, `${client.warnings.length} warnings`);
  });

  const SUBJECT = { namespace: "shop", name: "web", cluster: undefined };
  const SPAN = { startMs: 1_700_000_000_000, endMs: 1_700_003_600_000 };

  fuzz(
    "any answers of a Prometheus give a verdict, or a declared error",
    fc.array(answer, { minLength: 1, maxLength: 9 }),
    async (given) => {
      answers = given;
      asked = 0;
      try {
        const before = await readObservation(client, SUBJECT, SPAN, 0);
        const after = await readObservation(client, SUBJECT, SPAN, 4_000);
        verdictHolds(before, after);
        const change = await findChange(client, SUBJECT, SPAN);
        assert.ok(change === undefined || Number.isFinite(change));
        const seen = await servicesSeen(client, undefined, SPAN);
        for (const { namespace, name } of seen) assert.deepEqual([typeof namespace, typeof name], ["string", "string"]);
      } catch (error) {
        if (!isDeclared(error)) throw error;
      }
    },
  );
});
