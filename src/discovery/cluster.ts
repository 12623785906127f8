import type { ControllerContext } from "../domain/controller-context.ts";
import type { OptionalResourceName } from "../domain/resources.ts";
import { serviceKey } from "../domain/service.ts";
import { classifyGateway } from "./gateways/classify-gateway.ts";
import { type DescribedGateway, describeGateways, type GatewayWorld } from "./gateways/gateway.ts";
import type { ServiceObject } from "./objects/service-object.ts";
import { type BindingObject, bindingFactsOf } from "./objects/target-group-binding.ts";
import type { OptionalObjects } from "./optional-resources.ts";
import { type Classification, classifyService, gatewayName, skipped } from "./rules/classify.ts";
import { foreignDetail, foreignOf } from "./rules/foreign-nlb.ts";
import type { ServiceOf } from "./rules/forwarded-groups.ts";
import { asksForLoadBalancer } from "./rules/handler.ts";
import type { Surroundings } from "./rules/load-balancer.ts";

export interface NamespacedName {
  readonly namespace: string;
  readonly name: string;
}

/** Everything in the Kubernetes API that NLBs are made of. */
export interface ClusterObjects extends GatewayWorld {
  /** Of both groups, in any order. */
  readonly bindings: Iterable<BindingObject>;
}

/** @param isUnread - Whether what a resource says is not known, as opposed to that it says nothing. */
export function clusterObjectsOf(
  services: ReadonlyMap<string, ServiceObject>,
  objects: OptionalObjects,
  isUnread: (name: OptionalResourceName) => boolean,
): ClusterObjects {
  return {
    services,
    classes: objects.gatewayclasses,
    gateways: objects.gateways,
    routes: [...objects.tcproutes.values(), ...objects.tlsroutes.values(), ...objects.udproutes.values()],
    configurations: { loadBalancers: objects.loadbalancerconfigurations, targetGroups: objects.targetgroupconfigurations },
    configurationsReadable: !isUnread("loadbalancerconfigurations") && !isUnread("targetgroupconfigurations"),
    bindings: [
      ...objects["targetgroupbindings.elbv2.k8s.aws"].values(),
      ...objects["targetgroupbindings.eks.amazonaws.com"].values(),
    ],
  };
}

/** A Service or a Gateway that has to do with load balancers: who it is, what it is to us, which pods stand behind it. */
export interface Classified extends NamespacedName {
  readonly classification: Classification;
  /** The Services whose pods stand behind each port; `undefined`: the Service itself is behind all of them. */
  readonly behind: ReadonlyMap<number, readonly NamespacedName[]> | undefined;
}

const NO_BINDINGS: readonly BindingObject[] = [];

/**
 * Says of each Service and each Gateway what it is to us.
 *
 * It remembers what it said of a Service for as long as the object, its bindings and the Services that it forwards to are the same
 * ones: in a cluster of 5,000 Services one event costs one Service.
 */
export class ClusterClassifier {
  readonly #context: ControllerContext;
  readonly #defaultPath: string;
  readonly #remembered = new WeakMap<
    ServiceObject,
    {
      readonly bindings: readonly BindingObject[];
      /** Other Services that it was asked about, and what was there. */
      readonly others: ReadonlyMap<string, ServiceObject | undefined>;
      readonly classified: Classified | undefined;
    }
  >();

  /** @param defaultPath - Path of HTTP requests where nothing names one. */
  constructor(context: ControllerContext, defaultPath: string) {
    this.#context = context;
    this.#defaultPath = defaultPath;
  }

  classify(objects: ClusterObjects): readonly Classified[] {
    const bindings = bindingsByService(objects.bindings);
    const found: Classified[] = [];
    for (const service of objects.services.values()) {
      const classified = this.#service(service, bindings.get(serviceKey(service)) ?? NO_BINDINGS, objects.services);
      if (classified !== undefined) found.push(classified);
    }
    for (const described of describeGateways(objects, this.#context)) found.push(this.#gateway(described));
    return found;
  }

  #service(
    service: ServiceObject,
    bindings: readonly BindingObject[],
    services: ReadonlyMap<string, ServiceObject>,
  ): Classified | undefined {
    const known = this.#remembered.get(service);
    const isUnchanged = ([key, other]: readonly [string, ServiceObject | undefined]): boolean => services.get(key) === other;
    if (known !== undefined && areSame(known.bindings, bindings) && [...known.others].every(isUnchanged)) return known.classified;
    const { namespace, name } = service;
    const others = new Map<string, ServiceObject | undefined>();
    const serviceOf: ServiceOf = (other) => {
      const key = serviceKey(other);
      others.set(key, services.get(key));
      return others.get(key);
    };
    const surroundings: Surroundings = { context: this.#context, bindingOf: bindingFactsOf(bindings), serviceOf };
    const own = asksForLoadBalancer(service) ? classifyService(service, surroundings, this.#defaultPath) : undefined;
    const hasNone = own === undefined || (own.kind === "skipped" && own.reason === "not_nlb");
    const [foreign] = hasNone ? foreignOf(bindings) : [];
    const classification = foreign === undefined ? own : skipped("foreign_nlb", foreignDetail(foreign));
    const classified = classification === undefined ? undefined : { namespace, name, classification, behind: undefined };
    this.#remembered.set(service, { bindings, others, classified });
    return classified;
  }

  #gateway(described: DescribedGateway): Classified {
    const { gateway, behind } = described;
    const classification = classifyGateway(described, this.#defaultPath);
    return { namespace: gateway.namespace, name: gatewayName(gateway.name), classification, behind };
  }
}

export function bindingsByService(bindings: Iterable<BindingObject>): ReadonlyMap<string, readonly BindingObject[]> {
  const groups = new Map<string, BindingObject[]>();
  for (const binding of bindings) {
    const key = serviceKey({ namespace: binding.namespace, name: binding.serviceName });
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [binding]);
    else group.push(binding);
  }
  return groups;
}

const areSame = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);
