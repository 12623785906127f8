/** What is not a hairpin, in every mode and size: the configuration allows hairpins, and none happens. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { isNightly } from "../support/run-environment.ts";
import {
  CROSS_ZONE,
  check,
  deadTarget,
  factorsOfMode,
  isAllExposed,
  MODES,
  POSSIBLE,
  TWO_AT_ONCE,
  ZONAL,
  zonalOrNot,
} from "./modes.ts";
import { pairsOf, pairwise } from "./pairwise.ts";
import type { Mode, Path, Scenario } from "./simulated-cluster.ts";

const MINUTES = 80;
/** Longer than timeouts go on before they alert. */
const HOURS = 120;
const ALL_SIZES = [3, 30, 300];
const fixed = { preserves: () => false, saysPreserve: () => true, minutes: MINUTES, scrapeEvery: 2 } as const;

/** One thing that goes wrong. */
interface Trouble extends Partial<Scenario> {
  readonly name: string;
  /** Alerts that it deserves. */
  readonly also?: readonly string[];
  /** No exposure, and so not even the possibility. */
  readonly isImpossible?: boolean;
  /** Sizes of clusters in which it is looked at, where not at 3 and 30. */
  readonly sizes?: readonly number[];
}

/** A node that hosts a backend, so that it is exposed in every mode. */
const isSick = ({ node }: Path): boolean => node === 1;
const isOfWeb = ({ service }: Path): boolean => service === "web";
const allOfWeb = (path: Path): number => (isOfWeb(path) ? 1 : 0);
const inZoneA = (path: Path): number => (isOfWeb(path) && path.zone === "zone-a" ? 1 : 0);
/** Nodes go one after the other, over half an hour; without an agent each for one sample. */
const turnOf = (node: number, nodes: number): number => 30 + 2 * Math.floor((node * 15) / nodes);

function troublesOf(mode: Mode, nodes: number): readonly Trouble[] {
  const dead = deadTarget(mode, nodes);
  // With one target in each zone its death is the zone's.
  const deserved = !mode.crossZone && nodes === 3 ? ["InternalNLBUnreachable"] : [];
  const tenth = (path: Path): number => (isOfWeb(path) ? 0.08 : 0);
  const sick = (path: Path): number => (isSick(path) ? 0.3 : 0);
  return [
    { name: "one dead target", drops: dead, also: deserved, sizes: ALL_SIZES },
    {
      name: "a rollout of all agents",
      isPresent: (node, minute) => Math.floor(minute / 2) !== turnOf(node, nodes) / 2,
      generation: (node, minute) => (minute > turnOf(node, nodes) ? 1 : 0),
      sizes: ALL_SIZES,
    },
    { name: "a scale-down to a third", isPresent: (node, minute) => minute < 40 || node < nodes / 3, sizes: ALL_SIZES },
    { name: "all is well" },
    { name: "one sick node", drops: sick, controlDrops: sick },
    { name: "one node that reaches no NLB", drops: (path) => (isSick(path) ? 1 : 0) },
    { name: "one sick Service", drops: tenth, controlDrops: tenth },
    { name: "a zone whose frontend drops everything", drops: inZoneA, also: ["InternalNLBUnreachable"] },
    { name: "nothing behind it", drops: allOfWeb, hosts: 0, also: ["InternalNLBWithoutBackends"], isImpossible: true },
    {
      name: "a TLS listener that nothing answers behind, for hours",
      drops: allOfWeb,
      isTls: true,
      also: ["InternalNLBUnreachable"],
      minutes: HOURS,
    },
    { name: "one sick node, for hours", drops: sick, controlDrops: sick, minutes: HOURS },
    { name: "one node that reaches no NLB, for hours", drops: (path) => (isSick(path) ? 1 : 0), minutes: HOURS },
    { name: "one dead target, and one verdict in fifty is wrong", drops: dead, mistaken: 0.02, also: deserved },
    {
      name: "a burst of timeouts where exposed",
      drops: (path) => (isOfWeb(path) && path.minute >= 40 && path.minute < 44 ? 0.5 : 0),
    },
    {
      name: "a rollout of all agents while a target is dead",
      drops: dead,
      isPresent: (node, minute) => Math.floor(minute / 2) !== turnOf(node, nodes) / 2,
      generation: (node, minute) => (minute > turnOf(node, nodes) ? 1 : 0),
      also: deserved,
    },
    {
      name: "an agent that restarts every ten minutes",
      generation: (node, minute) => (node === 1 ? Math.floor(minute / 10) : 0),
    },
    { name: "one dead target, and no way past the NLB", drops: dead, control: false, also: deserved },
    { name: "one dead target, and no exposure known", drops: dead, exposure: "unknown", also: deserved, isImpossible: true },
    { name: "one dead target, and no ratio known", drops: dead, exposure: "without a ratio", also: deserved, isImpossible: true },
    { name: "one dead target, no evidence, no way past the NLB", drops: dead, evidence: "off", control: false, also: deserved },
    {
      name: "one dead target, no evidence, no ratio known",
      drops: dead,
      evidence: "off",
      exposure: "without a ratio",
      also: deserved,
      isImpossible: true,
    },
    // Where all is exposed, a dead target is what hairpins would be: docs/how-it-decides.md, "What can fool it".
    ...(isAllExposed(mode, nodes)
      ? []
      : [{ name: "one dead target, no evidence", drops: dead, evidence: "off", also: deserved } as const]),
  ];
}

const ALL_ROWS = MODES.flatMap(([name, mode]) =>
  ALL_SIZES.flatMap((nodes) =>
    troublesOf(mode, nodes)
      .filter(({ sizes = [3, 30] }) => sizes.includes(nodes))
      .map((trouble) => ({ name, mode, nodes, trouble })),
  ),
);
type Row = (typeof ALL_ROWS)[number];
const factorsOf = ({ trouble, mode, nodes }: Row): readonly string[] => [trouble.name, ...factorsOfMode(mode), String(nodes)];
/** By day, each trouble with each kind of targets, zonal and cross-zone, and at each of its sizes, and those with each other. */
const ROWS = isNightly ? ALL_ROWS : pairwise(ALL_ROWS, factorsOf);

await inOwnSandbox(import.meta.filename, () => {
  suite("what is not a hairpin", TWO_AT_ONCE, () => {
    for (const { name, mode, nodes, trouble } of ROWS) {
      const { name: what, also = [], isImpossible = false, sizes: _, ...goesOn } = trouble;
      test(`no hairpin alert: ${what}; ${name}, ${nodes} nodes`, (t) => {
        const size = { nodes, isAlone: nodes >= 30, isThinned: nodes >= 30 };
        return check(t, { ...fixed, ...size, mode, ...goesOn }, isImpossible ? also : [POSSIBLE, ...also]);
      });
    }

    test("no hairpin alert where hairpins happen and there is nothing to tell by: all exposed, no evidence, no control", (t) => {
      return check(t, { mode: CROSS_ZONE, nodes: 30, minutes: 60, scrapeEvery: 2, evidence: "off", control: false }, [POSSIBLE]);
    });
    test("no hairpin alert where all is exposed and nothing answers", (t) => {
      return check(t, { ...fixed, mode: CROSS_ZONE, nodes: 2, zones: 1, drops: allOfWeb }, [POSSIBLE, "InternalNLBUnreachable"]);
    });
    test("no hairpin alert where evidence convicts one timeout in fifty by mistake", (t) => {
      const scenario = { ...fixed, mode: ZONAL, nodes: 30, isAlone: true, drops: inZoneA, mistaken: 0.02 };
      return check(t, scenario, [POSSIBLE, "InternalNLBUnreachable"]);
    });
    for (const [name, mode] of zonalOrNot("zonal")) {
      test(`no hairpin alert where now and then a timeout of thousands of nodes' is convicted by mistake: ${name}`, (t) => {
        const scenario = {
          ...fixed,
          mode,
          nodes: 5_000,
          isAlone: true,
          isThinned: true,
          drops: (path: Path) => (isOfWeb(path) ? 0.001 : 0),
        };
        return check(t, { ...scenario, mistaken: 0.02 }, [POSSIBLE]);
      });
    }
  });

  test("every two of trouble, kind of targets, way across zones and size meet", () => {
    const met = (rows: readonly Row[]) => new Set(rows.map(factorsOf).flatMap(pairsOf));
    assert.deepEqual(met(ROWS), met(ALL_ROWS));
  });
});
