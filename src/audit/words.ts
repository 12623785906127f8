/** The few words that each setting is shown with, the same in every output. */
import { portsInForce } from "../domain/load-balancer.ts";
import { percent } from "../domain/percent.ts";
import type { Controller } from "../domain/service.ts";
import type { Switch } from "../domain/target-group.ts";
import type { Finding } from "./finding.ts";

export const HANDLERS: Readonly<Record<Controller, string>> = {
  lbc: "AWS Load Balancer Controller",
  ccm: "AWS cloud provider",
  "eks-auto": "EKS Auto Mode",
  static: "frontends file",
  other: "another controller",
  none: "nobody",
  unknown: "unknown",
};

/** `NLB internal`, `NLB public`, `NLB ?`, `no NLB`. */
export function balancerText({ loadBalancer: { isNlb, internal } }: Finding): string {
  if (!isNlb) return "no NLB";
  return internal.enabled === undefined ? "NLB ?" : `NLB ${internal.enabled ? "internal" : "public"}`;
}

/** `instance`, `ip`, `mixed`, `?`; "-" for what is no NLB. */
export const targetText = ({ loadBalancer }: Finding): string =>
  loadBalancer.isNlb ? common(portsInForce(loadBalancer).map(({ targetGroup }) => targetGroup.targetType ?? "?")) : "-";

/** `on (default)`; where ports differ `mixed`. */
export const preservationText = ({ loadBalancer }: Finding): string =>
  loadBalancer.isNlb
    ? common(portsInForce(loadBalancer).map(({ targetGroup }) => switchText(targetGroup.preserveClientIp)))
    : "-";

export const switchText = ({ enabled, origin }: Switch): string =>
  enabled === undefined ? "?" : `${enabled ? "on" : "off"} (${origin})`;

/** `33 %`, `?`; "-" for what cannot hairpin. */
export function exposureText({ verdict, exposure }: Finding): string {
  if (verdict === "cannot") return "-";
  return exposure === undefined ? "?" : percent(exposure);
}

/** What the other columns do not say: where the exposure is highest, or why nothing is known. */
export function remarkOf({ verdict, reason, exposure, exposedNode, loadBalancer }: Finding): string {
  if (verdict === "can") return exposure !== undefined && exposure > 0 ? `highest on ${exposedNode}` : reason;
  return verdict === "cannot" && loadBalancer.isNlb ? "" : reason;
}

function common(values: readonly string[]): string {
  const [first = "?", ...others] = new Set(values);
  return others.length > 0 ? "mixed" : first;
}
