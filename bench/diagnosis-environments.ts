import type { Environment } from "../lab/environments/environment.ts";
import type { Cause } from "../src/domain/diagnosis.ts";
import { type MadeFault, type Make, NOTHING, pick, type Truth } from "./diagnosis-faults.ts";

/** What is said of a node's own zone, where connections hairpin; the others are well. */
const ownZone =
  (...said: readonly Cause[]): Truth =>
  ({ isOwnZone }) =>
    isOwnZone ? said : "healthy";

const hairpinsIn = (environment: Environment, truth: Truth, given: Partial<MadeFault> = {}): MadeFault => ({
  ...NOTHING,
  preserves: true,
  environment,
  truth,
  ...given,
});

/**
 * Environments that hide hairpins, or that do not hairpin where others would (docs/blind-spots.md). What a connection of a node's own zone
 * meets is the same in each, a target on the node itself; right is its name where it can be seen, and else what is honest. Nowhere
 * may a hairpin be invented, or one be called healthy.
 */
export const ENVIRONMENTS = {
  mesh: () => hairpinsIn({ kind: "mesh" }, () => "undecided"),
  invalid_drop: () => hairpinsIn({ kind: "invalid_drop" }, ownZone("undecided")),
  strict_rp_filter: () => hairpinsIn({ kind: "strict_rp_filter" }, ownZone("blackhole", "undecided")),
  policy_of_manifests: () => hairpinsIn({ kind: "policy", letsStrayAnswersIn: true }, ownZone("hairpin"), { hasIpTargets: true }),
  policy_that_isolates: () =>
    hairpinsIn({ kind: "policy", letsStrayAnswersIn: false }, ownZone("blackhole", "undecided"), { hasIpTargets: true }),
  policy_with_node_targets: () => hairpinsIn({ kind: "policy", letsStrayAnswersIn: false }, ownZone("hairpin")),
  branch_eni: () => hairpinsIn({ kind: "branch_eni" }, () => "healthy"),
  secondary_eni: () => hairpinsIn({ kind: "secondary_eni" }, ownZone("hairpin")),
  rtt: (random) => hairpinsIn({ kind: "rtt", ms: Math.round(300 * random()) }, ownZone("hairpin", "undecided")),
  scanner: (random, zones) => {
    const [struck, preserves] = [pick(zones, random), random() < 0.5];
    const perSecond = 20 + Math.round(180 * random());
    return hairpinsIn(
      { kind: "scanner", perSecond },
      ({ isOwnZone, address }) => {
        if (address === struck) return ["blackhole", "undecided"];
        return isOwnZone && preserves ? ["hairpin", "undecided", "blackhole"] : "healthy";
      },
      { preserves, faults: [{ kind: "silent_drop", address: struck }] },
    );
  },
} as const satisfies Readonly<Record<string, Make>>;
