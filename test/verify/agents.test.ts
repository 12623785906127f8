import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "../../src/domain/exposition.ts";
import { configurationsIn, observeBetween } from "../../src/verify/agents/observe.ts";
import type { Reading } from "../../src/verify/agents/reading.ts";

const SERVICE = { namespace: "shop", name: "web" };
const OURS = { service_namespace: "shop", service_name: "web" };

interface Page {
  readonly attempts: number;
  readonly timeouts?: number;
  readonly exposed?: boolean;
  readonly preserve?: boolean;
  readonly exposure?: number;
}

/** What an agent on a node of this name exports. */
function samplesOf(node: string, { attempts, timeouts = 0, exposed = true, preserve = true, exposure }: Page): readonly Sample[] {
  const where = { node, ...OURS, service_port: "80", frontend_zone: "a", colocated: "true", exposed: String(exposed) };
  const other = { ...where, service_name: "other" };
  return [
    { name: "hairpin_probe_attempts_total", labels: where, value: attempts },
    { name: "hairpin_probe_attempts_total", labels: other, value: 1_000_000 },
    { name: "hairpin_probe_failures_total", labels: { ...where, reason: "connect_timeout" }, value: timeouts },
    { name: "hairpin_probe_failures_total", labels: { ...where, reason: "connect_refused" }, value: 2 },
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
const between = (first: Reading, last: Reading, attemptsUntil = last, answered: ReadonlyMap<string, number> = new Map()) =>
  observeBetween(SERVICE, { first, last, attemptsUntil, answered });

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

test("attempts are counted up to an earlier reading than timeouts, which come later", () => {
  const first = reading(0, { n1: { attempts: 100 } });
  const { strata } = between(
    first,
    reading(20_000, { n1: { attempts: 300, timeouts: 4 } }),
    reading(5_000, { n1: { attempts: 150 } }),
  );
  assert.deepEqual([strata[0]?.attempts, strata[0]?.timeouts], [50, 4]);
});

test("an agent that did not always answer is a gap, one that is gone has no data", () => {
  const { coverage } = between(
    reading(0, { n1: { attempts: 1 }, n2: { attempts: 1 } }),
    reading(1, { n1: { attempts: 2 } }),
    undefined,
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
