/** The sentences that fixes are told in. */
import { type ControllerContext, ccmHonoursAttributes } from "../../domain/controller-context.ts";
import type { AnnotationChange, Fix } from "../../domain/fix.ts";
import type { Refusal } from "../../domain/load-balancer.ts";

export const COSTS = [
  "Backends no longer see their clients' addresses, but the NLB's: access logs, allow-lists and NetworkPolicies that go by them change." +
    " (Instance targets with externalTrafficPolicy Cluster never saw them.)",
  "At most 55,000 connections a minute from each address of the NLB to each target.",
  "New connections only: those that are open stay as they are.",
] as const;
export const IP_TARGETS =
  "Targets of type ip, where preservation is off by default: a new target group, empty until the pods pass its health checks.";
export const IN_CLUSTER = "Calls from inside the cluster past the NLB, by the Service's own name (SERVICE.NAMESPACE.svc).";
export const PLACEMENT = "Callers on nodes that are no targets: a node selector for the NLB, or node affinity for the callers.";

export const NEEDS_CONTROLLER =
  "The AWS Load Balancer Controller is to run before: where it does not, nobody makes an NLB of the new Service.";

/** @param isSchemeAssumed - No annotation says whether the new NLB is to be internal. */
export const costsOfAnew = (isSchemeAssumed: boolean): readonly string[] => [
  "Making a Service anew deletes its NLB: until the new one serves, which takes minutes, nothing answers, and its name is another one.",
  ...(isSchemeAssumed
    ? ["Nothing says whether the new NLB is to be internal: it becomes what the controller makes by default."]
    : []),
  ...COSTS.slice(0, 2),
];

/** What the cloud provider's own Service can have instead: its NLB by another controller. */
export const madeAnewInstead = (changes: readonly AnnotationChange[]): string =>
  `Where the AWS Load Balancer Controller runs: the Service made anew with ${changes.map(({ key, value }) => `${key}=${value}`).join(", ")}. ` +
  "It deletes the NLB and makes one of another name.";

/** Nothing that is set reaches the NLB while anything else is refused. */
export function mendFirst(refusals: readonly Refusal[]): Pick<Fix, "summary" | "caveats"> {
  const by = refusals.some((refusal) => refusal.by === "controller") ? "its controller" : "AWS";
  return {
    summary: `Mend first what ${by} refuses: until then nothing that is set reaches the NLB. Then run the audit again.`,
    caveats: refusals.map(({ detail }) => detail),
  };
}

export function ccmCaveats(context: ControllerContext): readonly string[] {
  if (ccmHonoursAttributes(context) === true) return [];
  return ["The cloud provider honours it since 1.32.6, 1.33.3 and 1.34.2 (and in 1.34.0, not in 1.34.1), and ignores it before."];
}
