import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AWS_ANNOTATIONS } from "../../src/discovery/objects/annotations.ts";
import { loadBalancerOf } from "../../src/discovery/rules/load-balancer.ts";
import { canHairpin, type LoadBalancer, portsInForce } from "../../src/domain/load-balancer.ts";
import type { Switch } from "../../src/domain/target-group.ts";
import { CONTROLLER_ROWS, type ControllerRow, situationOf } from "./support/controller-rows.ts";
import { PRESERVE_OFF } from "./support/objects.ts";

/** What a row tells of a load balancer, and what we make of it, in the same words. */
type Told = Readonly<Record<string, unknown>>;

/** What AWS makes of what a controller passes on is not in the rows: of these it is known, and outranks them. */
const AWS_REFUSES: Readonly<Record<string, Told>> = {
  // One call has all attributes of a target group, and AWS does none of it.
  "x-off-and-xz-bad": { possible: undefined, 80: "unknown" },
};

describe("what the controllers' own code makes of a Service", () => {
  for (const row of CONTROLLER_ROWS) {
    it(`${row.name}: ${row.expect.notes ?? "is taken"}`, () => {
      const { service, surroundings } = situationOf(row);
      const loadBalancer = loadBalancerOf(service, surroundings);
      const expected = { ...expectedOf(row, loadBalancer), ...AWS_REFUSES[row.name] };
      assert.deepEqual(toldOf(loadBalancer, row), expected, JSON.stringify([loadBalancer.refusals, loadBalancer.doubts]));
    });
  }
});

it("nothing that a controller refuses is all-clear for what else is annotated", () => {
  const refused = CONTROLLER_ROWS.filter((row) => row.expect.isNlb && isRefused(row));
  assert.ok(refused.length > 90, `${refused.length} rows`);
  for (const row of refused) {
    const { service, surroundings } = situationOf(row);
    const off = new Map([[AWS_ANNOTATIONS.targetGroupAttributes, PRESERVE_OFF], ...service.annotations]);
    const loadBalancer = loadBalancerOf({ ...service, annotations: off }, surroundings);
    assert.equal(canHairpin(loadBalancer), undefined, row.name);
    for (const { targetGroup } of portsInForce(loadBalancer))
      assert.equal(targetGroup.preserveClientIp.enabled, undefined, row.name);
    assert.match(loadBalancer.doubts.join(" "), /changes nothing as long as it refuses/, row.name);
  }
});

/** Of what its controller refuses nothing but that is known: what it would be otherwise is of no account. */
const isRefused = ({ expect: { reconcileError, hairpinPossible } }: ControllerRow): boolean =>
  reconcileError && hairpinPossible === null;

function expectedOf(row: ControllerRow, { ports }: LoadBalancer): Told {
  const { expect } = row;
  const told = { isNlb: expect.isNlb, possible: expect.hairpinPossible ?? undefined, refused: isRefused(row) };
  if (!expect.isNlb) return told;
  const who = { ...told, controller: expect.controller };
  if (isRefused(row)) return who;
  const ofPort = (port: number) => expect.preserveClientIp.byPort?.[port] ?? expect.preserveClientIp;
  return {
    ...who,
    internal: expect.internal ?? undefined,
    ...(expect.targetType === null ? {} : { targetType: expect.targetType, crossZone: words(expect.crossZone) }),
    ...Object.fromEntries(ports.map(({ port }) => [port, words(ofPort(port))])),
    ...(expect.tlsPorts === undefined ? {} : { tlsPorts: sorted(expect.tlsPorts) }),
    ...(expect.nodeSelector === undefined ? {} : { nodeSelector: expect.nodeSelector }),
    ...(expect.ipFamily === undefined ? {} : { ipFamily: expect.ipFamily }),
  };
}

function toldOf(loadBalancer: LoadBalancer, row: ControllerRow): Told {
  const { isNlb, controller, internal, ports, refusals } = loadBalancer;
  const told = { isNlb, possible: canHairpin(loadBalancer), refused: refusals.some(({ by }) => by === "controller") };
  if (!isNlb) return told;
  const who = { ...told, controller };
  if (told.refused) return who;
  const groups = ports.map(({ targetGroup }) => targetGroup);
  const [first] = groups;
  return {
    ...who,
    internal: internal.enabled,
    ...(first === undefined
      ? {}
      : { targetType: first.targetType, crossZone: common(groups.map(({ crossZone }) => words(crossZone))) }),
    ...Object.fromEntries(ports.map(({ port, targetGroup }) => [port, words(targetGroup.preserveClientIp)])),
    ...(row.expect.tlsPorts === undefined
      ? {}
      : { tlsPorts: sorted(ports.filter(({ tlsTerminated }) => tlsTerminated).map(({ port }) => port)) }),
    ...(row.expect.nodeSelector === undefined ? {} : { nodeSelector: Object.fromEntries(first?.nodeSelector ?? []) }),
    ...(row.expect.ipFamily === undefined ? {} : { ipFamily: first?.ipFamily }),
  };
}

const sorted = (ports: readonly number[]): readonly number[] => ports.toSorted((a, b) => a - b);

const common = (values: readonly string[]): string => (new Set(values).size === 1 ? (values[0] ?? "") : "unknown");

const words = ({ enabled, origin }: Switch | { enabled: boolean | null; origin: string }): string =>
  typeof enabled === "boolean" ? `${enabled ? "on" : "off"} (${origin})` : "unknown";
