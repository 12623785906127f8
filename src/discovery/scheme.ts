import type { Controller } from "../domain/service.ts";
import { AWS_ANNOTATIONS, parseGoBool } from "./annotations.ts";

/**
 * Whether the NLB is internal, as its controller reads the annotations.
 *
 * @returns `undefined` when they do not tell: the controller is not known, or it refuses the value and leaves the NLB as it is.
 * Then only its addresses can.
 * @see aws-load-balancer-controller, pkg/service/model_build_load_balancer.go (buildLoadBalancerScheme); cloud-provider-aws,
 * pkg/providers/v1/aws.go (EnsureLoadBalancer).
 */
export function isInternal(controller: Controller, annotations: ReadonlyMap<string, string>): boolean | undefined {
  const scheme = annotations.get(AWS_ANNOTATIONS.scheme);
  const legacy = annotations.get(AWS_ANNOTATIONS.internal);
  switch (controller) {
    case "lbc":
      if (scheme !== undefined) return fromScheme(scheme);
      // Internal is the default of the controller since 2.2.0, unless it was started with another.
      return legacy === undefined ? true : parseGoBool(legacy);
    case "eks-auto":
      return scheme === undefined ? true : fromScheme(scheme);
    case "ccm":
      // Any other text means yes: "0.0.0.0/0" was once the documented value, and "False" is no exception.
      return legacy !== undefined && legacy !== "" && legacy !== "false";
    case "static":
    case "unknown":
      return undefined;
  }
}

function fromScheme(scheme: string): boolean | undefined {
  if (scheme === "internal") return true;
  return scheme === "internet-facing" ? false : undefined;
}
