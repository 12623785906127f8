/** Objects as a cluster has them, with what their controllers and the API server add: for their size alone. */

const OWNER = {
  apiVersion: "v1",
  kind: "Service",
  name: "service-123",
  uid: "0b6c6b6e-7a0e-4c26-9f63-2f7c0a5c8f11",
  controller: true,
  blockOwnerDeletion: true,
};
const METADATA = {
  namespace: "team-12",
  uid: "0b6c6b6e-7a0e-4c26-9f63-2f7c0a5c8f11",
  resourceVersion: "123456789",
  generation: 12,
  creationTimestamp: "2026-11-25T10:00:00Z",
};

/** Of one EndpointSlice with so many endpoints, as a watch sends it. */
export const bytesOfSlice = (endpoints: number): number =>
  bytes({
    type: "MODIFIED",
    object: {
      kind: "EndpointSlice",
      apiVersion: "discovery.k8s.io/v1",
      metadata: {
        ...METADATA,
        name: "service-123-abcde",
        generateName: "service-123-",
        labels: {
          "app.kubernetes.io/name": "service-123",
          "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
          "kubernetes.io/service-name": "service-123",
        },
        annotations: { "endpoints.kubernetes.io/last-change-trigger-time": "2026-11-25T10:00:00Z" },
        ownerReferences: [OWNER],
        managedFields: [
          {
            manager: "kube-controller-manager",
            operation: "Update",
            apiVersion: "discovery.k8s.io/v1",
            time: "2026-11-25T10:00:00Z",
            fieldsType: "FieldsV1",
            fieldsV1: { "f:addressType": {}, "f:endpoints": {}, "f:metadata": {}, "f:ports": {} },
          },
        ],
      },
      addressType: "IPv4",
      endpoints: Array.from({ length: endpoints }, (_, i) => ({
        addresses: [`10.12.34.${i}`],
        conditions: { ready: true, serving: true, terminating: false },
        targetRef: { kind: "Pod", namespace: "team-12", name: `service-123-6d5f7c9b8d-${1000 + i}`, uid: METADATA.uid },
        nodeName: "ip-10-12-34-56.eu-west-1.compute.internal",
        zone: "eu-west-1a",
      })),
      ports: [{ name: "http", port: 8080, protocol: "TCP" }],
    },
  });

/** Of a list of so many LoadBalancer Services. */
export const bytesOfServices = (count: number): number =>
  count *
  bytes({
    metadata: {
      ...METADATA,
      name: "service-123",
      annotations: {
        "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
        "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "instance",
        "kubectl.kubernetes.io/last-applied-configuration": "x".repeat(900),
      },
      finalizers: ["service.k8s.aws/resources"],
      managedFields: Array.from({ length: 2 }, () => "x".repeat(700)),
    },
    spec: {
      clusterIP: "172.20.123.45",
      clusterIPs: ["172.20.123.45"],
      type: "LoadBalancer",
      loadBalancerClass: "service.k8s.aws/nlb",
      ports: [{ name: "http", protocol: "TCP", port: 80, targetPort: 8080, nodePort: 31234 }],
      selector: { app: "service-123" },
    },
    status: {
      loadBalancer: { ingress: [{ hostname: "k8s-team12-service1-0123456789-0123456789abcdef.elb.eu-west-1.amazonaws.com" }] },
    },
  });

const bytes = (object: object): number => Buffer.byteLength(JSON.stringify(object)) + 1;
