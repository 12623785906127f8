import assert from "node:assert/strict";
import { type EndpointSliceObject, sliceParser } from "../../../src/discovery/objects/slice-object.ts";

/** Kubernetes objects as the API server sends them, with what matters to a test on top. */
export const NLB_HOSTNAME = "k8s-shop-web-0123456789-0123456789abcdef.elb.eu-west-1.amazonaws.com";

/** As the cloud provider names its own: after the Service's uid. */
export const CCM_HOSTNAME = "a0123456789abcdef0123456789abcde-0123456789abcdef.elb.eu-west-1.amazonaws.com";

export const LBC_CLASS = "service.k8s.aws/nlb";
const AWS = "service.beta.kubernetes.io/aws-load-balancer-";

export interface GivenService {
  readonly namespace?: string;
  readonly name?: string;
  /** Names without the AWS prefix get it: `scheme`, `type`, `nlb-target-type`. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly ports?: readonly unknown[];
  readonly hostname?: string | null;
  readonly uid?: string;
  readonly finalizers?: readonly string[];
}

export const TCP_80 = { name: "http", port: 80, protocol: "TCP", nodePort: 30_080 };

export function service(given: GivenService = {}) {
  const annotations = Object.fromEntries(
    Object.entries(given.annotations ?? {}).map(([key, value]) => [key.includes("/") ? key : AWS + key, value]),
  );
  const isCcm = given.annotations?.type === "nlb" && given.spec?.loadBalancerClass === undefined;
  const hostname = given.hostname === undefined ? (isCcm ? CCM_HOSTNAME : NLB_HOSTNAME) : given.hostname;
  const { uid, finalizers } = given;
  return {
    metadata: {
      namespace: given.namespace ?? "shop",
      name: given.name ?? "web",
      annotations,
      ...(uid === undefined ? {} : { uid }),
      ...(finalizers === undefined ? {} : { finalizers }),
    },
    spec: { type: "LoadBalancer", externalTrafficPolicy: "Cluster", ports: given.ports ?? [TCP_80], ...given.spec },
    status: { loadBalancer: hostname === null ? {} : { ingress: [{ hostname }] } },
  };
}

/** A Service of the AWS Load Balancer Controller by class: what most clusters have. */
export const lbcService = (given: GivenService = {}) =>
  service({ ...given, spec: { loadBalancerClass: LBC_CLASS, ...given.spec } });

export interface GivenEndpoint {
  readonly address: string;
  readonly pod?: string;
  readonly node?: string;
  readonly zone?: string;
  readonly conditions?: unknown;
}

export function slice(
  serviceName: string,
  endpoints: readonly GivenEndpoint[],
  given: { namespace?: string; name?: string } = {},
) {
  return {
    metadata: {
      namespace: given.namespace ?? "shop",
      name: given.name ?? `${serviceName}-1`,
      labels: { "kubernetes.io/service-name": serviceName },
    },
    addressType: "IPv4",
    endpoints: endpoints.map(({ address, pod, node, zone, conditions }) => ({
      addresses: [address],
      conditions: conditions ?? { ready: true, serving: true, terminating: false },
      nodeName: node,
      zone,
      targetRef: pod === undefined ? undefined : { kind: "Pod", namespace: given.namespace ?? "shop", name: pod },
    })),
  };
}

/** What makes an NLB of EKS Auto Mode, and an internal one of the cloud provider. */
export const AUTO = { spec: { loadBalancerClass: "eks.amazonaws.com/nlb" } };
export const CCM = { type: "nlb", internal: "true" };

/** Target group attributes: the canonical fix, and its opposite. */
export const PRESERVE_OFF = "preserve_client_ip.enabled=false";
export const PRESERVE_ON = "preserve_client_ip.enabled=true";

export function parseEndpointSlice(object: unknown): EndpointSliceObject {
  const parsed = sliceParser()(object);
  assert.ok(parsed);
  return parsed;
}
