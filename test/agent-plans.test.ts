import assert from "node:assert/strict";
import { test } from "node:test";
import { Agent } from "../src/agent.ts";
import { createLogger } from "../src/logging.ts";
import { AgentMetrics } from "../src/metrics/agent-metrics.ts";
import { LoopWatch } from "../src/probe/loop-watch.ts";
import { ManualClock } from "./support/manual-clock.ts";
import { nlbService, snapshot } from "./support/services.ts";

/** An agent whose plans are counted, and take as long as they are told to. */
function harness(planMs = 0) {
  const clock = new ManualClock();
  let plans = 0;
  const agent = new Agent({
    nodeName: "n1",
    zone: undefined,
    interval: 3_600_000,
    timeout: 3_000,
    maxInFlight: 10,
    maxRate: 10,
    fanOut: 0,
    controlEvery: 0,
    tlsVerify: false,
    userAgent: "test",
    clock,
    unixMs: () => 0,
    random: () => 0.99,
    watch: new LoopWatch(),
    watcher: undefined,
    metrics: new AgentMetrics({ node: "n1", nowMs: clock.nowMs.bind(clock), maxSeries: 20_000 }),
    logger: createLogger({ level: "silent", base: {} }, () => {}).logger,
    // Asked once a plan, as there is one Service.
    resolve: () => {
      plans++;
      clock.advance(planMs);
      return undefined;
    },
    isAllowed: () => true,
  });
  return { agent, clock, plans: () => plans };
}

const one = snapshot({ services: [{ service: nlbService(), backends: [] }] });

test("the first snapshot is planned at once", () => {
  const { agent, plans } = harness();
  agent.discovered(one);
  assert.deepEqual([agent.ready, plans()], [true, 1]);
});

test("5,000 answers of DNS, and snapshots between them, are planned together, and the last is planned", () => {
  const { agent, clock, plans } = harness();
  agent.discovered(one);
  for (let i = 0; i < 5_000; i++) {
    if (i % 100 === 0) agent.discovered(one);
    agent.replan();
    clock.advance(0.1);
  }
  clock.advance(100);
  // Half a second, a plan each 100 ms.
  assert.ok(plans() >= 5 && plans() <= 7, `${plans()} plans`);
  const before = plans();
  clock.advance(10_000);
  assert.equal(plans(), before, "nothing changed since");
  agent.replan();
  clock.advance(0);
  assert.equal(plans(), before + 1, "a change by itself is planned at once");
});

test("a plan that takes long leaves nine tenths of the time to attempts", () => {
  const { agent, clock, plans } = harness(400);
  agent.discovered(one);
  const startedMs = clock.nowMs();
  while (clock.nowMs() - startedMs < 20_000) {
    agent.replan();
    clock.advance(10);
  }
  assert.ok(plans() >= 4 && plans() <= 6, `${plans()} plans in 20 s`);
});

test("an agent that was stopped plans nothing more", async () => {
  const { agent, clock, plans } = harness();
  agent.discovered(one);
  agent.replan();
  await agent.stop();
  agent.replan();
  clock.advance(10_000);
  assert.deepEqual([plans(), clock.pending], [1, 0]);
});
