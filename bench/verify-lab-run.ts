import { setTimeout as sleep } from "node:timers/promises";
import { WEB } from "../lab/cluster/defaults.ts";
import type { Fault } from "../lab/network.ts";
import { type RunningLab, withLab } from "../lab/running-lab.ts";
import { JUDGED_WITHIN_MS } from "../src/domain/evidence.ts";
import { sumOf } from "../src/domain/exposition.ts";
import type { Verdict } from "../src/verify/judge.ts";
import { seeded } from "./seeded.ts";
import { CHANGE_NAMES, CHANGES, type ChangeName, type Edit } from "./verify-changes.ts";
import { type ClusterShape, drawCluster } from "./verify-draws.ts";
import { objectsOf, type Start } from "./verify-starts.ts";
import { Watch, type Watched } from "./verify-watch.ts";

const TIMEOUT_MS = 1_500;
const FLAGS = ["--interval", "200ms", "--timeout", `${TIMEOUT_MS}ms`, "--log-level", "error"];
/** What `verify` leaves out after a change: attempts that began before it have been counted by then. */
const SETTLE_MS = TIMEOUT_MS + JUDGED_WITHIN_MS + 1_000;

/** What `verify` said of one change, and what it should have. */
export interface Ruling {
  readonly change: ChangeName;
  readonly seed: number;
  readonly expected: Verdict;
  readonly said: Verdict;
  /** Its sentences and its numbers. */
  readonly where: string;
}

/** A lab with the cluster that the seed draws, its agents at work. */
export interface VerifyLab {
  readonly lab: RunningLab;
  readonly seed: number;
  readonly shape: ClusterShape;
  /** Attempts of all agents so far, and those that they discarded, as a busy machine makes them read late. */
  counts(): Promise<{ readonly attempts: number; readonly discarded: number }>;
}

/** @param flags - Settings of the agents besides. */
export async function withVerifyLab<T>(
  seed: number,
  use: (lab: VerifyLab) => Promise<T>,
  flags: readonly string[] = [],
): Promise<T> {
  const shape = drawCluster(seeded(seed));
  const { topology, present } = shape;
  const options = {
    topology,
    agentNodes: present,
    agentFlags: [...FLAGS, ...flags],
    signal: new AbortController().signal,
    onError: ignoreRefusals,
  };
  return withLab(options, async (lab) => {
    lab.cluster.store.delete("services", WEB.namespace, WEB.name);
    lab.cluster.setNodes(present.map(({ name }) => name));
    await lab.cluster.settled();
    const counts = async () => {
      const samples = (await Promise.all(lab.agents.map((agent) => agent.scrape()))).flat();
      return {
        attempts: sumOf(samples, "hairpin_probe_attempts_total"),
        discarded: sumOf(samples, "hairpin_probe_discarded_total"),
      };
    };
    return use({ lab, seed, shape, counts });
  });
}

/** Annotations that the controller refuses are among the changes. */
function ignoreRefusals(error: Error): void {
  if (!error.message.startsWith("Service ")) console.error(error);
}

/** One change to one Service of its own. */
interface Case extends Watched {
  readonly name: ChangeName;
  readonly start: Start;
  readonly edit: Edit;
}

/** Makes changes as the seed draws them, to a Service each, all at the same moment, and holds what `verify` says against the truth. */
export async function runChanges(verifyLab: VerifyLab, names: readonly ChangeName[]): Promise<readonly Ruling[]> {
  const { lab, seed, shape } = verifyLab;
  const cases = names.map((name): Case => {
    const random = seeded(seed * 1_000 + CHANGE_NAMES.indexOf(name));
    const service = { namespace: WEB.namespace, name: name.replaceAll("_", "-") };
    return { name, service, mayStayOpen: CHANGES[name].expected === "inconclusive", ...CHANGES[name].make(random, shape) };
  });
  for (const [nth, { service, start }] of cases.entries()) {
    const objects = objectsOf(service, start, nth, shape);
    lab.cluster.put("services", objects.service);
    for (const slice of objects.slices) lab.cluster.put("endpointslices", slice);
  }
  await lab.cluster.settled();
  const watch = new Watch(lab.agents, TIMEOUT_MS);
  await watch.untilProbed(cases);
  const before = await watch.before(cases);
  const undo = await makeChanges(verifyLab, cases, watch);
  try {
    await sleep(SETTLE_MS);
    const judged = await watch.after(cases, before);
    return cases.map(({ name, start }) => {
      const { verdict: said, text } = judged.get(name) ?? { verdict: "inconclusive", text: "nothing to judge" };
      return {
        change: name,
        seed,
        expected: CHANGES[name].expected,
        said,
        where: `seed ${seed}: ${text} ${JSON.stringify(start)}`,
      };
    });
  } finally {
    await undo();
    for (const { service } of cases) lab.cluster.store.delete("services", service.namespace, service.name);
    await lab.cluster.settled();
  }
}

/** @returns what takes away again what is not the Services' own. */
async function makeChanges({ lab, shape }: VerifyLab, cases: readonly Case[], watch: Watch): Promise<() => Promise<void>> {
  const { cluster } = lab;
  const faults: Fault[] = [];
  const killed: string[] = [];
  for (const { service, start, edit } of cases) {
    const { namespace, name } = service;
    if (edit.annotations !== undefined) cluster.annotate(namespace, name, edit.annotations);
    if (edit.policy !== undefined) cluster.setExternalTrafficPolicy(namespace, name, edit.policy);
    if (edit.fault !== undefined) {
      const { kind, zones } = edit.fault;
      faults.push(...(await watch.addressesOf(name, zones)).map((address) => ({ kind, address })));
    }
    if (edit.readyOn !== undefined)
      for (const slice of objectsOf(service, { ...start, readyOn: edit.readyOn }, 0, shape).slices)
        cluster.put("endpointslices", slice);
    killed.push(...(edit.killOn ?? []));
  }
  const joins = cases.some(({ edit }) => edit.join);
  const nodesNamed = (names: readonly string[]) => shape.topology.nodes.filter(({ name }) => names.includes(name));
  if (joins) cluster.setNodes(shape.topology.nodes.map(({ name }) => name));
  cluster.setFaults(faults);
  await Promise.all([cluster.settled(), lab.killBackends(nodesNamed(killed))]);
  if (joins) watch.add(await lab.startAgents(shape.joining));
  return async () => {
    cluster.setFaults([]);
    await lab.startBackends(nodesNamed(killed));
  };
}
