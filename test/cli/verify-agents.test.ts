/** How `verify --agents` goes through a change, with readings as the agents would give them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ProgressLine } from "../../src/cli/progress-line.ts";
import { verifyByAgents } from "../../src/cli/verify-agents.ts";
import { loadVerifySettings } from "../../src/config/load.ts";
import { type AgentSource, type Reading, UnreadableError } from "../../src/verify/agents/reading.ts";

const EVERY_MS = 2_000;
/** The configuration changes here; readings are counted from 0. */
const CHANGE = 10;
const NODES = ["n1", "n2"] as const;

/** A third of the attempts time out before the change, and none after it. @param isAway - Whether a node does not answer a reading. */
function world(isAway: (reading: number, node: string) => boolean) {
  let count = -1;
  const nowMs = (): number => (count + 1) * EVERY_MS;
  const pageOf = (node: string) => {
    const service = { node, service_namespace: "shop", service_name: "web" };
    const path = { ...service, service_port: "80", frontend_zone: "a", colocated: "true", exposed: "true" };
    const timeouts = Math.min(count, CHANGE - 1);
    return {
      samples: [
        { name: "hairpin_probe_agent_info", labels: { node }, value: 1 },
        { name: "hairpin_probe_service_info", labels: { ...service, preserve_client_ip: String(count < CHANGE) }, value: 1 },
        { name: "hairpin_probe_attempts_total", labels: path, value: 3 * count },
        { name: "hairpin_probe_failures_total", labels: { ...path, reason: "connect_timeout" }, value: timeouts },
      ],
    };
  };
  const source: AgentSource = {
    async read(): Promise<Reading> {
      count++;
      const present = NODES.filter((node) => !isAway(count, node));
      if (present.length === 0) throw new UnreadableError("away");
      return { atMs: count * EVERY_MS, pages: new Map(present.map((node) => [node, pageOf(node)])), problems: [] };
    },
    readEveryMs: () => 0,
    close: async () => {},
  };
  return { source, nowMs };
}

async function verify(isAway: Parameters<typeof world>[0] = () => false, signal = new AbortController().signal) {
  const { source, nowMs } = world(isAway);
  const shown: string[] = [];
  const terminal = { isTTY: true, columns: 120, write: (text: string) => shown.push(text) } as unknown as NodeJS.WriteStream;
  let shownMs = 0;
  const progress = new ProgressLine(
    terminal,
    (_, text) => text,
    () => (shownMs += 1_000),
  );
  const settings = loadVerifySettings({
    argv: ["shop/web", "--agents", "probes", "--settle", "0s", "--after", "2m"],
    env: {},
    readFile: () => "",
  });
  const { reports } = await verifyByAgents(settings, source, { now: nowMs, progress, signal });
  const [report] = reports;
  assert.ok(report !== undefined);
  return { report, shown };
}

test("a fix is seen, and until then how long it takes still", async () => {
  const { report, shown } = await verify();
  assert.equal(report.judgement.verdict, "fixed");
  // Attempts are counted up to an earlier reading: at first there are none, and no rate to tell it by.
  const since = shown.filter((text) => text.includes("since the change"));
  assert.match(since.at(0) ?? "", /0 attempts since the change, 0 timed out$/);
  assert.match(since.at(-1) ?? "", /[1-9]\d* attempts since the change, 0 timed out, enough in \d+ s$/);
});

test("who ends it while agents are asked gets what there is until then", async () => {
  const stop = new AbortController();
  const { report } = await verify((reading) => {
    if (reading === CHANGE + 9) stop.abort(new Error("ended"));
    stop.signal.throwIfAborted();
    return false;
  }, stop.signal);
  assert.equal(report.judgement.verdict, "inconclusive");
  assert.equal(report.after.span.endMs, (CHANGE + 8) * EVERY_MS);
});

test("a reading that nobody answers is a gap, and no end of the data", async () => {
  const { report } = await verify((reading) => reading === CHANGE - 1 || reading === CHANGE + 4);
  assert.equal(report.judgement.verdict, "fixed", report.judgement.because.join());
  const [before] = report.before.coverage.values();
  assert.ok(before !== undefined && before < 1 && before > 0.8);
});

test("an agent that is missing when the time after the change begins is waited for", async () => {
  const { report } = await verify((reading, node) => node === "n2" && reading > CHANGE && reading < CHANGE + 5);
  assert.equal(report.judgement.verdict, "fixed", report.judgement.because.join());
  assert.deepEqual(
    [...report.after.coverage],
    [
      ["n1", 1],
      ["n2", 1],
    ],
  );
});

test("one that does not come back within half a minute makes the spans incomparable", async () => {
  const { report } = await verify((reading, node) => node === "n2" && reading > CHANGE);
  assert.equal(report.judgement.verdict, "inconclusive");
  assert.match(report.judgement.because.join(), /none reports from n2/);
});

test("one that answers most of the time only is a gap", async () => {
  const { report } = await verify((reading, node) => node === "n2" && reading > CHANGE + 1 && reading % 3 === 0);
  assert.equal(report.judgement.verdict, "inconclusive");
  assert.match(report.judgement.because.join(), /gaps after the change: n2/);
});

test("--all judges those that changed when the verdicts on them stand", async () => {
  const { source, nowMs } = world(() => false);
  const withOther: AgentSource = {
    ...source,
    async read() {
      const { pages, ...rest } = await source.read();
      const other = {
        name: "hairpin_probe_service_info",
        labels: { service_namespace: "shop", service_name: "other" },
        value: 1,
      };
      return { ...rest, pages: new Map([...pages].map(([node, { samples }]) => [node, { samples: [...samples, other] }])) };
    },
  };
  const argv = ["--all", "--agents", "probes", "--settle", "0s"];
  const settings = loadVerifySettings({ argv, env: {}, readFile: () => "" });
  const progress = { show: () => {}, clear: () => {} } as unknown as ProgressLine;
  const { reports, notJudged } = await verifyByAgents(settings, withOther, {
    now: nowMs,
    progress,
    signal: new AbortController().signal,
  });
  assert.deepEqual(
    reports.map(({ service, judgement }) => [service, judgement.verdict]),
    [["shop/web", "fixed"]],
  );
  assert.deepEqual(notJudged, [{ service: "shop/other", why: "its configuration did not change" }]);
});
