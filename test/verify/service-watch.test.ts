/** One Service followed from reading to reading, with the clock in the readings. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "../../src/domain/exposition.ts";
import type { Reading } from "../../src/verify/agents/reading.ts";
import { ServiceWatch } from "../../src/verify/agents/service-watch.ts";

const OURS = { service_namespace: "shop", service_name: "web" };
const NODES = ["n1", "n2"];
const OPTIONS = { settleMs: 20_000, afterMs: 600_000, lagMs: 4_000 };
const EVERY_MS = 2_000;

interface World {
  /** Share of attempts at the exposed path that times out. */
  readonly share: number;
  readonly preserve: boolean;
  /** Agents that do not answer. */
  readonly silent?: readonly string[];
}

/** Two agents that each make ten attempts between two readings; reads them as often as it is told how the world is. */
function simulate(watch: (first: Reading) => ServiceWatch, worlds: readonly World[]): ServiceWatch {
  const counts = new Map<string, number>();
  const add = (key: string, amount: number): number => {
    counts.set(key, (counts.get(key) ?? 0) + amount);
    return counts.get(key) ?? 0;
  };
  const readings = worlds.map(({ share, preserve, silent = [] }, i): Reading => {
    const samplesOf = (node: string): readonly Sample[] => {
      const where = { node, ...OURS, service_port: "80", frontend_zone: "a", colocated: "true", exposed: String(preserve) };
      const key = `${node}${preserve}`;
      const [attempts, timeouts] = [add(`attempts${key}`, 10), add(`timeouts${key}`, 10 * share)];
      return [
        { name: "hairpin_probe_attempts_total", labels: where, value: attempts },
        { name: "hairpin_probe_failures_total", labels: { ...where, reason: "connect_timeout" }, value: timeouts },
        { name: "hairpin_probe_hairpins_total", labels: { ...where, evidence: "reset" }, value: timeouts },
        { name: "hairpin_probe_service_info", labels: { node, ...OURS, preserve_client_ip: String(preserve) }, value: 1 },
        { name: "hairpin_probe_agent_info", labels: { node, node_zone: "a" }, value: 1 },
      ];
    };
    const pages = NODES.map((node) => [node, { samples: samplesOf(node) }] as const).filter(([node]) => !silent.includes(node));
    return { atMs: i * EVERY_MS, pages: new Map(pages), problems: silent.map((node) => `${node}: silent`) };
  });
  const [first, ...others] = readings;
  assert.ok(first !== undefined);
  const watching = watch(first);
  for (const each of others) watching.take(each);
  return watching;
}

const start = (first: Reading): ServiceWatch => new ServiceWatch({ namespace: "shop", name: "web" }, first, OPTIONS);
const times = (count: number, world: World): readonly World[] => Array.from({ length: count }, () => world);
const BROKEN: World = { share: 0.5, preserve: true };
const FIXED: World = { share: 0, preserve: false };

test("it counts until the configuration changes, leaves the settle time out, and stops when the verdict stands", () => {
  const { report, isOver, name } = simulate(start, [...times(20, BROKEN), ...times(60, FIXED)]);
  assert.deepEqual([name, isOver, report?.judgement.verdict], ["shop/web", true, "fixed"]);
  assert.equal(report?.changedAtMs, 20 * EVERY_MS);
  // Nineteen readings after the first one, ten attempts of two agents in each, half of which timed out.
  assert.deepEqual(report?.judgement.arms.exposed.before, { attempts: 380, timeouts: 190, hairpins: 190, otherFailures: 0 });
  assert.equal(report?.after.span.startMs, 20 * EVERY_MS + OPTIONS.settleMs);
  assert.ok((report?.after.span.endMs ?? 0) < 60 * EVERY_MS, "it looked on after the verdict stood");
});

test("before a change there is no report, and it says what to do", () => {
  const watch = simulate(start, times(5, BROKEN));
  assert.deepEqual([watch.report, watch.hasChanged, watch.isOver], [undefined, false, false]);
  assert.equal(watch.progress, "80 attempts, 40 timed out; make the change now");
});

test("a change that one agent sees before the others is a change", () => {
  const seenByOne = { ...FIXED, silent: ["n2"] };
  assert.equal(simulate(start, [...times(5, BROKEN), seenByOne]).hasChanged, true);
});

test("while it settles it says how long that takes", () => {
  assert.match(simulate(start, [...times(5, BROKEN), ...times(3, FIXED)]).progress, /^changed; waiting 16 s for new connections/);
});

test("an agent that is missing where the time after begins is waited for, half a minute at most", () => {
  const away = { ...FIXED, silent: ["n2"] };
  const back = simulate(start, [...times(20, BROKEN), ...times(15, away), ...times(2, FIXED)]);
  assert.deepEqual([...(back.report?.after.coverage.keys() ?? [])].sort(), NODES);
  assert.match(simulate(start, [...times(20, BROKEN), ...times(15, away)]).progress, /waiting for agents/);
  const gone = simulate(start, [...times(20, BROKEN), ...times(60, away)]);
  assert.equal(gone.report?.judgement.verdict, "inconclusive");
  assert.match(gone.report?.judgement.because.join(" ") ?? "", /none reports from n2/);
});

test("readings that nobody answers are a gap, and what was read before them is not lost", () => {
  const nobody = { ...FIXED, silent: NODES };
  // So rare that four readings do not settle it.
  const { report } = simulate(start, [...times(20, { ...BROKEN, share: 0.1 }), ...times(14, FIXED), ...times(6, nobody)]);
  assert.ok((report?.judgement.arms.exposed.after.attempts ?? 0) > 0);
  assert.match(report?.judgement.because.join(" ") ?? "", /gaps after the change: n1, n2/);
});

test("hairpins that go on are not fixed, whatever the configuration says", () => {
  const { report } = simulate(start, [...times(20, BROKEN), ...times(30, { share: 0.5, preserve: false })]);
  assert.equal(report?.judgement.verdict, "not_fixed");
});

test("it gives up when the time for it is over, with what there is", () => {
  const shortly = (first: Reading) =>
    new ServiceWatch({ namespace: "shop", name: "web" }, first, { ...OPTIONS, afterMs: 4_000, lagMs: 60_000 });
  const { report, isOver } = simulate(shortly, [...times(20, BROKEN), ...times(20, FIXED)]);
  assert.deepEqual([isOver, report?.judgement.verdict], [true, "inconclusive"]);
});
