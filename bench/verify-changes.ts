import type { Fault } from "../lab/network.ts";
import type { Verdict } from "../src/verify/judge.ts";
import { type ClusterShape, pick, someOf } from "./verify-draws.ts";
import { ATTRIBUTES, PREFIX, type Start, startWith } from "./verify-starts.ts";

/** What is done to a Service that hairpins. */
export interface Edit {
  /** As `kubectl annotate --overwrite` takes them; null takes one away. */
  readonly annotations?: Readonly<Record<string, string | null>>;
  readonly policy?: Start["policy"];
  /** Nodes whose backend is ready from then on. */
  readonly readyOn?: readonly string[];
  /** Nodes whose backend is killed, while the Service goes on to list it. */
  readonly killOn?: readonly string[];
  /** What the NLB's addresses in these zones do from then on. */
  readonly fault?: { readonly kind: Exclude<Fault["kind"], "syn_loss">; readonly zones: readonly string[] };
  /** All nodes that are not there yet join. */
  readonly join?: true;
}

export interface Change {
  /** What must be said of it. */
  readonly expected: Verdict;
  /** Why: a sentence. */
  readonly why: string;
  /** Hits every Service of the cluster, so that no other change can be looked at beside it. */
  readonly isAlone?: true;
  readonly make: (random: () => number, shape: ClusterShape) => { readonly start: Start; readonly edit: Edit };
}

const OFF = "preserve_client_ip.enabled=false";
const CROSS_ZONE = `${PREFIX}attributes`;
const crossZone = (isOn: boolean): string => `load_balancing.cross_zone.enabled=${isOn}`;
/** What somebody in a hurry writes: the controller ignores or refuses all of it. */
const MISSPELLED: readonly Readonly<Record<string, string>>[] = [
  { [ATTRIBUTES]: "preserve_client_ip.enable=false" },
  { [ATTRIBUTES]: "preserve_client_ip=false" },
  { [ATTRIBUTES]: "preserve-client-ip.enabled=false" },
  { [ATTRIBUTES]: "preserve_client_ip.enabled=off" },
  { [ATTRIBUTES]: "preserve_client_ip.enabled:false" },
  { [`${PREFIX}target-group-attribute`]: OFF },
  { [ATTRIBUTES.replace(".beta.", ".alpha.")]: OFF },
];

const zoneNames = ({ topology }: ClusterShape): readonly string[] => topology.zones.map(({ name }) => name);

/** One after the other, all that a user may try. */
export const CHANGES = {
  preservation_off: {
    expected: "fixed",
    why: "Without client IP preservation the answer goes back through the NLB.",
    make: (random, shape) => ({ start: startWith(random, shape, {}), edit: { annotations: { [ATTRIBUTES]: OFF } } }),
  },
  preservation_off_for_port: {
    expected: "fixed",
    why: "The same, said of the only port there is.",
    make: (random, shape) => ({ start: startWith(random, shape, {}), edit: { annotations: { [`${ATTRIBUTES}.80`]: OFF } } }),
  },
  ip_targets: {
    expected: "fixed",
    why: "A new target group of IP addresses begins without preservation.",
    make: (random, shape) => ({
      start: startWith(random, shape, { modes: ["instance", "local"], isExplicit: false }),
      edit: { annotations: { [`${PREFIX}nlb-target-type`]: "ip" } },
    }),
  },
  ip_targets_preserving: {
    expected: "not_fixed",
    why: "The annotation that asks for preservation holds for the new target group as well.",
    make: (random, shape) => ({
      start: startWith(random, shape, { modes: ["instance", "local"], isExplicit: true }),
      edit: { annotations: { [`${PREFIX}nlb-target-type`]: "ip" } },
    }),
  },
  one_port_of_two: {
    expected: "not_fixed",
    why: "The other port hairpins as before.",
    make: (random, shape) => ({
      start: startWith(random, shape, { ports: [80, 9000] }),
      edit: { annotations: { [`${ATTRIBUTES}.80`]: OFF } },
    }),
  },
  wrong_spelling: {
    expected: "not_fixed",
    why: "The controller ignores or refuses it: nothing changes.",
    make: (random, shape) => ({
      start: startWith(random, shape, {}),
      edit: { annotations: pick(MISSPELLED, random) },
    }),
  },
  annotation_removed: {
    expected: "not_fixed",
    why: "An attribute that is no longer named keeps its value, whatever the default is.",
    make: (random, shape) => ({
      start: startWith(random, shape, { modes: ["ip"] }),
      edit: { annotations: { [ATTRIBUTES]: null } },
    }),
  },
  unrelated_annotation: {
    expected: "not_fixed",
    why: "Nothing that matters changes.",
    make: (random, shape) => ({
      start: startWith(random, shape, {}),
      edit: { annotations: { "example.com/ticket": "4711" } },
    }),
  },
  cross_zone_on: {
    expected: "not_fixed",
    why: "It only spreads the hairpins over all addresses.",
    make: (random, shape) => ({
      start: startWith(random, shape, { crossZone: false }),
      edit: { annotations: { [CROSS_ZONE]: crossZone(true) } },
    }),
  },
  cross_zone_off: {
    expected: "not_fixed",
    why: "It only gathers them at the address of each node's own zone.",
    make: (random, shape) => ({
      start: startWith(random, shape, { crossZone: true }),
      edit: { annotations: { [CROSS_ZONE]: crossZone(false) } },
    }),
  },
  other_policy: {
    expected: "not_fixed",
    why: "externalTrafficPolicy decides which nodes hairpin, not whether.",
    make: (random, shape) => {
      const start = startWith(random, shape, { modes: ["instance", "local"] });
      return { start, edit: { policy: start.policy === "Local" ? "Cluster" : "Local" } };
    },
  },
  more_nodes: {
    expected: "not_fixed",
    why: "Each node hairpins less often, and all of them together as often as before.",
    isAlone: true,
    make: (random, shape) => {
      const start = startWith(random, shape, {});
      const backends = random() < 0.5 ? shape.joining.map(({ name }) => name) : [];
      return { start, edit: { join: true, readyOn: [...start.readyOn, ...backends] } };
    },
  },
  firewall_closed: {
    expected: "not_fixed",
    why: "Timeouts stay; they only have another cause now, at one address or all.",
    make: (random, shape) => ({
      start: startWith(random, shape, {}),
      edit: { fault: { kind: "silent_drop", zones: someOf(zoneNames(shape), random) } },
    }),
  },
  fixed_and_closed: {
    expected: "not_fixed",
    why: "Connections get the NLB's address as their source, and a firewall that does not know it drops them all.",
    make: (random, shape) => ({
      start: startWith(random, shape, {}),
      edit: { annotations: { [ATTRIBUTES]: OFF }, fault: { kind: "silent_drop", zones: zoneNames(shape) } },
    }),
  },
  refused: {
    expected: "not_fixed",
    why: "Refused or unreachable takes the timeouts' place.",
    make: (random, shape) => ({
      start: startWith(random, shape, {}),
      edit: {
        fault: { kind: pick(["refuse", "icmp_unreachable"] as const, random), zones: someOf(zoneNames(shape), random) },
      },
    }),
  },
  backends_killed: {
    expected: "not_fixed",
    why: "Some or all backends refuse, and those that are left hairpin.",
    isAlone: true,
    make: (random, shape) => {
      const start = startWith(random, shape, {});
      return { start, edit: { killOn: someOf(start.readyOn, random) } };
    },
  },
  backends_unready: {
    expected: "not_fixed",
    why: "No backend is ready: the nodes refuse instead.",
    make: (random, shape) => ({ start: startWith(random, shape, { modes: ["instance"] }), edit: { readyOn: [] } }),
  },
  targets_unready: {
    expected: "inconclusive",
    why: "Only nodes with a ready backend hairpinned, and there is none any more: their silence would prove nothing.",
    make: (random, shape) => ({ start: startWith(random, shape, { modes: ["local", "ip"] }), edit: { readyOn: [] } }),
  },
  backends_moved: {
    expected: "inconclusive",
    why: "The backends left every node that hairpinned: there is nothing to compare with, and others may hairpin instead.",
    make: (random, shape) => {
      const start = startWith(random, shape, { modes: ["local", "ip"], isPartial: true });
      return { start, edit: { readyOn: shape.present.map(({ name }) => name).filter((name) => !start.readyOn.includes(name)) } };
    },
  },
  new_nlb: {
    expected: "inconclusive",
    why: "The fix came with a new NLB: what the old one did says nothing about it.",
    make: (random, shape) => ({
      start: startWith(random, shape, {}),
      edit: { annotations: { [`${PREFIX}name`]: "another", [ATTRIBUTES]: OFF } },
    }),
  },
  nothing_to_fix: {
    expected: "inconclusive",
    why: "It did not hairpin before.",
    make: (random, shape) => ({
      start: startWith(random, shape, { modes: ["instance", "ip"], preserves: false }),
      edit: { annotations: { [ATTRIBUTES]: OFF } },
    }),
  },
} as const satisfies Readonly<Record<string, Change>>;

export type ChangeName = keyof typeof CHANGES;
export const CHANGE_NAMES = Object.keys(CHANGES) as readonly ChangeName[];
