import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { findPrometheusTool } from "../../scripts/prometheus.mjs";
import { freePort } from "../runner/free-port.ts";

/** Half a gigabyte is set aside for each block as it is written: more than the sandbox's own /tmp has. */
const ON_DISK = "/var/tmp";
/** Bounds on what hangs, not on what is slow. */
const READY_WITHIN_MS = 120_000;
const ENDS_WITHIN_MS = 10_000;
/** Characters of what it said that an error shows. */
const MAX_SAID = 2_000;

/** One series of an answer: its points are pairs of time in seconds and value as text, which may be `NaN` or `+Inf`. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [number, string])[];
}

export interface Range {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** A Prometheus server that runs, with a database of its own that goes with it. */
export interface Prometheus {
  readonly url: string;
  /** @param atMs - Time since the epoch; now if absent. @throws Error with what the server says is wrong. */
  query(expr: string, atMs?: number): Promise<readonly Series[]>;
  queryRange(expr: string, range: Range): Promise<readonly Series[]>;
  /** Any other question of its HTTP API, such as `rules` or `label/job/values`. @returns what is under `data`. */
  get(path: string, parameters?: Readonly<Record<string, string>>): Promise<unknown>;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** What it scrapes, and the labels that a monitor would add. */
  readonly targets: readonly { readonly url: string; readonly labels: Readonly<Record<string, string>> }[];
  readonly scrapeEvery: string;
  readonly ruleFiles?: readonly string[];
  /** What it is to have seen before it starts: OpenMetrics text with times, its last line `# EOF`. */
  readonly history?: string;
}

/**
 * Starts Debian's Prometheus, or the one that is installed, on loopback.
 *
 * @returns `undefined` where there is none.
 * @throws Error with what it said last when it does not get ready.
 */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus | undefined> {
  const program = findPrometheusTool("prometheus");
  if (program === undefined) return undefined;
  const directory = mkdtempSync(join(ON_DISK, "hairpin-probe-prometheus-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = join(directory, "prometheus.json");
  writeFileSync(config, JSON.stringify(configOf(options)));
  const data = join(directory, "data");
  if (options.history !== undefined) await backfill(options.history, directory, data);
  const flags = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${data}`,
    // What is made up may be of any time.
    "--storage.tsdb.retention.time=10y",
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child = spawn(program, [...flags, "--log.level=warn"], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (data: Buffer) => {
    said = (said + data.toString()).slice(-MAX_SAID);
  });
  const ended = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), ENDS_WITHIN_MS);
    await ended;
    clearTimeout(force);
    rmSync(directory, { recursive: true });
  };
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await isReady(url))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop();
      throw new Error(`prometheus: not ready: ${said}`);
    }
    await sleep(50);
  }
  const get: Prometheus["get"] = async (path, parameters = {}) => {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = (await response.json()) as { readonly status: string; readonly error?: string; readonly data: unknown };
    if (answer.status !== "success") throw new Error(`prometheus: ${answer.error} in ${JSON.stringify(parameters)}`);
    return answer.data;
  };
  return {
    url,
    get,
    stop,
    query: async (query, atMs = Date.now()) => seriesOf(await get("query", { query, time: String(atMs / 1000) })),
    queryRange: async (query, { startMs, endMs, stepMs }) =>
      seriesOf(
        await get("query_range", {
          query,
          start: String(startMs / 1000),
          end: String(endMs / 1000),
          step: String(stepMs / 1000),
        }),
      ),
  };
}

/** @throws Error with what promtool says is wrong with it. */
async function backfill(history: string, directory: string, data: string): Promise<void> {
  const promtool = findPrometheusTool("promtool");
  if (promtool === undefined) throw new Error("promtool: not there, though Prometheus is (Debian package prometheus has both)");
  const file = join(directory, "history.om");
  writeFileSync(file, history);
  // It reads the whole file for each block, and its blocks are of two hours where nothing is said.
  const flags = ["--quiet", "--max-block-duration=162h"];
  await promisify(execFile)(promtool, ["tsdb", "create-blocks-from", "openmetrics", ...flags, file, data]);
}

/** JSON is YAML. */
const configOf = ({ targets, scrapeEvery, ruleFiles = [] }: PrometheusOptions): object => ({
  global: { scrape_interval: scrapeEvery, scrape_timeout: scrapeEvery, evaluation_interval: scrapeEvery },
  rule_files: ruleFiles,
  scrape_configs: [
    {
      job_name: "hairpin-probe",
      static_configs: targets.map(({ url, labels }) => ({ targets: [new URL(url).host], labels })),
    },
  ],
});

/** Vector or matrix; a scalar has no labels, and nothing here asks for one. */
function seriesOf(data: unknown): readonly Series[] {
  const { result } = data as {
    readonly result: readonly {
      readonly metric: Series["metric"];
      readonly value?: readonly [number, string];
      readonly values?: Series["points"];
    }[];
  };
  return result.map(({ metric, value, values }) => ({ metric, points: values ?? (value === undefined ? [] : [value]) }));
}

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/-/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
