import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../bench/seeded.ts";
import { judge } from "../../src/verify/judge.ts";
import type { Configuration, Observation } from "../../src/verify/observation.ts";
import { FIXED, observe, type Scene } from "./observations.ts";

const BEFORE: Scene = {};
const verdict = (before: Scene, after: Scene) => {
  const { verdict: found, because } = judge(observe(before), observe({ startMs: 720_000, ...after }));
  return { found, because: because.join(" ") };
};

const CASES: readonly (readonly [name: string, before: Scene, after: Scene, verdict: string, because: RegExp])[] = [
  [
    "preservation off and silence is fixed",
    BEFORE,
    FIXED,
    "fixed",
    /^Had nothing changed, about \d+ of 600 attempts would have timed out; 0 did/,
  ],
  ["a lost packet or two is no hairpin", BEFORE, { ...FIXED, share: 0.01, proved: 0 }, "fixed", /6 did/],
  ["what goes on as before is not fixed", BEFORE, {}, "not_fixed", /connections hairpinned since the change, by evidence/],
  ["without evidence, too", { proved: 0 }, { proved: 0 }, "not_fixed", /as many as if nothing had changed/],
  [
    "said to be off, and hairpins go on: with the likely causes",
    BEFORE,
    { ...FIXED, share: 0.33 },
    "not_fixed",
    /says that client IP preservation is off\. Likely/,
  ],
  ["more nodes make it rarer, and fix nothing", { proved: 0 }, { nodesPerZone: 12, proved: 0 }, "not_fixed", /as many as if/],
  ["with evidence a rarer hairpin is one, too", BEFORE, { nodesPerZone: 12 }, "not_fixed", /hairpinned since the change/],
  [
    "refused instead of timed out is not fixed",
    BEFORE,
    { ...FIXED, otherFailures: 30 },
    "not_fixed",
    /other failures took the timeouts' place/,
  ],
  ["without timeouts before there was nothing to fix", { share: 0 }, FIXED, "inconclusive", /nothing to fix/],
  [
    "without exposure before nothing could have hairpinned",
    { isExposed: false, share: 0 },
    FIXED,
    "inconclusive",
    /no path was exposed/,
  ],
  [
    "a few attempts prove nothing, and it says how many do",
    BEFORE,
    { ...FIXED, attempts: 2 },
    "inconclusive",
    /12 attempts since the change are too few: it takes \d+/,
  ],
  [
    "a new host name is a new NLB",
    BEFORE,
    { ...FIXED, configuration: { hostname: "other.elb.eu-west-1.amazonaws.com" } },
    "inconclusive",
    /new NLB/,
  ],
  ["a gap in the data", BEFORE, { ...FIXED, coverage: 0.5 }, "inconclusive", /gaps after the change/],
  [
    "an agent whose connections a sidecar answers",
    BEFORE,
    { ...FIXED, proxied: ["node-a-1"] },
    "inconclusive",
    /A proxy in the agent's own pod answers its connections on node-a-1/,
  ],
  [
    "a sidecar in an agent's pod that does not probe this Service",
    BEFORE,
    { ...FIXED, proxied: ["node-c-1"] },
    "fixed",
    /^Had nothing/,
  ],
  [
    "agents that are gone",
    BEFORE,
    { ...FIXED, nodesPerZone: 2 },
    "inconclusive",
    /not the same: none reports from node-a-2, node-b-2/,
  ],
  [
    "something else that got worse",
    BEFORE,
    { ...FIXED, elsewhere: 0.2 },
    "inconclusive",
    /other paths timed out since the change, more than before/,
  ],
];
for (const [name, before, after, expected, because] of CASES) {
  test(name, () => {
    const { found, because: said } = verdict(before, after);
    assert.equal(found, expected, said);
    assert.match(said, because);
  });
}

test("a single proved hairpin among hundreds of attempts decides nothing, a second one does", () => {
  const after = observe({ ...FIXED, share: 0.01, proved: 0 });
  const withHairpins = (count: number) => {
    const [first, ...others] = after.strata;
    assert.ok(first !== undefined && first.timeouts > 0);
    const { verdict: found, isFinal } = judge(observe(BEFORE), { ...after, strata: [{ ...first, hairpins: count }, ...others] });
    return { found, isFinal };
  };
  assert.deepEqual([0, 1, 2].map(withHairpins), [
    { found: "fixed", isFinal: true },
    { found: "inconclusive", isFinal: true },
    { found: "not_fixed", isFinal: true },
  ]);
});

test("where the hairpin takes a backend on the node, backends that moved away prove nothing", () => {
  const local = { externalTrafficPolicy: "Local" };
  const gone: Scene = { share: 0, isExposed: false, configuration: local, colocated: () => false };
  const { found, because } = verdict({ configuration: local }, gone);
  assert.deepEqual([found, /exposed paths are gone/.test(because)], ["inconclusive", true]);
});

test("agents that share the work hide no nodes: with four times as many, each hairpins a quarter as often", () => {
  const shared: Scene = { proved: 0, probing: 3 };
  const before: Scene = { ...shared, nodesPerZone: 6, attempts: 200 };
  const after: Scene = {
    ...shared,
    nodesPerZone: 24,
    attempts: 200,
    configuration: { preserveClientIp: "false" },
    isExposed: false,
  };
  const { verdict: found, unfixed } = judge(observe(before), observe({ startMs: 720_000, ...after, share: 1 / 24 }));
  assert.equal(found, "not_fixed");
  // The low end of a share of 1/6 in 1,200 attempts, a quarter of it.
  assert.ok((unfixed?.expected ?? 0) < 50, `${unfixed?.expected}`);
});

test("hosts of backends that may be hidden are taken for as many as there are agents", () => {
  const shared: Scene = { proved: 0, probing: 3, nodesPerZone: 12, attempts: 50 };
  const off = { targetType: "ip", preserveClientIp: "false" };
  const ofAll = judge(UNKNOWN_BEFORE, observe({ ...shared, share: 0, isExposed: false, configuration: off }));
  assert.equal(Math.round(ofAll.unfixed?.expected ?? 0), Math.round((6 * 50) / 12));
});

test("waiting helps where data is missing, and not where the spans can never be compared", () => {
  const isFinal = (before: Scene, after: Scene) => judge(observe(before), observe({ startMs: 720_000, ...after })).isFinal;
  assert.equal(isFinal(BEFORE, { ...FIXED, attempts: 2 }), false);
  assert.equal(isFinal(BEFORE, { ...FIXED, coverage: 0.5 }), false);
  assert.equal(isFinal({ coverage: 0.5 }, FIXED), true);
  assert.equal(isFinal({ share: 0 }, FIXED), true);
  assert.equal(isFinal(BEFORE, { ...FIXED, configuration: { hostname: "new.elb.eu-west-1.amazonaws.com" } }), true);
});

const UNKNOWN_BEFORE: Observation = {
  span: { startMs: 0, endMs: 600_000 },
  strata: [],
  control: { hits: 0, of: 0 },
  configurations: [],
  coverage: new Map(),
  zones: new Map(),
  isShared: false,
};
const withoutBefore = (after: Scene) => judge(UNKNOWN_BEFORE, observe({ startMs: 720_000, ...after }));

test("without a before, what the configuration would imply with preservation on is what silence is held against", () => {
  const { verdict: found, unfixed, because, arms } = withoutBefore(FIXED);
  assert.equal(found, "fixed", because.join(" "));
  // Six nodes, a hundred attempts each at the own zone's address, of which one in three would hairpin.
  assert.equal(arms.exposed.after.attempts, 600);
  assert.equal(Math.round(unfixed?.expected ?? 0), 200);
  assert.match(because.join(" "), /Nothing was counted before the change/);
});

test("without a before, cross-zone targets are all nodes, and those of a Local policy the nodes with a backend", () => {
  const expected = (configuration: Partial<Configuration>, colocated?: Scene["colocated"]) =>
    Math.round(withoutBefore({ ...FIXED, configuration, ...(colocated && { colocated }) }).unfixed?.expected ?? 0);
  assert.equal(expected({ crossZone: "true" }), 200);
  assert.equal(withoutBefore({ ...FIXED, configuration: { crossZone: "true" } }).arms.exposed.after.attempts, 1_200);
  // One node with a backend in each zone: all of its connections to its own zone.
  assert.equal(
    expected({ externalTrafficPolicy: "Local" }, (node) => node.endsWith("-0")),
    198,
  );
  assert.equal(
    expected({ targetType: "ip" }, (node) => node.endsWith("-0")),
    198,
  );
});

test("without a before, timeouts as many as implied are no fix, and a configuration that does not tell gives no verdict", () => {
  assert.equal(withoutBefore({ ...FIXED, share: 1 / 3, proved: 0 }).verdict, "not_fixed");
  const { verdict: found, because } = withoutBefore({ ...FIXED, configuration: { crossZone: "unknown" } });
  assert.deepEqual([found, because.some((each) => each.includes("the configuration does not tell"))], ["inconclusive", true]);
});

test("a changed target type is a new target group: said, and judged all the same", () => {
  const { found, because } = verdict(BEFORE, { ...FIXED, configuration: { targetType: "ip", preserveClientIp: "false" } });
  assert.equal(found, "fixed");
  assert.match(because, /registered anew in a new target group/);
});

test("at the present rate it says how long until there is enough", () => {
  const after = observe({ ...FIXED, attempts: 2 });
  const { secondsNeeded, unfixed } = judge(observe(BEFORE), after);
  // 12 attempts on the exposed paths in 600 seconds.
  assert.equal(secondsNeeded, Math.ceil(((unfixed?.attemptsNeeded ?? 0) - 12) * 50));
});

test("an unfixed Service is called fixed in less than one case in a thousand, however rare its hairpins", () => {
  const random = seeded(7);
  const runs = 1_000;
  for (const nodesPerZone of [3, 12, 50]) {
    let wrong = 0;
    for (let i = 0; i < runs; i++) {
      // Without evidence, and with a configuration that claims to be fixed: numbers alone decide.
      const scene: Scene = { nodesPerZone, attempts: 40, proved: 0 };
      const after = { ...scene, isExposed: false, configuration: { preserveClientIp: "false" }, startMs: 720_000 };
      if (judge(observe(scene, random), observe(after, random)).verdict === "fixed") wrong++;
    }
    assert.ok(wrong <= 3, `${wrong} of ${runs} with ${nodesPerZone} nodes a zone`);
  }
});

test("exposed paths whose exposure is said to be 0 are held against each other as if it were not known", () => {
  const before = observe({});
  const contradictory: Observation = { ...before, strata: before.strata.map((each) => ({ ...each, exposure: 0 })) };
  const unknown: Observation = { ...before, strata: before.strata.map((each) => ({ ...each, exposure: undefined })) };
  const after = observe({ ...FIXED, attempts: 2 });
  assert.deepEqual(judge(contradictory, after).unfixed, judge(unknown, after).unfixed);
  assert.doesNotMatch(judge(contradictory, after).because.join(), /NaN|Infinity/);
});

test("agents that nobody told of before do not make the share of before vanish", () => {
  const { unfixed } = judge({ ...observe({ proved: 0 }), zones: new Map() }, observe({ ...FIXED, share: 0 }));
  assert.ok((unfixed?.expected ?? 0) > 100 && Number.isFinite(unfixed?.attemptsNeeded));
});
