/**
 * Whether every fault gets its own name and no other: `npm run bench:diagnosis`.
 *
 * Each fault of the lab, in seeded runs: the seed draws where it strikes, how hard, and what the NLB is like besides. In each run
 * a fresh agent on every node probes for a few seconds; then each of its diagnoses is held against what is really so. Printed is
 * the confusion matrix over frontends. Exit code 1 if a hairpin was missed, or one invented, or a fault called by another's name.
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { LabAgent } from "../lab/agents.ts";
import { WEB } from "../lab/cluster/defaults.ts";
import { startBackends } from "../lab/runner/backends.ts";
import { type RunningLab, withLab } from "../lab/running-lab.ts";
import { buildTopology, nlbAddress } from "../lab/topology.ts";
import { CAUSES, type Cause } from "../src/domain/diagnosis.ts";
import type { Status } from "../src/domain/status.ts";
import { FAULTS, type FaultKind, type Truth } from "./diagnosis-faults.ts";
import { seeded } from "./seeded.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "20" }, fault: { type: "string" }, seconds: { type: "string", default: "9" } },
});
const RUNS = Number(values.runs);
const ATTRIBUTES = "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes";
const TIMEOUT_MS = 1_500;
const FLAGS = ["--interval", "120ms", "--timeout", `${TIMEOUT_MS}ms`, "--log-level", "error"];
const topology = buildTopology({ nodes: 3, zones: 2 });
const ZONES = topology.zones.map((zone) => ({ name: zone.name, address: nlbAddress(zone, 0) }));

/** One diagnosis, and what it should have been. */
interface Verdict {
  readonly fault: FaultKind;
  readonly truth: Cause;
  readonly said: Cause;
  readonly where: string;
}

/** What one agent says of each frontend. */
function verdictsOf(fault: FaultKind, status: Status, truthOf: Truth, seed: number): readonly Verdict[] {
  const own = status.agent.zone;
  return status.services.flatMap(({ port, frontends }) =>
    frontends.map(({ address, zone, diagnosis, window }) => ({
      fault,
      truth: truthOf({ isOwnZone: zone === own, address: address ?? "" }),
      said: diagnosis.cause,
      where: `seed ${seed}, ${status.agent.node} to ${zone}:${port}: ${JSON.stringify(window)} ${diagnosis.explanation}`,
    })),
  );
}

async function end(agents: readonly LabAgent[]): Promise<void> {
  await Promise.all(
    agents.map(async ({ process: child }) => {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    }),
  );
}

/** Holds agents up nearly all the time, as a CPU limit that is much too low does. */
async function starve(agents: readonly LabAgent[], ms: number): Promise<void> {
  for (let elapsed = 0; elapsed < ms; elapsed += 600) {
    for (const { process: child } of agents) child.kill("SIGSTOP");
    await sleep(580);
    for (const { process: child } of agents) child.kill("SIGCONT");
    await sleep(20);
  }
}

async function run(lab: RunningLab, kind: FaultKind, seed: number): Promise<readonly Verdict[]> {
  const { preserves, faults, backendsDown, starved, truth } = FAULTS[kind](seeded(seed), ZONES);
  lab.cluster.annotate(WEB.namespace, WEB.name, { [ATTRIBUTES]: `preserve_client_ip.enabled=${preserves}` });
  lab.cluster.setFaults(faults);
  await lab.cluster.settled();
  let backends = lab.backends;
  if (backendsDown) {
    for (const child of backends.values()) {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
  }
  const agents = await lab.startAgents(topology.nodes);
  try {
    const ms = Number(values.seconds) * 1000;
    await (starved ? starve(agents, ms) : sleep(ms));
    const statuses = await Promise.all(agents.map((agent) => agent.status()));
    return statuses.flatMap((status) => verdictsOf(kind, status, truth, seed));
  } finally {
    await end(agents);
    if (backendsDown) {
      backends = await startBackends(lab.network);
      (lab as { backends: typeof backends }).backends = backends;
    }
  }
}

function print(verdicts: readonly Verdict[]): void {
  const used = CAUSES.filter((cause) => verdicts.some(({ said, truth }) => said === cause || truth === cause));
  const width = 19;
  console.log(`\n${"fault, and truth".padEnd(34)}${used.map((cause) => cause.padStart(width)).join("")}`);
  for (const fault of Object.keys(FAULTS)) {
    for (const truth of used) {
      const row = verdicts.filter((verdict) => verdict.fault === fault && verdict.truth === truth);
      if (row.length === 0) continue;
      const cells = used.map((cause) => {
        const count = row.filter(({ said }) => said === cause).length;
        return (count === 0 ? "·" : String(count)).padStart(width);
      });
      console.log(`${`${fault}: ${truth}`.padEnd(34)}${cells.join("")}`);
    }
  }
}

const kinds = Object.keys(FAULTS).filter((kind) => values.fault === undefined || kind === values.fault) as readonly FaultKind[];
const verdicts: Verdict[] = [];
await withLab(
  { topology, agentNodes: [], agentFlags: FLAGS, signal: new AbortController().signal, onError: console.error },
  async (lab) => {
    for (const kind of kinds) {
      for (let seed = 1; seed <= RUNS; seed++) {
        const found = await run(lab, kind, seed);
        verdicts.push(...found);
        for (const { truth, said, where } of found) if (said !== truth) console.log(`${kind}: ${said} for ${truth}: ${where}`);
      }
      const own = verdicts.filter(({ fault }) => fault === kind);
      const right = own.filter(({ said, truth }) => said === truth).length;
      console.log(`${kind}: ${right} of ${own.length} diagnoses right, ${RUNS} runs`);
    }
  },
);
print(verdicts);
const wrong = verdicts.filter(({ said, truth }) => said !== truth);
const missed = wrong.filter(({ truth }) => truth === "hairpin").length;
const invented = wrong.filter(({ said }) => said === "hairpin").length;
console.log(`\n${verdicts.length} diagnoses, ${wrong.length} wrong; hairpins missed: ${missed}, invented: ${invented}`);
process.exitCode = wrong.length > 0 ? 1 : 0;
