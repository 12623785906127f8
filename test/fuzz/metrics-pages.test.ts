/** Metrics pages: what is exported is read back, what is none is refused, and whatever agents say is judged. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseExposition, type Sample } from "../../src/domain/exposition.ts";
import { MetricRegistry } from "../../src/metrics/registry.ts";
import { agentPageOf } from "../../src/verify/agents/pages.ts";
import type { AgentPage, Reading } from "../../src/verify/agents/reading.ts";
import { ServiceWatch } from "../../src/verify/agents/service-watch.ts";
import type { Observation, Stratum } from "../../src/verify/observation.ts";
import { corpusText } from "./support/corpus.ts";
import { fuzz } from "./support/fuzz.ts";
import { hostileText } from "./support/hostile.ts";
import { mutatedText } from "./support/mutate.ts";
import { looksWrong, reportHolds, verdictHolds } from "./support/verdicts.ts";

const PAGE = corpusText("metrics.txt");
const LINES = PAGE.split("\n").filter((line) => line !== "");
const WORDS = [
  '"',
  "\\",
  '\\"',
  "\\n",
  "{",
  "}",
  ",",
  "=",
  " ",
  "\n",
  "#",
  'a="b"',
  "NaN",
  "+Inf",
  "-1",
  "1e999",
  "0x1",
  "1e16",
  "le",
  "\r",
];

const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

/** A sample as an agent writes it, but for its number. */
const writtenAs = ({ name, labels }: Sample): string => {
  const inside = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return inside.length === 0 ? name : `${name}{${inside.join(",")}}`;
};

fuzz(
  "a metrics page is read sample by sample as it is written, or refused with the line",
  fc.oneof({ weight: 4, arbitrary: mutatedText(LINES, WORDS) }, { weight: 1, arbitrary: mutatedText([PAGE], WORDS) }),
  (text) => {
    let samples: readonly Sample[];
    try {
      samples = parseExposition(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      assert.ok(error.message.length < 300, `${error.message.length} characters`);
      return;
    }
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    assert.deepEqual(
      samples.map(writtenAs),
      lines.map((line) => line.slice(0, line.lastIndexOf(" "))),
    );
    for (const [index, { value }] of samples.entries()) {
      const number = lines[index]?.slice((lines[index] ?? "").lastIndexOf(" ") + 1) ?? "";
      assert.ok(Number.isNaN(value) === (number === "NaN"), `${number} is read as ${value}`);
    }
  },
);

fuzz(
  "what is exported is read back as it was meant, whatever is in its labels",
  fc.record({ node: hostileText, node_zone: hostileText, version: hostileText, node_version: hostileText }),
  async (labels) => {
    const registry = new MetricRegistry();
    const info = { ...labels, evidence_level: "counters", discovers_from: "kubernetes" };
    registry.set("hairpin_probe_agent_info", info, 1);
    registry.add("hairpin_probe_attempts_total", {
      node: labels.node,
      service_namespace: labels.version,
      service_name: labels.node_version,
      service_port: "80",
      frontend_zone: labels.node_zone,
      colocated: "true",
      exposed: "unknown",
      reach: "backends",
    });
    const samples = parseExposition(await registry.render());
    const infos = samples.filter(({ name }) => name === "hairpin_probe_agent_info");
    assert.deepEqual(infos, [{ name: "hairpin_probe_agent_info", labels: info, value: 1 }]);
    const attempts = samples.filter(({ name }) => name === "hairpin_probe_attempts_total");
    assert.deepEqual([attempts.length, attempts[0]?.labels.frontend_zone, attempts[0]?.value], [1, labels.node_zone, 1]);
  },
);

const SERVICE = { namespace: "shop", name: "web" };
const NUMBERS = [" 0\n", " 10\n", " 12\n", " 4\n", " 100000\n", " 1e15\n", " 0.5\n"];
const CHANGES = ['preserve_client_ip="false"', 'exposed="false"', 'node="n2"', 'frontend_zone="eu-west-1b"', 'target_type="ip"'];
/** Pages differ in a few places, and agents do not all answer. */
const pageText = fc.oneof(mutatedText([PAGE], [...NUMBERS, ...CHANGES, ...WORDS]), mutatedText([PAGE], NUMBERS));
const moment = fc.record({ pages: fc.array(pageText, { maxLength: 2 }), afterMs: fc.constantFrom(0, 1, 2_000, 60_000) });

function pageOf(text: string): AgentPage | undefined {
  try {
    return agentPageOf(text);
  } catch (error) {
    assert.ok(error instanceof Error && /expected|not a sample/.test(error.message), String(error));
    return undefined;
  }
}

fuzz("any readings of agents give a verdict", fc.array(moment, { minLength: 2, maxLength: 6 }), (moments) => {
  let atMs = 1_700_000_000_000;
  const readings = moments.map(({ pages, afterMs }): Reading => {
    atMs += afterMs;
    const read = pages.map((text, index) => [`10.0.0.${index}:9867`, pageOf(text)] as const);
    return {
      atMs,
      pages: new Map(read.flatMap(([address, page]) => (page === undefined ? [] : [[address, page] as const]))),
      problems: [],
    };
  });
  const [first, ...others] = readings;
  assert.ok(first !== undefined);
  const watch = new ServiceWatch(SERVICE, first, { settleMs: 1_000, afterMs: 600_000, lagMs: 100 });
  for (const reading of others) watch.take(reading);
  assert.equal(typeof watch.progress, "string");
  const labels = moments.flatMap(({ pages }) => pages.flatMap((text) => text.match(/"(?:[^"\\\n]|\\.)*"/g) ?? []));
  if (watch.report !== undefined) reportHolds(watch.report, labels.some(looksWrong));
});

const count = fc.oneof(
  { weight: 4, arbitrary: fc.nat({ max: 500 }) },
  { weight: 2, arbitrary: fc.nat({ max: 10_000_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 1e8, 1e9) },
);
const stratum: fc.Arbitrary<Stratum> = fc
  .record({
    node: fc.constantFrom("n1", "n2", "n3"),
    port: fc.constantFrom("80", ""),
    zone: fc.constantFrom("a", "b", ""),
    isOwnZone: fc.constantFrom(true, false, undefined),
    colocated: fc.boolean(),
    isExposed: fc.boolean(),
    exposure: fc.constantFrom(undefined, 0, 1e-9, 0.1, 1 / 3, 1),
    successes: count,
    timeouts: count,
    hairpins: count,
    otherFailures: count,
  })
  .map(({ successes, ...counts }) => ({ ...counts, attempts: successes + counts.timeouts + counts.otherFailures }));
const configuration = fc.record({
  hostname: fc.constantFrom("web.example.com", "new.example.com", ""),
  targetType: fc.constantFrom("instance", "ip", "mixed", ""),
  preserveClientIp: fc.constantFrom("true", "false", ""),
  preserveOrigin: fc.constantFrom("default", "explicit"),
  crossZone: fc.constantFrom("true", "false", ""),
  externalTrafficPolicy: fc.constantFrom("Cluster", "Local"),
});
const observation = fc.record({
  span: fc.record({ startMs: fc.nat(), lengthMs: fc.constantFrom(0, 1, 60_000, 2_592_000_000) }).map(({ startMs, lengthMs }) => ({
    startMs,
    endMs: startMs + lengthMs,
  })),
  strata: fc.array(stratum, { maxLength: 6 }),
  control: fc.tuple(count, count).map(([hits, others]) => ({ hits, of: hits + others })),
  configurations: fc.array(configuration, { maxLength: 2 }),
  coverage: fc.array(fc.tuple(fc.constantFrom("n1", "n2", "n3"), fc.constantFrom(0, 0.5, 1)), { maxLength: 3 }),
  zones: fc.array(fc.tuple(fc.constantFrom("n1", "n2", "n3"), fc.constantFrom("a", "b", "")), { maxLength: 3 }),
  isShared: fc.boolean(),
});

const observed = (given: typeof observation extends fc.Arbitrary<infer T> ? T : never): Observation => ({
  ...given,
  coverage: new Map(given.coverage),
  zones: new Map(given.zones),
});

fuzz(
  "any observations give a verdict, in bounded time",
  fc.record({ before: observation, after: observation }),
  ({ before, after }) => verdictHolds(observed(before), observed(after)),
);
