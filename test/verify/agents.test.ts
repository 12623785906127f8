import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "../../src/domain/exposition.ts";
import { LaggedSpan } from "../../src/verify/agents/lagged-span.ts";
import { configurationsIn, observeBetween } from "../../src/verify/agents/observe.ts";
import type { Reading } from "../../src/verify/agents/reading.ts";

const SERVICE = { namespace: "shop", name: "web" };
const OURS = { service_namespace: "shop", service_name: "web" };

interface Page {
  readonly attempts: number;
  readonly timeouts?: number;
  readonly refused?: number;
  readonly exposed?: boolean;
  readonly preserve?: boolean;
  readonly exposure?: number;
}

/** What an agent on a node of this name exports. */
function samplesOf(node: string, page: Page): readonly Sample[] {
  const { attempts, timeouts = 0, refused = 2, exposed = true, preserve = true, exposure } = page;
  const where = { node, ...OURS, service_port: "80", frontend_zone: "a", colocated: "true", exposed: String(exposed) };
  const other = { ...where, service_name: "other" };
  return [
    { name: "hairpin_probe_attempts_total", labels: where, value: attempts },
    { name: "hairpin_probe_attempts_total", labels: other, value: 1_000_000 },
    { name: "hairpin_probe_failures_total", labels: { ...where, reason: "connect_timeout" }, value: timeouts },
    { name: "hairpin_probe_failures_total", labels: { ...where, reason: "connect_refused" }, value: refused },
    { name: "hairpin_probe_hairpins_total", labels: { ...where, evidence: "reset" }, value: timeouts },
    ...(exposure === undefined ? [] : [{ name: "hairpin_probe_exposure_ratio", labels: where, value: exposure }]),
    { name: "hairpin_probe_service_info", labels: { node, ...OURS, preserve_client_ip: String(preserve) }, value: 1 },
    { name: "hairpin_probe_agent_info", labels: { node }, value: 1 },
  ];
}

const reading = (atMs: number, pages: Readonly<Record<string, Page>>): Reading => ({
  atMs,
  pages: new Map(Object.entries(pages).map(([node, page]) => [`${node}:9867`, { samples: samplesOf(node, page) }])),
  problems: [],
});
const between = (first: Reading, last: Reading, answered: ReadonlyMap<string, number> = new Map()) =>
  observeBetween(SERVICE, { first, timeoutsFrom: first, attemptsUntil: last, last, answered });

test("an agent whose connections a proxy answers is named", () => {
  const behindProxy = (at: Reading): Reading => ({
    ...at,
    pages: new Map(
      [...at.pages].map(([address, { samples }]) => [
        address,
        { samples: [...samples, { name: "hairpin_probe_blinded", labels: { node: "n1", by: "proxy" }, value: 1 }] },
      ]),
    ),
  });
  const [first, last] = [reading(0, { n1: { attempts: 100 } }), reading(10_000, { n1: { attempts: 160 } })];
  assert.deepEqual(between(first, last).proxied, []);
  assert.deepEqual(between(first, behindProxy(last)).proxied, ["n1"]);
});

test("what was counted between two readings is the difference, by node and path", () => {
  const first = reading(0, { n1: { attempts: 100, timeouts: 30, exposure: 0.5 }, n2: { attempts: 50 } });
  const { strata, span } = between(first, reading(10_000, { n1: { attempts: 160, timeouts: 55 }, n2: { attempts: 70 } }));
  assert.deepEqual(span, { startMs: 0, endMs: 10_000 });
  assert.deepEqual(
    strata.map(({ node, attempts, timeouts, hairpins, otherFailures, exposure, isExposed }) => [
      node,
      attempts,
      timeouts,
      hairpins,
      otherFailures,
      exposure,
      isExposed,
    ]),
    [
      ["n1", 60, 25, 25, 0, 0.5, true],
      ["n2", 20, 0, 0, 0, undefined, true],
    ],
  );
});

test("an agent that restarted counts from 0 again, and what it counted since is not lost", () => {
  const { strata } = between(
    reading(0, { n1: { attempts: 100, timeouts: 30 } }),
    reading(1, { n1: { attempts: 7, timeouts: 3 } }),
  );
  assert.deepEqual([strata[0]?.attempts, strata[0]?.timeouts], [7, 3]);
});

test("labels that nothing is counted under any more are left out", () => {
  const { strata } = between(reading(0, { n1: { attempts: 100 } }), reading(1, { n1: { attempts: 100 } }));
  assert.deepEqual(strata, []);
});

/** Ten attempts a second, of which each node's own share times out, and two in ten are refused: read every two seconds. */
function lagged(seconds: number, share: number, lagMs = 15_000) {
  const at = (second: number) => {
    const attempts = 10 * second;
    // What times out is counted three seconds later.
    return reading(second * 1000, { n1: { attempts, timeouts: 10 * share * Math.max(0, second - 3), refused: 2 * second } });
  };
  const span = new LaggedSpan(at(100), lagMs);
  for (let second = 102; second <= 100 + seconds; second += 2) span.add(at(second));
  return observeBetween(SERVICE, { ...span.bounds(), answered: new Map() }).strata[0];
}

test("timeouts are counted over as long a span as attempts, and later: from the first look on the share is the true one", () => {
  for (const seconds of [18, 20, 30, 60]) {
    const seen = lagged(seconds, 0.3);
    assert.ok(seen !== undefined, `${seconds} s`);
    assert.equal(seen.timeouts / seen.attempts, 0.3, `${seconds} s: ${JSON.stringify(seen)}`);
    assert.equal(seen.otherFailures / seen.attempts, 0.2, `${seconds} s: ${JSON.stringify(seen)}`);
  }
});

/** An attempt every interval on each of many nodes, counted when it has ended, and read at uneven intervals. */
function readUnevenly(intervalMs: number, fails: (attempt: number, node: number) => boolean, seconds: number, fromSeconds = 60) {
  const nodes = Array.from({ length: 30 }, (_, i) => `n${i}`);
  const at = (atMs: number): Reading => {
    const page = (node: number): Page => {
      const offsetMs = (node * intervalMs) / nodes.length;
      let [attempts, timeouts] = [0, 0];
      for (let attempt = 0; attempt * intervalMs + offsetMs < atMs; attempt++) {
        const isTimeout = fails(attempt, node);
        if (isTimeout && attempt * intervalMs + offsetMs + 3_000 >= atMs) continue;
        attempts++;
        if (isTimeout) timeouts++;
      }
      return { attempts, timeouts, refused: 0 };
    };
    return reading(atMs, Object.fromEntries(nodes.map((node, i) => [node, page(i)])));
  };
  const gapsMs = [2_100, 2_030, 2_250, 1_990, 2_010];
  let atMs = fromSeconds * 1_000;
  const span = new LaggedSpan(at(atMs), 15_000);
  for (let i = 0; atMs < (fromSeconds + seconds) * 1_000; i++) {
    atMs += gapsMs[i % gapsMs.length] ?? 0;
    span.add(at(atMs));
  }
  const { strata } = observeBetween(SERVICE, { ...span.bounds(), answered: new Map() });
  const sum = (key: "attempts" | "timeouts" | "hairpins") => strata.reduce((total, stratum) => total + stratum[key], 0);
  return { attempts: sum("attempts"), timeouts: sum("timeouts"), strata, spanMs: atMs - fromSeconds * 1_000 - 15_000 };
}

for (const intervalMs of [100, 1_000, 10_000]) {
  test(`every ${intervalMs} ms, and however uneven the readings, a third is a third soon after the lag`, () => {
    for (const seconds of [20, 24, 31, 45]) {
      const { attempts, timeouts, spanMs } = readUnevenly(intervalMs, (attempt, node) => (attempt + node) % 3 === 0, seconds);
      const expected = (30 * spanMs) / intervalMs;
      const said = `${timeouts} of ${attempts} in ${spanMs} ms`;
      // Within a slot of an attempt on each node, where it comes every ten seconds.
      assert.ok(Math.abs(attempts - expected) <= 1 + 0.02 * expected + (intervalMs > 1_000 ? 30 : 0), said);
      if (intervalMs <= 1_000) assert.ok(Math.abs(timeouts / attempts - 1 / 3) < 0.06, said);
    }
  });
}

test("a timeout of an attempt that began before the span is none of its attempts, nor are its hairpins more than its timeouts", () => {
  // Everything times out until the span begins, and nothing after it.
  const { attempts, timeouts, strata, spanMs } = readUnevenly(100, (attempt) => attempt < 600, 24);
  assert.equal(timeouts, 0);
  assert.ok(attempts <= (30 * spanMs) / 100 + 30, `${attempts} attempts in ${spanMs} ms`);
  assert.ok(strata.every((stratum) => stratum.hairpins <= stratum.timeouts));
});

test("readings that are not evenly apart: the span of timeouts is never the shorter one", () => {
  for (const gaps of [
    [0.5, 2],
    [2, 0.5],
    [1.9, 2.2],
    [7, 1],
    [1, 7],
    [20, 2],
  ]) {
    const first = reading(0, {});
    const span = new LaggedSpan(first, 15_000);
    let atMs = 0;
    for (let i = 0; i < 60; i++) {
      atMs += 1_000 * (gaps[i % gaps.length] ?? 0);
      span.add(reading(atMs, {}));
      const { attemptsUntil, timeoutsFrom, last } = span.bounds();
      const [attempts, timeouts] = [attemptsUntil.atMs, last.atMs - timeoutsFrom.atMs];
      assert.ok(timeouts >= attempts && timeouts <= attempts + 15_000, `${gaps} at ${atMs}: ${attempts} and ${timeouts} ms`);
    }
  }
});

test("before the lag is over nothing is counted", () => {
  assert.deepEqual([lagged(2, 0.3), lagged(14, 0.3)], [undefined, undefined]);
});

test("an agent that did not answer where timeouts are counted from is counted from the beginning: none is lost", () => {
  const first = reading(0, { n1: { attempts: 100, timeouts: 10 } });
  const bounds = {
    first,
    timeoutsFrom: reading(15_000, {}),
    attemptsUntil: reading(20_000, { n1: { attempts: 200, timeouts: 30 } }),
    last: reading(35_000, { n1: { attempts: 300, timeouts: 40 } }),
    answered: new Map(),
  };
  assert.equal(observeBetween(SERVICE, bounds).strata[0]?.timeouts, 30);
});

test("an agent that did not always answer is a gap, one that is gone has no data", () => {
  const { coverage } = between(
    reading(0, { n1: { attempts: 1 }, n2: { attempts: 1 } }),
    reading(1, { n1: { attempts: 2 } }),
    new Map([["n1:9867", 0.6]]),
  );
  assert.deepEqual([...coverage], [["n1", 0.6]]);
});

test("an agent that did not answer at the beginning is left out: what it counted before that is none of the span's", () => {
  const first = reading(0, { n1: { attempts: 1 } });
  const { strata, coverage } = between(first, reading(1, { n1: { attempts: 2 }, n2: { attempts: 9_000, timeouts: 3_000 } }));
  assert.deepEqual([strata.map(({ node }) => node), [...coverage.keys()]], [["n1"], ["n1"]]);
});

test("the configuration is what the agents say, each once", () => {
  const disagree = reading(0, { n1: { attempts: 1 }, n2: { attempts: 1, preserve: false }, n3: { attempts: 1 } });
  assert.deepEqual(
    configurationsIn(disagree, SERVICE).map(({ preserveClientIp }) => preserveClientIp),
    ["false", "true"],
  );
  assert.deepEqual(configurationsIn(disagree, { namespace: "shop", name: "none" }), []);
});
