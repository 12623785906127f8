import type { Environment } from "../lab/environments/environment.ts";
import type { Fault } from "../lab/network.ts";
import type { Cause } from "../src/domain/diagnosis.ts";

/** What is really wrong with a frontend, as seen from an agent; where that cannot be seen, all that is honest to say. */
export type Truth = (frontend: { readonly isOwnZone: boolean; readonly address: string }) => Cause | readonly Cause[];

/** A fault as it is made, and what must be said of it. */
export interface MadeFault {
  /** Client IP preservation: where it is on, each node's own zone hairpins. */
  readonly preserves: boolean;
  /** Targets are addresses of pods. */
  readonly hasIpTargets?: boolean;
  /** What is unlike the lab's own network. */
  readonly environment?: Environment;
  readonly faults: readonly Fault[];
  readonly backendsDown: boolean;
  readonly starved: boolean;
  readonly truth: Truth;
}

export interface Zone {
  readonly name: string;
  readonly address: string;
}

export type Make = (random: () => number, zones: readonly Zone[]) => MadeFault;

export const NOTHING: Omit<MadeFault, "truth"> = { preserves: false, faults: [], backendsDown: false, starved: false };
export const pick = (zones: readonly Zone[], random: () => number): string =>
  zones[Math.floor(random() * zones.length)]?.address ?? "";

/** A fault of one address, in half of all runs beside hairpins: what it hits does not hairpin any more. */
const atAddress =
  (kind: Exclude<Fault["kind"], "syn_loss">, cause: Cause): Make =>
  (random, zones) => {
    const [struck, preserves] = [pick(zones, random), random() < 0.5];
    return {
      ...NOTHING,
      preserves,
      faults: [{ kind, address: struck }],
      truth: ({ isOwnZone, address }) => (address === struck ? cause : isOwnZone && preserves ? "hairpin" : "healthy"),
    };
  };

export const FAULTS = {
  none: () => ({ ...NOTHING, truth: () => "healthy" }),
  hairpin: () => ({ ...NOTHING, preserves: true, truth: ({ isOwnZone }) => (isOwnZone ? "hairpin" : "healthy") }),
  silent_drop: atAddress("silent_drop", "blackhole"),
  icmp_unreachable: atAddress("icmp_unreachable", "unreachable"),
  refuse: atAddress("refuse", "refused"),
  syn_loss: (random) => ({
    ...NOTHING,
    faults: [{ kind: "syn_loss", share: 0.2 + 0.2 * random() }],
    truth: () => "packet_loss",
  }),
  backends_down: () => ({ ...NOTHING, backendsDown: true, truth: () => "backend_down" }),
  starved_agent: (random) => ({ ...NOTHING, preserves: random() < 0.5, starved: true, truth: () => "prober_starved" }),
} as const satisfies Readonly<Record<string, Make>>;
