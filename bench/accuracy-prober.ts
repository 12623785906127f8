/**
 * The agent's own probing in a process of its own, wired as the agent wires it, that tells the time of each connect and not only their
 * distribution. When it is over it prints one line of JSON: see `ProberRun`.
 *
 *     node bench/accuracy-prober.ts PORT INTERVAL_MS TIMEOUT_MS EVIDENCE SECONDS ADDRESS...
 */
import { stdout } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { HOST } from "../src/cli/host.ts";
import { type ConnectWatcher, EVIDENCE_LEVELS } from "../src/domain/evidence.ts";
import type { Frontend } from "../src/domain/frontend.ts";
import { defaultTargetGroup } from "../src/domain/target-group.ts";
import { startEvidence } from "../src/evidence/start.ts";
import { LoopWatch, systemLoopTimes } from "../src/probe/loop-watch.ts";
import { Prober } from "../src/prober.ts";
import { Scheduler } from "../src/schedule/scheduler.ts";
import { systemClock } from "../src/schedule/system-clock.ts";

/** A connect that stood: from which port, to which address, and how long it took by the agent's word. */
export type ReportedConnect = readonly [localPort: number, address: string, seconds: number];

export interface ProberRun {
  readonly connects: readonly ReportedConnect[];
  readonly timeouts: number;
  readonly discarded: number;
}

const [port, intervalMs, timeoutMs, evidenceLevel, seconds, ...addresses] = process.argv.slice(2);
const timeout = Number(timeoutMs);
const level = EVIDENCE_LEVELS.find((known) => known === evidenceLevel) ?? "counters";
const evidence = startEvidence({
  level,
  clock: systemClock,
  timeoutMs: timeout,
  node: "bench",
  ...HOST,
  onLess: (problem) => {
    throw new Error(problem);
  },
});
/** The port of the last connect to each address that stood: its outcome is told before the next event. */
const localPorts = new Map<string, number>();
/** Tells the ports, which outcomes do not; without evidence, too, where an attempt then begins a microtask later than an agent's. */
const watcher: ConnectWatcher = {
  async turn() {
    const watch = await evidence.watcher?.turn();
    return (connect) => {
      const followed = watch?.(connect);
      return {
        answered: () => {
          localPorts.set(connect.address, connect.localPort() ?? 0);
          followed?.answered();
        },
        timedOut: async () => (await followed?.timedOut()) ?? { kind: "undecided" },
        abandoned: () => followed?.abandoned(),
        cutOff: (resets) => followed?.cutOff(resets),
      };
    };
  },
};
const shutdown = new AbortController();
const prober = new Prober({
  watch: new LoopWatch(systemLoopTimes, evidence.beat),
  watcher,
  signal: shutdown.signal,
  timeout,
  tlsVerify: false,
  userAgent: "hairpin-probe/bench",
  isAllowed: () => true,
});
const connects: ReportedConnect[] = [];
let [timeouts, discarded] = [0, 0];
const scheduler = new Scheduler<{ readonly id: string; readonly frontend: Frontend }>({
  intervalMs: Number(intervalMs),
  maxInFlight: 1_000,
  clock: systemClock,
  random: Math.random,
  attempt: async ({ frontend }) => {
    const { address = "" } = frontend;
    const outcome = await prober.frontend(frontend);
    if (outcome.kind === "discarded") discarded++;
    else if (outcome.kind === "failure") timeouts++;
    else connects.push([localPorts.get(address) ?? 0, address, outcome.phases.connect ?? Number.NaN]);
  },
  onStart: () => {},
  onDiscard: () => {
    discarded++;
  },
});
const targetGroup = defaultTargetGroup("instance");
const listener = { port: Number(port), name: "tcp", protocol: "tcp", path: "/", tlsTerminated: false, targetGroup } as const;
const service = {
  namespace: "bench",
  name: "farm",
  controller: "lbc",
  hostname: undefined,
  addresses: [],
  shortcuts: [],
  zonalAffinity: false,
  listeners: [listener],
} as const;
const frontends = addresses.map((address): Frontend => {
  const known = {
    family: 4,
    withdrawn: false,
    dnsError: undefined,
    zone: undefined,
    colocated: false,
    exposure: undefined,
    backends: undefined,
  } as const;
  return { id: address, service, listener, address, ...known };
});
scheduler.set(frontends.map((frontend) => ({ id: frontend.id, frontend })));
await sleep(Number(seconds) * 1000);
const stopped = scheduler.stop();
shutdown.abort();
evidence.close();
await stopped;
const run: ProberRun = { connects, timeouts, discarded };
stdout.write(`${JSON.stringify(run)}\n`);
