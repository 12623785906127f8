/** `verify` on a real Prometheus with hours behind it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, suite, test } from "node:test";
import { type Prometheus, startPrometheus } from "../../lab/observe/prometheus.ts";
import { PROGRAM } from "../../lab/program.ts";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { findPrometheusTool } from "../../scripts/prometheus.mjs";
import { notRun } from "../support/not-checked.ts";
import { type HistoryOptions, renderHistory } from "./history.ts";

const HOUR = 3_600;

interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function verify(...args: readonly string[]): Promise<Said> {
  const child = spawn(process.execPath, [PROGRAM, "verify", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data: Buffer) => (stdout += data));
  child.stderr.on("data", (data: Buffer) => (stderr += data));
  await once(child, "close");
  return { status: child.exitCode, stdout, stderr };
}

const broken = { seconds: 3 * HOUR, share: 1 / 3, preserve: true };
const fixed = { seconds: HOUR, share: 0, preserve: false };

interface Report {
  readonly verdict: string;
  readonly because: readonly string[];
  readonly change: { readonly at: string; readonly source: string };
  readonly comparisons: readonly {
    readonly paths: string;
    readonly before: { readonly count: number; readonly attempts: number };
    readonly after: { readonly count: number; readonly attempts: number };
  }[];
}

/** On Services of one Prometheus, each with agents of its own: what happened to one must not matter to another. */
const CASES: readonly (readonly [
  name: string,
  history: Omit<HistoryOptions, "endSeconds"> & { readonly name: string },
  status: number,
  because: RegExp,
])[] = [
  ["a fix", { name: "web", phases: [broken, fixed] }, 0, /^Had nothing changed/],
  [
    "a fix, with agents that restart again and again",
    { name: "restarts", phases: [broken, fixed], restartEvery: 600 },
    0,
    /^Had nothing changed/,
  ],
  [
    "a fix, with a scrape that had NaN",
    { name: "nan", phases: [broken, fixed], nanOf: "nan-node-a-1" },
    0,
    /^Had nothing changed/,
  ],
  [
    "a fix, with a rollout of the agents after it",
    { name: "rollout", phases: [broken, fixed], rolloutBeforeEnd: HOUR / 2 },
    0,
    /^Had nothing changed/,
  ],
  [
    "a change that does not reach the target group, with a rollout of the agents after it",
    { name: "no-fix-rollout", phases: [broken, { ...fixed, share: 1 / 3 }], rolloutBeforeEnd: HOUR / 2 },
    1,
    /by evidence/,
  ],
  [
    "agents that a service mesh takes in",
    { name: "mesh", phases: [broken, fixed], proxiedIn: "mesh-node-a-1" },
    3,
    /A proxy in the agent's own pod answers its connections on mesh-node-a-1/,
  ],
  [
    "a change that does not reach the target group",
    { name: "no-fix", phases: [broken, { ...fixed, share: 1 / 3 }] },
    1,
    /by evidence/,
  ],
  [
    "a firewall that refuses instead",
    { name: "refused", phases: [broken, { ...fixed, refused: 3 }] },
    1,
    /took the timeouts' place/,
  ],
  ["a new NLB", { name: "new-nlb", phases: [broken, { ...fixed, hostname: "new.elb.eu-west-1.amazonaws.com" }] }, 3, /new NLB/],
  ["a change that nothing was wrong before", { name: "healthy", phases: [{ ...broken, share: 0 }, fixed] }, 3, /nothing to fix/],
];
/** One more of them. */
const UNCHANGED = { name: "unchanged", phases: [{ ...broken, seconds: 4 * HOUR }] };

/** Runs until `stop`, with this behind it. */
async function withBehind(history: string): Promise<Prometheus> {
  const prometheus = await startPrometheus({ targets: [], scrapeEvery: "15s", history });
  assert.ok(prometheus !== undefined);
  return prometheus;
}

async function assertSays(url: string, service: string, status: number, because: RegExp): Promise<void> {
  const said = await verify(service, "--prometheus", url, "-o", "json");
  const report = JSON.parse(said.stdout || "{}") as Report;
  assert.match(report.because?.join(" ") ?? said.stderr, because);
  assert.equal(said.status, status, said.stdout + said.stderr);
}

await inOwnSandbox(import.meta.filename, () => {
  if (findPrometheusTool("prometheus") === undefined) {
    notRun(`${CASES.length + 9} tests of verify. They take Prometheus (Debian package prometheus).`);
  } else {
    const withHistory = async (history: Omit<HistoryOptions, "endSeconds">, use: (prometheus: Prometheus) => Promise<void>) => {
      const prometheus = await withBehind(renderHistory({ endSeconds: Math.floor(Date.now() / 1000), ...history }));
      try {
        await use(prometheus);
      } finally {
        await prometheus.stop();
      }
    };

    suite("on a Prometheus with many Services", { concurrency: 2 }, () => {
      let prometheus: Prometheus | undefined;
      let [url, changedMs] = ["", 0];
      before(async () => {
        // Tests may ask minutes later: the end is nobody's "now".
        const endSeconds = Math.floor(Date.now() / 1000);
        const histories = [...CASES.map(([, history]) => history), UNCHANGED];
        prometheus = await withBehind(renderHistory(...histories.map((history) => ({ endSeconds, ...history }))));
        changedMs = (endSeconds - HOUR) * 1_000;
        ({ url } = prometheus);
      });
      after(() => prometheus?.stop());

      for (const [what, { name }, status, because] of CASES) test(what, () => assertSays(url, `shop/${name}`, status, because));

      test("what it counts is what was counted, and the change is where the agents saw it", async () => {
        const { stdout } = await verify("shop/web", "--prometheus", url, "-o", "json");
        const { change, comparisons } = JSON.parse(stdout) as Report;
        assert.equal(change.source, "seen");
        assert.ok(Math.abs(Date.parse(change.at) - changedMs) < 60_000, change.at);
        const exposed = comparisons.find(({ paths }) => paths === "Paths that were exposed");
        // Six nodes, six attempts a minute each, of which a third time out; scrapes are half a minute apart.
        assert.ok(Math.abs((exposed?.before.attempts ?? 0) - 2_160) < 40, JSON.stringify(exposed));
        assert.ok(Math.abs((exposed?.before.count ?? 0) - 720) < 20, JSON.stringify(exposed));
        assert.ok(Math.abs((exposed?.after.attempts ?? 0) - 6 * 6 * 58) < 60, JSON.stringify(exposed));
        assert.equal(exposed?.after.count, 0);
      });

      test("with --at it takes the moment that it is given", async () => {
        const moment = ["--at", new Date(changedMs).toISOString(), "--before", "2h"];
        const { status, stdout } = await verify("shop/web", "--prometheus", url, ...moment, "-o", "markdown");
        assert.equal(status, 0, stdout);
        assert.match(stdout, /^## shop\/web: FIXED\n/);
        assert.match(stdout, /\| Paths that were exposed, timed out \| 33 %: 14\d\d of 43\d\d \(/);
      });

      test("a Service that nobody has attempted is a usage error", async () => {
        const { status, stderr } = await verify("shop/wbe", "--prometheus", url, "--at", "1h ago");
        assert.equal(status, 2);
        assert.match(stderr, /shop\/wbe: Prometheus knows of no attempts at such a Service/);
      });

      test("without a change it says so, and what to do", async () => {
        const { status, stderr } = await verify("shop/unchanged", "--prometheus", url);
        assert.equal(status, 2);
        assert.match(
          stderr,
          /shop\/unchanged: the agents saw no change of its configuration within 24 h; say when it was made with --at/,
        );
      });
    });

    // Gaps are looked for in what all agents of a cluster say: these have a Prometheus to themselves.
    test("an hour without data before the change", () => {
      const gap = [
        { ...broken, seconds: 2 * HOUR },
        { ...broken, seconds: HOUR / 2, isGap: true },
        { ...broken, seconds: HOUR / 2 },
      ];
      return withHistory({ phases: [...gap, fixed] }, ({ url }) => assertSays(url, "shop/web", 3, /gaps before the change/));
    });

    test("windows may be as long as data is kept: two days before, one after", () => {
      const [day, scrapeEvery] = [24 * HOUR, 300];
      const phases = [
        { ...broken, seconds: 2 * day },
        { ...fixed, seconds: day },
      ];
      return withHistory({ phases, scrapeEvery, restartEvery: 9 * HOUR }, async ({ url }) => {
        const { status, stdout } = await verify(
          "shop/web",
          "--prometheus",
          url,
          "--at",
          "1d ago",
          "--before",
          "2d",
          "-o",
          "json",
        );
        assert.equal(status, 0, stdout);
        const exposed = (JSON.parse(stdout) as Report).comparisons.find(({ paths }) => paths === "Paths that were exposed");
        // Six nodes and six attempts a minute each; what is counted between a restart and the next scrape is not seen as an increase.
        const wanted = 6 * 6 * 60 * 48;
        assert.ok(Math.abs((exposed?.before.attempts ?? 0) / wanted - 1) < 0.01, `${exposed?.before.attempts} of ${wanted}`);
        assert.equal(exposed?.after.count, 0);
      });
    });

    test("--all judges every Service that changed, and its verdict is that of the worst", async () => {
      const endSeconds = Math.floor(Date.now() / 1000);
      const history = (unfixed: number) =>
        renderHistory(
          { endSeconds, phases: [broken, fixed], name: "web" },
          { endSeconds, phases: [broken, { ...fixed, share: unfixed }], name: "api" },
          { endSeconds, phases: [{ ...broken, seconds: 4 * HOUR }], name: "cart" },
        );
      const verifyAll = async (unfixed: number) => {
        const prometheus = await withBehind(history(unfixed));
        try {
          return await verify("--all", "--prometheus", prometheus.url, "-o", "json");
        } finally {
          await prometheus.stop();
        }
      };
      const [worse, better] = [await verifyAll(1 / 3), await verifyAll(0)];
      const standings = ({ stdout }: Said) => {
        const { verdict, services, notJudged } = JSON.parse(stdout) as {
          readonly verdict: string;
          readonly services: readonly { readonly service: string; readonly standing: string }[];
          readonly notJudged: readonly { readonly service: string }[];
        };
        return [
          verdict,
          ...services.map((each) => `${each.service} ${each.standing}`),
          ...notJudged.map(({ service }) => service),
        ];
      };
      assert.deepEqual([worse.status, better.status], [1, 0], worse.stderr + better.stderr);
      assert.deepEqual(standings(worse), ["not_fixed", "shop/api not_fixed", "shop/web fixed", "shop/cart"]);
      assert.deepEqual(standings(better), ["fixed", "shop/api fixed", "shop/web fixed", "shop/cart"]);
    });

    test("--all where nothing changed says so", () =>
      withHistory({ phases: [broken] }, async ({ url }) => {
        const { status, stderr } = await verify("--all", "--prometheus", url);
        assert.equal(status, 2);
        assert.match(stderr, /--all: none of 1 Services can be judged; of shop\/web, the agents saw no change/);
      }));

    test("a Service of the same name in two clusters is not mixed up", async () => {
      const endSeconds = Math.floor(Date.now() / 1000);
      const history = renderHistory(
        { endSeconds, phases: [broken, fixed], cluster: "one" },
        { endSeconds, phases: [broken, broken], cluster: "other" },
      );
      const prometheus = await withBehind(history);
      try {
        const { url } = prometheus;
        const mixed = await verify("shop/web", "--prometheus", url);
        assert.equal(mixed.status, 2);
        assert.match(mixed.stderr, /several clusters have such a Service \(one, other\): name one with --cluster/);
        assert.equal((await verify("shop/web", "--prometheus", url, "--cluster", "one")).status, 0);
      } finally {
        await prometheus.stop();
      }
    });
  }
});
