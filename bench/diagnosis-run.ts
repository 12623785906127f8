import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { LabAgent } from "../lab/agents.ts";
import { WEB } from "../lab/cluster/defaults.ts";
import { makeEnvironment } from "../lab/environments/apply.ts";
import { agentDestinations } from "../lab/environments/destinations.ts";
import { type RunningLab, withLab } from "../lab/running-lab.ts";
import { buildTopology, nlbAddress } from "../lab/topology.ts";
import type { Cause } from "../src/domain/diagnosis.ts";
import type { Status } from "../src/domain/status.ts";
import { ENVIRONMENTS } from "./diagnosis-environments.ts";
import { FAULTS, type MadeFault, type Truth } from "./diagnosis-faults.ts";
import { seeded } from "./seeded.ts";

const ATTRIBUTES = "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes";
const TARGET_TYPE = "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type";
const FLAGS = ["--interval", "120ms", "--timeout", "1500ms", "--log-level", "error"];
const topology = buildTopology({ nodes: 3, zones: 2 });
/** Of all agents: two ports in every zone. */
const FRONTENDS = topology.nodes.length * topology.zones.length * 2;
const ZONES = topology.zones.map((zone) => ({ name: zone.name, address: nlbAddress(zone, 0) }));

/** Every row: a fault of the network, or an environment that hides hairpins. */
export const ROWS = { ...FAULTS, ...ENVIRONMENTS };
export type RowKind = keyof typeof ROWS;

/** One diagnosis, and what it should have been. */
export interface Verdict {
  readonly fault: RowKind;
  /** The first of what would have been right. */
  readonly truth: Cause;
  readonly isRight: boolean;
  readonly said: Cause;
  /** The machine starved the agent, beside any fault: so much was discarded that shares say little. */
  readonly isStarved: boolean;
  readonly where: string;
}

/** A lab without agents: each run has fresh ones. */
export const withDiagnosisLab = <T>(use: (lab: RunningLab) => Promise<T>): Promise<T> =>
  withLab({ topology, agentNodes: [], agentFlags: FLAGS, signal: new AbortController().signal, onError: console.error }, use);

/** Outcomes of every frontend after which its diagnosis must be right. */
const ENOUGH = 55;
/** Successes are discarded sooner than timeouts: they take less time than what made them late. */
const MUCH_DISCARDED = 0.1;
const LOOK_EVERY_MS = 1_000;
const MAX_WAIT_MS = 120_000;
/** How an agent is starved before it is asked again. */
const [STARVED_ROUNDS, STOPPED_MS, RUNNING_MS] = [6, 580, 20];

/**
 * Makes a fault as the seed draws it, lets a fresh agent on every node probe until every frontend has had enough attempts, and holds what
 * they say against the truth.
 */
export async function runFault(lab: RunningLab, kind: RowKind, seed: number): Promise<readonly Verdict[]> {
  const made: MadeFault = ROWS[kind](seeded(seed), ZONES);
  const { preserves, hasIpTargets = false, environment, faults, backendsDown, starved, truth } = made;
  lab.cluster.annotate(WEB.namespace, WEB.name, {
    [ATTRIBUTES]: `preserve_client_ip.enabled=${preserves}`,
    [TARGET_TYPE]: hasIpTargets ? "ip" : null,
  });
  lab.cluster.setFaults(faults);
  await lab.cluster.settled();
  if (backendsDown) await lab.killBackends(topology.nodes);
  const undo =
    environment === undefined ? async () => {} : await makeEnvironment(lab.network, environment, agentDestinations(topology));
  const agents = await lab.startAgents(topology.nodes);
  try {
    const statuses = await statusesOfEnough(agents, starved);
    return statuses.flatMap((status) => verdictsOf(kind, status, truth, seed));
  } finally {
    await end(agents);
    await undo();
    if (backendsDown) await lab.startBackends(topology.nodes);
  }
}

/** What one agent says of each frontend. */
function verdictsOf(fault: RowKind, status: Status, truthOf: Truth, seed: number): readonly Verdict[] {
  const own = status.agent.zone;
  return status.services.flatMap(({ port, frontends }) =>
    frontends.map(({ address, zone, diagnosis, window }) => {
      const right = [truthOf({ isOwnZone: zone === own, address: address ?? "" })].flat();
      return {
        fault,
        truth: right[0] ?? "undecided",
        said: diagnosis.cause,
        isRight: right.includes(diagnosis.cause),
        isStarved: window.discarded >= MUCH_DISCARDED * window.attempts,
        where: `seed ${seed}, ${status.agent.node} to ${zone}:${port}: ${JSON.stringify(window)} ${diagnosis.explanation}`,
      };
    }),
  );
}

async function end(agents: readonly LabAgent[]): Promise<void> {
  await Promise.all(
    agents.map(async ({ process: child }) => {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }),
  );
}

/** Waits until every frontend of every agent has outcomes enough, while the agents are starved where that is the fault. */
async function statusesOfEnough(agents: readonly LabAgent[], starved: boolean): Promise<readonly Status[]> {
  const deadlineMs = performance.now() + MAX_WAIT_MS;
  for (;;) {
    await (starved ? starve(agents) : sleep(LOOK_EVERY_MS));
    const statuses = await Promise.all(agents.map((agent) => agent.status()));
    const windows = statuses.flatMap(({ services }) =>
      services.flatMap(({ frontends }) => frontends.map(({ window }) => window)),
    );
    const isEnough = windows.every(({ attempts, discarded }) => (starved ? discarded : attempts) >= ENOUGH);
    if (windows.length === FRONTENDS && isEnough) return statuses;
    if (performance.now() > deadlineMs) throw new Error(`not ${ENOUGH} outcomes of each frontend: ${JSON.stringify(windows)}`);
  }
}

/** Holds agents up nearly all the time, as a CPU limit that is much too low does. */
async function starve(agents: readonly LabAgent[]): Promise<void> {
  for (let round = 0; round < STARVED_ROUNDS; round++) {
    for (const { process: child } of agents) child.kill("SIGSTOP");
    await sleep(STOPPED_MS);
    for (const { process: child } of agents) child.kill("SIGCONT");
    await sleep(RUNNING_MS);
  }
}
