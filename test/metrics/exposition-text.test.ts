import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { ExpositionText, type Samples } from "../../src/metrics/exposition-text.ts";

const ODD = 'back\\slash "quoted"\nnext';

/** A registry with one metric of each type, with what has to be escaped, with series that share labels and with none. */
function registryOfAll() {
  const registers = [new Registry()];
  const counter = new Counter({ name: "things_total", help: `Things.\nOf \\ all "kinds".`, labelNames: ["a", "b"], registers });
  for (const b of ["1", "2", ODD]) counter.inc({ a: ODD, b }, 2);
  new Gauge({ name: "height_meters", help: "None has a label.", registers }).set(-1.5e-9);
  new Gauge({ name: "absent_meters", help: "Has no series.", labelNames: ["a"], registers });
  const histogram = new Histogram({ name: "wait_seconds", help: "Waits.", labelNames: ["a"], buckets: [0.1, 1], registers });
  for (const seconds of [0.05, 0.5, 5]) histogram.observe({ a: ODD }, seconds);
  new Histogram({ name: "bare_seconds", help: "Without labels.", buckets: [1], registers }).observe(0.5);
  return { registry: registers[0] ?? assert.fail(), counter };
}

const samplesOf = (registry: Registry): Promise<readonly Samples[]> =>
  Promise.all(
    registry.getMetricsAsArray().map((metric) => {
      const { getForPromString, get } = metric as unknown as Record<string, (() => Promise<Samples>) | undefined>;
      return (getForPromString ?? get ?? assert.fail()).call(metric);
    }),
  );

/** Lines with the labels in the order of the alphabet: prom-client has `le` first. */
const normal = (text: string): readonly string[] =>
  text.split("\n").map((line) =>
    line.replace(/^(\w+)\{(.*)\} /, (_, name: string, labels: string) => {
      const pairs = labels.match(/\w+="(?:[^"\\]|\\.)*"/g) ?? [];
      assert.equal(labels, pairs.join(","));
      return `${name}{${pairs.toSorted().join(",")}} `;
    }),
  );

test("the page is the one that prom-client would write, the first time and from what is kept", async () => {
  const { registry } = registryOfAll();
  const text = new ExpositionText(() => 0);
  for (let i = 0; i < 2; i++) {
    const page = await text.render(await samplesOf(registry));
    assert.deepEqual(normal(page), normal(await registry.metrics()));
  }
});

test("what is counted while the text is written is not in it, and the loop goes on in between", async () => {
  const { registry, counter } = registryOfAll();
  let nowMs = 0;
  // Each look at the clock finds that the loop was held for too long.
  const text = new ExpositionText(() => {
    nowMs += 10;
    return nowMs;
  });
  const before = normal(await registry.metrics());
  const page = text.render(await samplesOf(registry));
  let turns = 0;
  setImmediate(() => {
    turns++;
    counter.inc({ a: ODD, b: "1" }, 100);
  });
  assert.deepEqual(normal(await page), before);
  assert.equal(turns, 1);
});

test("what was gathered is written in another turn of the loop: each takes long enough", async () => {
  const { registry } = registryOfAll();
  const gathered = await samplesOf(registry);
  let turns = 0;
  setImmediate(() => turns++);
  await new ExpositionText(() => 0).render(gathered);
  assert.equal(turns, 1);
});
