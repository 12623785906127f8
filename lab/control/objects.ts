/** Kubernetes objects as the lab's control plane needs them: the fields it reads or writes, everything else kept as it came. */

export interface Meta {
  readonly name: string;
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly uid?: string;
  readonly creationTimestamp?: string;
  readonly resourceVersion?: string;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Meta;
}

export interface Service extends KubeObject {
  readonly spec: {
    readonly type: string;
    readonly loadBalancerClass?: string;
    readonly clusterIP: string;
    readonly externalTrafficPolicy?: "Cluster" | "Local";
    readonly ports: readonly {
      readonly name: string;
      readonly port: number;
      readonly targetPort: number;
      readonly nodePort?: number;
      readonly protocol: string;
    }[];
  };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly hostname: string }[] } };
}

export interface EndpointSlice extends KubeObject {
  readonly addressType: "IPv4";
  readonly endpoints: readonly {
    readonly addresses: readonly string[];
    readonly conditions: { readonly ready: boolean; readonly serving: boolean; readonly terminating: boolean };
    readonly nodeName: string;
    readonly zone: string;
    readonly targetRef: { readonly kind: "Pod"; readonly namespace: string; readonly name: string };
  }[];
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: string }[];
}

export const SERVICE_NAME_LABEL = "kubernetes.io/service-name";
