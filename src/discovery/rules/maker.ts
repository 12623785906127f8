import type { ServiceObject, ServicePort } from "../objects/service-object.ts";
import type { BindingFacts } from "../objects/target-group-binding.ts";
import type { Handler } from "./handler.ts";
import { shapeOf } from "./hostname.ts";

/** Whose load balancer stands behind a Service, from the traces that its maker left. */
export interface Maker {
  readonly controller: "lbc" | "ccm" | "eks-auto";
  /** The same traces are left by EKS Auto Mode, which is made of the same code. */
  readonly orAuto: boolean;
  /** What tells, as the end of "as … says". */
  readonly evidence: string;
}

const AWS_SUFFIX = /-[0-9a-f]{16}$/;
/** The cloud provider's: `a` and the Service's uid without dashes, cut to 32 characters. */
const CCM_NAME = /^a[0-9a-f]{31}$/;

const FINALIZERS: Readonly<Record<string, Maker["controller"]>> = {
  "service.k8s.aws/resources": "lbc",
  "service.eks.amazonaws.com/resources": "eks-auto",
  "service.kubernetes.io/load-balancer-cleanup": "ccm",
};

/**
 * Who made the NLB whose name is in the status: its name tells best, then bindings, then finalizers.
 *
 * The service controller puts its finalizer on whatever Service has no class, so that beside another one it says nothing.
 *
 * @param isBound - Whether a controller made a TargetGroupBinding for the Service's own load balancer.
 * @returns `undefined` where there is no NLB yet, or its traces do not tell: a name of the user's own, no finalizer.
 * @see cloud-provider, DefaultLoadBalancerName; aws-load-balancer-controller, pkg/service/model_build_load_balancer.go
 * (buildLoadBalancerName) and pkg/networking/shared_constants (finalizers).
 */
function makerOf(service: ServiceObject, isBound: boolean): Maker | undefined {
  const hostname = service.hostnames.find((name) => shapeOf(name) === "nlb");
  if (hostname === undefined) return undefined;
  const name = hostname.split(".", 1)[0]?.toLowerCase().replace(AWS_SUFFIX, "") ?? "";
  const named = `its name (${name}…)`;
  const makers = new Set(service.finalizers.map((finalizer) => FINALIZERS[finalizer]).filter((maker) => maker !== undefined));
  const others = [...makers].filter((maker) => maker !== "ccm");
  const only = makers.size === 1 ? [...makers][0] : others.length === 1 ? others[0] : undefined;
  const finalizer = service.finalizers.find((each) => FINALIZERS[each] === only);
  const isAuto = makers.has("eks-auto");
  if (CCM_NAME.test(name)) {
    const isItsOwn = service.uid !== undefined && name === `a${service.uid.replaceAll("-", "")}`.slice(0, 32);
    return { controller: "ccm", orAuto: false, evidence: isItsOwn ? `${named}, made of the Service's uid,` : named };
  }
  if (isControllersName(name, service))
    return { controller: isAuto ? "eks-auto" : "lbc", orAuto: !makers.has("lbc"), evidence: named };
  if (isBound) {
    return { controller: isAuto ? "eks-auto" : "lbc", orAuto: !makers.has("lbc"), evidence: "its TargetGroupBinding" };
  }
  if (only === undefined || (only === "ccm" && others.length > 0)) return undefined;
  return { controller: only, orAuto: false, evidence: `its finalizer ${finalizer}` };
}

/** `k8s-NAMESPACE-NAME-HASH`, of letters and digits alone, each cut to eight. */
function isControllersName(name: string, service: ServiceObject): boolean {
  const part = (text: string): string =>
    text
      .replaceAll(/[^a-z0-9]/gi, "")
      .slice(0, 8)
      .toLowerCase();
  const start = `k8s-${part(service.namespace)}-${part(service.name)}-`;
  return name.startsWith(start) && /^[0-9a-f]{10}$/.test(name.slice(start.length));
}

/** Whether whoever acts on the Service now is whoever made its load balancer. */
const isMadeBy = ({ controller, orAuto }: Maker, current: string): boolean =>
  controller === current || (orAuto && (current === "lbc" || current === "eks-auto"));

/**
 * Who made the load balancer that is there, where that is somebody else than whoever acts on the Service now. A class that is
 * not known may be that of any controller, and cannot have been edited.
 */
export function editedFromOf(
  service: ServiceObject,
  handler: Handler,
  bindingOf: ((port: ServicePort) => BindingFacts | undefined) | undefined,
): Maker | undefined {
  const maker = makerOf(
    service,
    service.ports.some((port) => bindingOf?.(port) !== undefined),
  );
  // What is being deleted is nobody's any more.
  const isSame =
    service.isBeingDeleted ||
    maker === undefined ||
    handler.controller === "other" ||
    (handler.isNlb && isMadeBy(maker, handler.controller));
  return isSame ? undefined : maker;
}
