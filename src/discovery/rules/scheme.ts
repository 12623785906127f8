import { type ControllerContext, lbcHas, SCHEMES, type Scheme } from "../../domain/controller-context.ts";
import type { Controller } from "../../domain/service.ts";
import { type Switch, UNKNOWN_SWITCH } from "../../domain/target-group.ts";
import { AWS_ANNOTATIONS, parseGoBool } from "../objects/annotations.ts";
import { shown } from "../problems.ts";
import type { Findings } from "./findings.ts";

const RESOLVE = "Resolve its name: an internal NLB has private addresses only.";

const explicit = (enabled: boolean): Switch => ({ enabled, origin: "explicit" });
const byDefault = (enabled: boolean): Switch => ({ enabled, origin: "default" });

/**
 * Whether the load balancer is internal, as its controller reads the annotations.
 *
 * @param existing - Scheme of the load balancer that is there already, where that is known: the AWS Load Balancer Controller
 * keeps it as long as no annotation says otherwise.
 * @see aws-load-balancer-controller, pkg/service/model_build_load_balancer.go (buildLoadBalancerScheme); cloud-provider-aws,
 * pkg/providers/v1/aws.go (EnsureLoadBalancer).
 */
export function internalOf(
  controller: Controller,
  annotations: ReadonlyMap<string, string>,
  context: ControllerContext,
  existing: Scheme | undefined,
  findings: Findings,
): Switch {
  const scheme = annotations.get(AWS_ANNOTATIONS.scheme);
  const legacy = annotations.get(AWS_ANNOTATIONS.internal);
  switch (controller) {
    case "lbc": {
      const knowsScheme = lbcHas(context, "schemeAndExternal");
      if (knowsScheme && scheme !== undefined) return fromScheme(scheme, findings);
      if (legacy !== undefined) return fromLegacy(legacy, findings);
      if (existing !== undefined) return { enabled: existing === "internal", origin: "unknown" };
      if (!knowsScheme) return byDefault(false);
      return byDefault(!lbcHas(context, "defaultScheme") || context.lbcScheme === "internal");
    }
    case "eks-auto":
      return scheme === undefined ? byDefault(true) : fromScheme(scheme, findings);
    case "ccm":
      // Any other text means yes: "0.0.0.0/0" was once the documented value, and "False" is no exception.
      return legacy === undefined || legacy === "" ? byDefault(false) : explicit(legacy !== "false");
    case "unknown":
      findings.doubt(`Whether the NLB is internal is not known: its controller is not. ${RESOLVE}`);
      return UNKNOWN_SWITCH;
    case "static":
    case "other":
    case "none":
      return UNKNOWN_SWITCH;
  }
}

function fromScheme(scheme: string, findings: Findings): Switch {
  const known = SCHEMES.find((candidate) => candidate === scheme);
  if (known !== undefined) return explicit(known === "internal");
  findings.refuse(`${AWS_ANNOTATIONS.scheme}: got ${shown(scheme)}, expected ${SCHEMES.join(" or ")}.`);
  findings.doubt(`Whether the NLB is internal is not known: the annotation is refused. ${RESOLVE}`);
  return UNKNOWN_SWITCH;
}

function fromLegacy(legacy: string, findings: Findings): Switch {
  const enabled = parseGoBool(legacy);
  if (enabled !== undefined) return explicit(enabled);
  findings.refuse(`${AWS_ANNOTATIONS.internal}: got ${shown(legacy)}, expected true or false.`);
  findings.doubt(`Whether the NLB is internal is not known: the annotation is refused. ${RESOLVE}`);
  return UNKNOWN_SWITCH;
}
