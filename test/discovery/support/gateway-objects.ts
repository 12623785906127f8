/** Objects of the Gateway API and of the AWS controllers, as the API server sends them. */
import { NLB_GATEWAY_CONTROLLER } from "../../../src/discovery/gateways/gateway.ts";
import { NLB_HOSTNAME } from "./objects.ts";

type Spec = Readonly<Record<string, unknown>>;

export const gatewayClass = (name = "nlb", spec: Spec = {}) => ({
  metadata: { name },
  spec: { controllerName: NLB_GATEWAY_CONTROLLER, ...spec },
});

/** `80`, or `443/TLS`, or a whole listener. */
export type GivenListener = number | string | Spec;

function listener(given: GivenListener): Spec {
  if (typeof given === "object") return given;
  const [port = "", protocol = "TCP"] = String(given).split("/");
  return { name: `${protocol.toLowerCase()}-${port}`, port: Number(port), protocol };
}

export const gateway = (given: {
  readonly name?: string;
  readonly namespace?: string;
  readonly className?: string;
  readonly listeners?: readonly GivenListener[];
  readonly config?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly hostname?: string | null;
  readonly spec?: Spec;
}) => {
  const { hostname = NLB_HOSTNAME, config } = given;
  return {
    metadata: { namespace: given.namespace ?? "shop", name: given.name ?? "edge", annotations: given.annotations ?? {} },
    spec: {
      gatewayClassName: given.className ?? "nlb",
      listeners: (given.listeners ?? [80]).map(listener),
      ...given.spec,
      ...(config === undefined
        ? {}
        : {
            infrastructure: {
              parametersRef: { group: "gateway.k8s.aws", kind: "LoadBalancerConfiguration", name: config },
            },
          }),
    },
    status: { addresses: hostname === null ? [] : [{ type: "Hostname", value: hostname }] },
  };
};

/** `web:80`, `other/web:80`, with a weight after `=`. */
export const route = (given: {
  readonly name?: string;
  readonly namespace?: string;
  readonly parent?: Spec;
  readonly to: readonly string[];
  readonly created?: string;
}) => ({
  metadata: { namespace: given.namespace ?? "shop", name: given.name ?? "route", creationTimestamp: given.created },
  spec: {
    parentRefs: [{ name: "edge", ...given.parent }],
    rules: [
      {
        backendRefs: given.to.map((text) => {
          const [, namespace, name, port, weight] = /^(?:([\w-]+)\/)?([\w-]+):(\d+)(?:=(\d+))?$/.exec(text) ?? [];
          return { namespace, name, port: Number(port), weight: weight === undefined ? undefined : Number(weight) };
        }),
      },
    ],
  },
});

const attributesOf = (attributes: Readonly<Record<string, string>> = {}) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value }));

export const loadBalancerConfiguration = (
  name: string,
  spec: Spec & { readonly attributes?: Readonly<Record<string, string>>; readonly defaults?: string } = {},
  namespace = "shop",
) => {
  const { attributes, defaults, ...others } = spec;
  return {
    metadata: { namespace, name },
    spec: {
      ...others,
      loadBalancerAttributes: attributesOf(attributes),
      ...(defaults === undefined ? {} : { defaultTargetGroupConfiguration: { name: defaults } }),
    },
  };
};

export interface GivenProps extends Spec {
  readonly attributes?: Readonly<Record<string, string>>;
}

const propsOf = ({ attributes, ...others }: GivenProps) => ({ ...others, targetGroupAttributes: attributesOf(attributes) });

export const targetGroupConfiguration = (given: {
  readonly name?: string;
  /** Name of the Service; none for a default. */
  readonly of?: string;
  readonly props?: GivenProps;
  readonly routes?: readonly { readonly route: Spec; readonly props: GivenProps }[];
}) => ({
  metadata: { namespace: "shop", name: given.name ?? given.of ?? "defaults" },
  spec: {
    ...(given.of === undefined ? {} : { targetReference: { kind: "Service", name: given.of } }),
    defaultConfiguration: propsOf(given.props ?? {}),
    routeConfigurations: (given.routes ?? []).map(({ route: routeIdentifier, props }) => ({
      routeIdentifier,
      targetGroupProps: propsOf(props),
    })),
  },
});

/** Made by a controller for the Service itself, unless labels say otherwise. */
export const binding = (given: {
  readonly service?: string;
  readonly name?: string;
  readonly port?: number | string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: Spec;
}) => {
  const service = given.service ?? "web";
  return {
    metadata: {
      namespace: "shop",
      name: given.name ?? `k8s-shop-${service}`,
      labels: given.labels ?? { "service.k8s.aws/stack-namespace": "shop", "service.k8s.aws/stack-name": service },
    },
    spec: { serviceRef: { name: service, port: given.port ?? 80 }, targetGroupARN: "arn:aws:…", ...given.spec },
  };
};
