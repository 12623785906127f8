import { OPTIONAL_RESOURCES, type OptionalResourceName, type ResourceState } from "../domain/resources.ts";
import { GroupVersions } from "./api/group-versions.ts";
import { Reflector, type ReflectorSurroundings } from "./api/reflector.ts";
import type { ReflectorTiming } from "./api/reflector-timing.ts";
import { parseLoadBalancerConfiguration, parseTargetGroupConfiguration } from "./objects/gateway-config-objects.ts";
import { parseGateway, parseGatewayClass, routeParser } from "./objects/gateway-objects.ts";
import { parseBinding } from "./objects/target-group-binding.ts";

interface OptionalResource<T> {
  readonly group: string;
  readonly plural: string;
  /** Those that are alike in what is read, the best first. */
  readonly versions: readonly string[];
  readonly parse: (object: unknown) => T;
}

const resource = <T>(
  group: string,
  plural: string,
  versions: readonly string[],
  parse: (object: unknown) => T,
): OptionalResource<T> => ({ group, plural, versions, parse });

const GATEWAY_API = "gateway.networking.k8s.io";
const ROUTE_VERSIONS = ["v1", "v1beta1", "v1alpha3", "v1alpha2"];
const AWS_GATEWAY = "gateway.k8s.aws";

/** How each optional resource is found and read. */
export const OPTIONAL_KINDS = {
  gatewayclasses: resource(GATEWAY_API, "gatewayclasses", ["v1", "v1beta1"], parseGatewayClass),
  gateways: resource(GATEWAY_API, "gateways", ["v1", "v1beta1"], parseGateway),
  tcproutes: resource(GATEWAY_API, "tcproutes", ROUTE_VERSIONS, routeParser("TCPRoute")),
  tlsroutes: resource(GATEWAY_API, "tlsroutes", ROUTE_VERSIONS, routeParser("TLSRoute")),
  udproutes: resource(GATEWAY_API, "udproutes", ROUTE_VERSIONS, routeParser("UDPRoute")),
  loadbalancerconfigurations: resource(
    AWS_GATEWAY,
    "loadbalancerconfigurations",
    ["v1", "v1beta1"],
    parseLoadBalancerConfiguration,
  ),
  targetgroupconfigurations: resource(AWS_GATEWAY, "targetgroupconfigurations", ["v1", "v1beta1"], parseTargetGroupConfiguration),
  "targetgroupbindings.elbv2.k8s.aws": resource("elbv2.k8s.aws", "targetgroupbindings", ["v1", "v1beta1"], parseBinding),
  "targetgroupbindings.eks.amazonaws.com": resource("eks.amazonaws.com", "targetgroupbindings", ["v1", "v1beta1"], parseBinding),
} as const satisfies Readonly<Record<OptionalResourceName, OptionalResource<unknown>>>;

/** The objects of each optional resource by `namespace/name`; those without a namespace by `/name`. */
export type OptionalObjects = {
  readonly [Name in OptionalResourceName]: ReadonlyMap<string, ReturnType<(typeof OPTIONAL_KINDS)[Name]["parse"]>>;
};

export interface OptionalResourcesTiming extends ReflectorTiming {
  /** How long a first snapshot waits for resources that a cluster need not have. */
  readonly patienceMs: number;
}

export interface OptionalResourcesOptions extends ReflectorSurroundings {
  readonly timing: Partial<OptionalResourcesTiming>;
  readonly onChange: () => void;
  readonly onError: (resource: OptionalResourceName, error: Error) => void;
  /** Told once, until it changes; `message` says why a resource is not to be had. */
  readonly onState: (resource: OptionalResourceName, state: ResourceState, message: string) => void;
  /** A callback threw: a fault of the program. */
  readonly onFault: (error: unknown) => void;
}

const NONE: ReadonlyMap<string, unknown> = new Map();
const PATIENCE_MS = 10_000;

/**
 * Watches what some clusters do not have: the Gateway API, the AWS controllers' own objects.
 *
 * Each has a reflector of its own, and which version of it the server has is asked before each list.
 */
export class OptionalResources {
  readonly #options: OptionalResourcesOptions;
  readonly #objects = new Map<OptionalResourceName, ReadonlyMap<string, unknown>>();
  readonly #states = new Map<OptionalResourceName, ResourceState>();
  readonly #running: Promise<void>;
  #patienceEnded = false;

  constructor(options: OptionalResourcesOptions) {
    this.#options = options;
    const { api, clock, signal, timing, onFault } = options;
    const versions = new GroupVersions(api, clock);
    const reflectors = OPTIONAL_RESOURCES.map((name) => this.#start(name, OPTIONAL_KINDS[name], versions));
    const cancel = clock.after(timing.patienceMs ?? PATIENCE_MS, () => {
      this.#patienceEnded = true;
      options.onChange();
    });
    signal.addEventListener("abort", cancel, { once: true });
    this.#running = Promise.all(reflectors.map(({ done }) => done.catch(onFault))).then(() => {});
  }

  /** Whether a first snapshot need not wait any longer: each has been listed, or is known not to be had. */
  get isSettled(): boolean {
    return this.#patienceEnded || this.#states.size === OPTIONAL_RESOURCES.length;
  }

  objects(): OptionalObjects {
    const entries = OPTIONAL_RESOURCES.map((name) => [name, this.#objects.get(name) ?? NONE] as const);
    // Each map was filled by the parser that the table has under the same name.
    return Object.fromEntries(entries) as unknown as OptionalObjects;
  }

  /** Whether what a resource says is not known: it may not be read, or has not been yet. One that is missing says nothing. */
  isUnread(name: OptionalResourceName): boolean {
    const state = this.#states.get(name);
    return state === undefined || state === "forbidden";
  }

  /** Ends when the signal is aborted and every reflector has ended. */
  ended(): Promise<void> {
    return this.#running;
  }

  #start(name: OptionalResourceName, kind: OptionalResource<object>, versions: GroupVersions): Reflector<object> {
    const { api, clock, random, signal, timing, onChange, onError, onState } = this.#options;
    const { group, plural, parse } = kind;
    return new Reflector<object>({
      api,
      clock,
      random,
      signal,
      timing,
      parse,
      resource: async (until) => {
        const version = await versions.find(group, plural, kind.versions, until);
        return version === undefined ? undefined : { path: `/apis/${group}/${version}/${plural}`, query: {} };
      },
      onChange: (objects) => {
        this.#objects.set(name, objects);
        onChange();
      },
      onError: (error) => onError(name, error),
      onState: (state, message) => {
        this.#states.set(name, state);
        onState(name, state, message);
      },
    });
  }
}
