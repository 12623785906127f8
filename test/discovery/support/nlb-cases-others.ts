import type { NlbCase } from "./nlb-case.ts";
import { lbcService, PRESERVE_OFF, service } from "./objects.ts";

/** Services that others act on: the cloud provider, EKS Auto Mode, somebody else, nobody. */
export const OTHER_CASES: readonly NlbCase[] = [
  [
    "external-without-target-type",
    service({ annotations: { type: "external" }, hostname: null }),
    "none, no NLB, scheme unknown: cannot",
  ],
  [
    "ccm-nlb-bare",
    service({
      annotations: { type: "nlb" },
      hostname: "a0123456789abcdef0123456789abcde-0123456789abcdef.elb.eu-west-1.amazonaws.com",
    }),
    "ccm, internet-facing, instance, 80 on (default), cross-zone off (default): unknown",
  ],
  [
    "ccm-nlb-internal-true",
    service({
      annotations: { type: "nlb", internal: "true" },
      hostname: "a0123456789abcdef0123456789abcde-0123456789abcdef.elb.eu-west-1.amazonaws.com",
    }),
    "ccm, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "ccm-nlb-internal-cidr",
    service({ annotations: { type: "nlb", internal: "0.0.0.0/0" }, hostname: null }),
    "ccm, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "ccm-nlb-internal-empty",
    service({ annotations: { type: "nlb", internal: "" }, hostname: null }),
    "ccm, internet-facing, instance, 80 on (default), cross-zone off (default): unknown",
  ],
  [
    "ccm-nlb-internal-false",
    service({ annotations: { type: "nlb", internal: "false" }, hostname: null }),
    "ccm, internet-facing, instance, 80 on (default), cross-zone off (default): unknown",
  ],
  [
    "ccm-nlb-scheme-ignored",
    service({ annotations: { type: "nlb", scheme: "internal" }, hostname: null }),
    "ccm, internet-facing, instance, 80 on (default), cross-zone off (default): unknown",
  ],
  [
    "ccm-nlb-preserve-false-supported",
    service({ annotations: { type: "nlb", internal: "true", "target-group-attributes": PRESERVE_OFF }, hostname: null }),
    "ccm, internal, instance, 80 off (explicit), cross-zone off (default): cannot",
    { ccmVersion: ["1.32.6", "1.33.3", "1.34.0", "1.34.2", "1.35.0", "1.36.1"] },
  ],
  [
    "ccm-nlb-preserve-false-ignored",
    service({ annotations: { type: "nlb", internal: "true", "target-group-attributes": PRESERVE_OFF }, hostname: null }),
    "ccm, internal, instance, 80 on (ignored), cross-zone off (default): can",
    { ccmVersion: ["1.23.17", "1.31.9", "1.32.5", "1.33.2", "1.34.1"] },
  ],
  [
    "ccm-nlb-udp-preserve-false",
    service({
      annotations: { type: "nlb", internal: "true", "target-group-attributes": PRESERVE_OFF },
      ports: [{ name: "dns", port: 53, protocol: "UDP", nodePort: 30053 }],
      hostname: null,
    }),
    "ccm, internal, instance, 53 on (forced), cross-zone off (default): unknown, refused",
  ],
  [
    "ccm-nlb-cross-zone",
    service({ annotations: { type: "nlb", internal: "true", "cross-zone-load-balancing-enabled": "true" }, hostname: null }),
    "ccm, internal, instance, 80 on (default), cross-zone on (explicit): can",
  ],
  [
    "ccm-clb-bare",
    service({ hostname: "a0123456789abcdef0123456789abcde-1234567890.eu-west-1.elb.amazonaws.com" }),
    "ccm, no NLB, internet-facing: cannot",
  ],
  [
    "ccm-clb-internal",
    service({
      annotations: { internal: "true" },
      hostname: "internal-a0123456789abcdef0123456789abcde-1234567890.eu-west-1.elb.amazonaws.com",
    }),
    "ccm, no NLB, internal: cannot",
  ],
  [
    "auto-class-bare",
    service({ spec: { loadBalancerClass: "eks.amazonaws.com/nlb" } }),
    "eks-auto, internal, ip, 80 off (default), cross-zone off (default): cannot",
  ],
  [
    "auto-class-instance",
    service({
      annotations: { "nlb-target-type": "instance" },
      spec: { loadBalancerClass: "eks.amazonaws.com/nlb" },
      hostname: null,
    }),
    "eks-auto, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "auto-class-instance-preserve-false",
    service({
      annotations: { "nlb-target-type": "instance", "target-group-attributes": PRESERVE_OFF },
      spec: { loadBalancerClass: "eks.amazonaws.com/nlb" },
      hostname: null,
    }),
    "eks-auto, internal, instance, 80 off (explicit), cross-zone off (default): cannot",
  ],
  [
    "foreign-class",
    service({ spec: { loadBalancerClass: "tailscale" }, hostname: null }),
    "other, no NLB, scheme unknown: cannot",
  ],
  [
    "foreign-class-but-nlb-hostname",
    service({ spec: { loadBalancerClass: "nlb.example.com/custom" } }),
    "unknown, scheme unknown, target type unknown, 80 unknown, cross-zone unknown: unknown",
  ],
  [
    "status-ip-vip-shortcut",
    lbcService({ spec: { externalIPs: ["10.0.9.9"] } }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): unknown",
  ],
  [
    "external-name",
    service({
      spec: { type: "ExternalName", externalName: "k8s-shop-web-0123456789-0123456789abcdef.elb.eu-west-1.amazonaws.com" },
      ports: [{ name: "http", port: 80, protocol: "TCP" }],
      hostname: null,
    }),
    "none, no NLB, scheme unknown: cannot",
  ],
];
