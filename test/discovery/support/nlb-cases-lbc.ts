import type { NlbCase } from "./nlb-case.ts";
import { lbcService, PRESERVE_OFF, PRESERVE_ON, service } from "./objects.ts";

/** Services that the AWS Load Balancer Controller acts on, or would. */
export const LBC_CASES: readonly NlbCase[] = [
  ["lbc-class-bare", lbcService(), "lbc, internal, instance, 80 on (default), cross-zone off (default): can"],
  [
    "lbc-class-scheme-internet-facing",
    lbcService({ annotations: { scheme: "internet-facing" }, hostname: null }),
    "lbc, internet-facing, instance, 80 on (default), cross-zone off (default): unknown",
  ],
  [
    "lbc-class-scheme-internal",
    lbcService({ annotations: { scheme: "internal" }, hostname: null }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "lbc-class-ip",
    lbcService({ annotations: { "nlb-target-type": "ip" }, hostname: null }),
    "lbc, internal, ip, 80 off (default), cross-zone off (default): cannot",
  ],
  [
    "lbc-class-ip-preserve-true",
    lbcService({ annotations: { "nlb-target-type": "ip", "target-group-attributes": PRESERVE_ON }, hostname: null }),
    "lbc, internal, ip, 80 on (explicit), cross-zone off (default): can",
  ],
  [
    "lbc-class-instance-preserve-false",
    lbcService({ annotations: { "nlb-target-type": "instance", "target-group-attributes": PRESERVE_OFF }, hostname: null }),
    "lbc, internal, instance, 80 off (explicit), cross-zone off (default): cannot",
  ],
  [
    "lbc-class-preserve-not-a-bool",
    lbcService({ annotations: { "target-group-attributes": "preserve_client_ip.enabled=no" }, hostname: null }),
    "lbc, internal, instance, 80 unknown, cross-zone off (default): unknown, refused",
  ],
  [
    "lbc-class-attr-malformed",
    lbcService({ annotations: { "target-group-attributes": "preserve_client_ip.enabled" }, hostname: null }),
    "lbc, internal, instance, 80 unknown, cross-zone off (default): unknown, refused",
  ],
  [
    "lbc-class-port-override-reenables",
    lbcService({
      annotations: { "target-group-attributes": PRESERVE_OFF, "target-group-attributes.443": PRESERVE_ON },
      ports: [
        { name: "http", port: 80, protocol: "TCP", nodePort: 30080 },
        { name: "https", port: 443, protocol: "TCP", nodePort: 30443 },
      ],
      hostname: null,
    }),
    "lbc, internal, instance, 80 off (explicit), 443 on (explicit), cross-zone off (default): can",
    { lbcVersion: ["2.14.0", "3.5.0"] },
  ],
  [
    "lbc-class-internal-legacy-true",
    lbcService({ annotations: { internal: "true" }, hostname: null }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "lbc-class-internal-legacy-false",
    lbcService({ annotations: { internal: "false" }, hostname: null }),
    "lbc, internet-facing, instance, 80 on (default), cross-zone off (default): unknown",
  ],
  [
    "lbc-class-scheme-beats-internal",
    lbcService({ annotations: { scheme: "internal", internal: "false" }, hostname: null }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "lbc-class-internal-legacy-cidr",
    lbcService({ annotations: { internal: "0.0.0.0/0" }, hostname: null }),
    "lbc, scheme unknown, instance, 80 on (default), cross-zone off (default): unknown, refused",
  ],
  [
    "lbc-class-internal-legacy-empty",
    lbcService({ annotations: { internal: "" }, hostname: null }),
    "lbc, scheme unknown, instance, 80 on (default), cross-zone off (default): unknown, refused",
  ],
  [
    "lbc-class-with-type-nlb",
    lbcService({ annotations: { type: "nlb" }, hostname: null }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "lbc-class-with-type-nlb-ip",
    lbcService({ annotations: { type: "nlb-ip" }, hostname: null }),
    "lbc, internal, ip, 80 off (default), cross-zone off (default): cannot",
  ],
  [
    "lbc-class-target-type-unknown-value",
    lbcService({ annotations: { "nlb-target-type": "pod" }, hostname: null }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "lbc-class-udp-ip",
    lbcService({
      annotations: { "nlb-target-type": "ip" },
      ports: [{ name: "dns", port: 53, protocol: "UDP", nodePort: 30053 }],
      hostname: null,
    }),
    "lbc, internal, ip, 53 on (forced), cross-zone off (default): can",
  ],
  [
    "lbc-class-udp-preserve-false",
    lbcService({
      annotations: { "target-group-attributes": PRESERVE_OFF },
      ports: [{ name: "dns", port: 53, protocol: "UDP", nodePort: 30053 }],
      hostname: null,
    }),
    "lbc, internal, instance, 53 on (forced), cross-zone off (default): can, refused",
  ],
  [
    "lbc-class-quic-ports",
    lbcService({
      annotations: { "quic-enabled-ports": "443", "nlb-target-type": "ip" },
      ports: [{ name: "h3", port: 443, protocol: "UDP", nodePort: 30443 }],
      hostname: null,
    }),
    "lbc, internal, ip, 443 on (forced), cross-zone off (default): can",
    { lbcVersion: ["2.15.0", "3.5.0"] },
  ],
  [
    "lbc-class-tls-listener-instance",
    lbcService({
      annotations: { "ssl-cert": "arn:aws:acm:eu-west-1:111122223333:certificate/example", "ssl-ports": "https" },
      ports: [
        { name: "http", port: 80, protocol: "TCP", nodePort: 30080 },
        { name: "https", port: 443, protocol: "TCP", nodePort: 30443 },
      ],
      hostname: null,
    }),
    "lbc, internal, instance, 80 on (default), 443 on (default), cross-zone off (default): can",
  ],
  [
    "lbc-class-ssl-ports-star",
    lbcService({
      annotations: { "ssl-cert": "arn:aws:acm:eu-west-1:111122223333:certificate/example", "ssl-ports": "*" },
      hostname: null,
    }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): unknown, refused",
  ],
  [
    "lbc-class-cross-zone-attr",
    lbcService({ annotations: { attributes: "load_balancing.cross_zone.enabled=true" }, hostname: null }),
    "lbc, internal, instance, 80 on (default), cross-zone on (explicit): can",
  ],
  [
    "lbc-class-cross-zone-legacy",
    lbcService({ annotations: { "cross-zone-load-balancing-enabled": "true" }, hostname: null }),
    "lbc, internal, instance, 80 on (default), cross-zone on (explicit): can",
  ],
  [
    "lbc-class-stickiness",
    lbcService({
      annotations: { "target-group-attributes": "stickiness.enabled=true,stickiness.type=source_ip" },
      hostname: null,
    }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "lbc-class-etp-local",
    lbcService({ spec: { externalTrafficPolicy: "Local" }, hostname: null }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "lbc-class-target-node-labels",
    lbcService({ annotations: { "target-node-labels": "role=ingress" }, hostname: null }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "lbc-class-weighted",
    lbcService({
      annotations: {
        "service.beta.kubernetes.io/actions.TCP-80":
          '{"type":"forward","forwardConfig":{"baseServiceWeight":1,"targetGroups":[{"serviceName":"web-canary","servicePort":80,"weight":1}]}}',
      },
      hostname: null,
    }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): can",
    { lbcVersion: ["2.16.0", "3.5.0"] },
  ],
  [
    "lbc-class-no-nodeports-instance",
    lbcService({
      spec: { allocateLoadBalancerNodePorts: false },
      ports: [{ name: "http", port: 80, protocol: "TCP" }],
      hostname: null,
    }),
    "lbc, internal, target type unknown, 80 unknown, cross-zone off (default): unknown, refused",
  ],
  [
    "lbc-class-flag-default-ip",
    lbcService({ hostname: null }),
    "lbc, internal, ip, 80 off (default), cross-zone off (default): cannot",
    { lbcTargetType: "ip" },
  ],
  [
    "lbc-class-flag-default-internet-facing",
    lbcService({ hostname: null }),
    "lbc, internet-facing, instance, 80 on (default), cross-zone off (default): unknown",
    { lbcScheme: "internet-facing" },
  ],
  [
    "lbc-class-existing-lb-scheme-unknown",
    lbcService(),
    "lbc, internet-facing, instance, 80 on (default), cross-zone off (default): unknown",
    { existingScheme: "internet-facing" },
  ],
  [
    "lbc-external-instance",
    service({ annotations: { type: "external", "nlb-target-type": "instance" } }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "lbc-external-ip",
    service({ annotations: { type: "external", "nlb-target-type": "ip" }, hostname: null }),
    "lbc, internal, ip, 80 off (default), cross-zone off (default): cannot",
  ],
  [
    "lbc-nlb-ip",
    service({ annotations: { type: "nlb-ip" }, hostname: null }),
    "lbc, internal, ip, 80 off (default), cross-zone off (default): cannot",
  ],
  [
    "lbc-nlb-ip-before-v2.2",
    service({ annotations: { type: "nlb-ip" }, hostname: null }),
    "lbc, internet-facing, ip, 80 off (default), cross-zone off (default): unknown",
    { lbcVersion: ["2.0.1", "2.1.3"] },
  ],
  [
    "lbc-nodeport-service",
    service({ annotations: { type: "external", "nlb-target-type": "instance" }, spec: { type: "NodePort" }, hostname: null }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "lbc-clusterip-service-ip",
    service({
      annotations: { type: "external", "nlb-target-type": "ip" },
      spec: { type: "ClusterIP" },
      ports: [{ name: "http", port: 80, protocol: "TCP" }],
      hostname: null,
    }),
    "lbc, internal, ip, 80 off (default), cross-zone off (default): cannot",
  ],
];
