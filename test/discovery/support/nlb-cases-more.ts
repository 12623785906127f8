import type { NlbCase } from "./nlb-case.ts";
import { AUTO, CCM, lbcService, NLB_HOSTNAME, PRESERVE_OFF, PRESERVE_ON, service, TCP_80 } from "./objects.ts";

const UDP_80 = { name: "udp", port: 80, protocol: "UDP", nodePort: 30_081 };
const TCP_443 = { name: "https", port: 443, protocol: "TCP", nodePort: 30_443 };
const CLASSIC = "internal-a0123456789abcdef-1234567890.eu-west-1.elb.amazonaws.com";
const DEFAULT = "lbc, internal, instance, 80 on (default), cross-zone off (default): can";
const tga = (attributes: string, more: Record<string, string> = {}) => ({
  annotations: { "target-group-attributes": attributes, ...more },
});
const weights = (json: unknown, port = 80) => ({
  annotations: { [`service.beta.kubernetes.io/actions.TCP-${port}`]: JSON.stringify(json) },
});

/** Rules that the cases of one kind or the other do not reach. */
export const MORE_CASES: readonly NlbCase[] = [
  [
    "a class that the operator gave the controller",
    service({ spec: { loadBalancerClass: "x.io/nlb" } }),
    DEFAULT,
    { lbcClass: "x.io/nlb" },
  ],
  [
    "a class, and a controller from before classes",
    lbcService({ hostname: null }),
    "none, no NLB, scheme unknown: cannot",
    { lbcVersion: ["2.3.1"] },
  ],
  [
    "type external, and a controller from before it",
    service({ annotations: { type: "external", "nlb-target-type": "ip" }, hostname: null }),
    "none, no NLB, scheme unknown: cannot",
    { lbcVersion: ["2.1.3"] },
  ],
  [
    "an annotated NodePort Service with the gate ServiceTypeLoadBalancerOnly",
    service({ annotations: { type: "nlb-ip" }, spec: { type: "NodePort" }, hostname: null }),
    "none, no NLB, scheme unknown: cannot",
    { lbcLoadBalancerOnly: true },
  ],
  [
    "a ClusterIP Service cannot have instances",
    service({
      annotations: { type: "external", "nlb-target-type": "instance" },
      spec: { type: "ClusterIP" },
      ports: [{ port: 80 }],
      hostname: null,
    }),
    "lbc, internal, target type unknown, 80 unknown, cross-zone off (default): unknown, refused",
  ],
  ["type NLB in capitals", service({ annotations: { type: "NLB" }, hostname: null }), "ccm, no NLB, internet-facing: cannot"],
  [
    "the name of a Classic Load Balancer, annotated later",
    service({ annotations: CCM, hostname: CLASSIC }),
    "ccm, no NLB, internal: cannot",
  ],
  [
    "the name of an NLB that nobody is known to give, with no annotation left",
    service({ hostname: "web-0123456789abcdef.elb.eu-west-1.amazonaws.com" }),
    "unknown, scheme unknown, target type unknown, 80 unknown, cross-zone unknown: unknown",
  ],
  [
    "an empty scheme",
    lbcService({ annotations: { scheme: "" } }),
    "lbc, scheme unknown, instance, 80 on (default), cross-zone off (default): unknown, refused",
  ],
  [
    "a scheme in capitals",
    lbcService({ annotations: { scheme: "Internal" } }),
    "lbc, scheme unknown, instance, 80 on (default), cross-zone off (default): unknown, refused",
  ],
  [
    "an annotation beats the scheme there is",
    lbcService({ annotations: { scheme: "internal" } }),
    DEFAULT,
    { existingScheme: "internet-facing" },
  ],
  [
    "a default scheme beneath the release that has it",
    lbcService(),
    DEFAULT,
    { lbcScheme: "internet-facing", lbcVersion: ["2.10.1"] },
  ],
  [
    "a default target type beneath the release that has it",
    lbcService(),
    DEFAULT,
    { lbcTargetType: "ip", lbcVersion: ["2.4.7"] },
  ],
  [
    "the cloud provider reads False as yes",
    service({ annotations: { type: "nlb", internal: "False" } }),
    "ccm, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "the cloud provider knows no target type",
    service({ annotations: { ...CCM, "nlb-target-type": "ip" } }),
    "ccm, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "the fix with a cloud provider of unknown version",
    service(tga(PRESERVE_OFF, CCM)),
    "ccm, internal, instance, 80 unknown, cross-zone off (default): unknown",
  ],
  [
    "what is on anyway, with any cloud provider",
    service(tga(PRESERVE_ON, CCM)),
    "ccm, internal, instance, 80 on (explicit), cross-zone off (default): can",
  ],
  [
    "an attribute that the cloud provider does not know",
    service(tga(`${PRESERVE_OFF},stickiness.enabled=true`, CCM)),
    "ccm, internal, instance, 80 unknown, cross-zone off (default): unknown, refused",
    { ccmVersion: ["1.35.0"] },
  ],
  [
    "the same, where the annotation is ignored",
    service(tga(`${PRESERVE_OFF},stickiness.enabled=true`, CCM)),
    "ccm, internal, instance, 80 on (ignored), cross-zone off (default): can",
    { ccmVersion: ["1.30.2"] },
  ],
  [
    "a switch the cloud provider does not read",
    service(tga("preserve_client_ip.enabled=False", CCM)),
    "ccm, internal, instance, 80 unknown, cross-zone off (default): unknown, refused",
    { ccmVersion: ["1.35.0"] },
  ],
  [
    "attributes, and a controller from before them",
    service(tga(PRESERVE_OFF, { type: "nlb-ip" })),
    "lbc, internet-facing, ip, 80 off (default), cross-zone off (default): unknown",
    { lbcVersion: ["2.0.1"] },
  ],
  [
    "a port's attributes, and a controller from before them",
    lbcService(tga(PRESERVE_OFF, { "target-group-attributes.80": PRESERVE_ON })),
    "lbc, internal, instance, 80 off (explicit), cross-zone off (default): cannot",
    { lbcVersion: ["2.13.4"] },
  ],
  [
    "a port's empty value keeps the general one",
    lbcService(
      tga(`${PRESERVE_OFF},load_balancing.cross_zone.enabled=true`, {
        "target-group-attributes.80": "load_balancing.cross_zone.enabled=",
      }),
    ),
    "lbc, internal, instance, 80 off (explicit), cross-zone on (explicit): cannot",
  ],
  [
    "but an empty switch is refused",
    lbcService(tga(PRESERVE_OFF, { "target-group-attributes.80": "preserve_client_ip.enabled=" })),
    "lbc, internal, instance, 80 unknown, cross-zone off (default): unknown, refused",
  ],
  [
    "cross-zone of one port only",
    lbcService({
      annotations: { "target-group-attributes.443": "load_balancing.cross_zone.enabled=true" },
      ports: [TCP_80, TCP_443],
    }),
    "lbc, internal, instance, 80 on (default), 443 on (default), cross-zone off (default) and on (explicit): can",
  ],
  [
    "a target group overrides its load balancer",
    lbcService(tga("load_balancing.cross_zone.enabled=false", { "cross-zone-load-balancing-enabled": "true" })),
    "lbc, internal, instance, 80 on (default), cross-zone off (explicit): can",
  ],
  [
    "the specific annotation beats the attribute",
    lbcService({
      annotations: { "cross-zone-load-balancing-enabled": "false", attributes: "load_balancing.cross_zone.enabled=true" },
    }),
    "lbc, internal, instance, 80 on (default), cross-zone off (explicit): can",
  ],
  [
    "attributes of the load balancer that are refused",
    lbcService({ annotations: { attributes: "nonsense" } }),
    "lbc, internal, instance, 80 on (default), cross-zone unknown: unknown, refused",
  ],
  [
    "one listener for TCP and UDP",
    lbcService({ ...tga(PRESERVE_OFF, { "enable-tcp-udp-listener": "true" }), ports: [TCP_80, UDP_80] }),
    "lbc, internal, instance, 80 on (forced), 80 on (forced), cross-zone off (default): can, refused",
  ],
  [
    "TCP and UDP on one port, without it",
    lbcService({ ports: [TCP_80, UDP_80] }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): can",
    { lbcVersion: ["2.14.0", "3.5.0"] },
  ],
  [
    "UDP and TCP on one port, without it: the first of them has the listener",
    lbcService({ annotations: { "nlb-target-type": "ip" }, ports: [UDP_80, TCP_80] }),
    "lbc, internal, ip, 80 on (forced), cross-zone off (default): can",
  ],
  [
    "an action of a port that has no listener of its own",
    lbcService({ annotations: { "service.beta.kubernetes.io/actions.UDP-80": "{}" }, ports: [TCP_80, UDP_80] }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): unknown, refused",
  ],
  [
    "TCP and UDP on one port, before it was there",
    lbcService({ ports: [TCP_80, UDP_80] }),
    "lbc, internal, instance, 80 unknown, 80 on (forced), cross-zone off (default): can",
    { lbcVersion: ["2.13.4"] },
  ],
  [
    "TCP and UDP on one port, with the controller's gate",
    lbcService({ ports: [TCP_80, UDP_80] }),
    "lbc, internal, instance, 80 on (forced), 80 on (forced), cross-zone off (default): can",
    { lbcTcpUdpListener: true },
  ],
  [
    "targets of type ip, with a controller that makes none",
    lbcService({ annotations: { "nlb-target-type": "ip" } }),
    "lbc, internal, target type unknown, 80 unknown, cross-zone off (default): unknown, refused",
    { lbcIpTargets: false },
  ],
  [
    "the type nlb-ip, with a controller that makes no other ip targets",
    lbcService({ annotations: { type: "nlb-ip" } }),
    "lbc, internal, ip, 80 off (default), cross-zone off (default): cannot",
    { lbcIpTargets: false },
  ],
  [
    "a Service with a controller that makes nothing of Services, and with no NLB",
    lbcService({ hostname: null }),
    "none, no NLB, scheme unknown: cannot",
    { lbcServiceController: false },
  ],
  [
    "a separator at the end, with EKS Auto Mode beside an old controller",
    service({ ...AUTO, annotations: { "nlb-target-type": "instance", "target-group-attributes": `${PRESERVE_OFF},` } }),
    "eks-auto, internal, instance, 80 unknown, cross-zone off (default): unknown, refused",
    { lbcVersion: ["2.4.0"] },
  ],
  [
    "a separator at the end, before it was refused",
    lbcService({ annotations: { "target-group-attributes": `${PRESERVE_OFF},` } }),
    "lbc, internal, instance, 80 off (explicit), cross-zone off (default): cannot",
    { lbcVersion: ["2.14.0"] },
  ],
  [
    "TLS to the targets, too",
    lbcService({ annotations: { "ssl-cert": "arn:x", "backend-protocol": "ssl", "nlb-target-type": "ip" } }),
    "lbc, internal, ip, 80 off (default), cross-zone off (default): cannot",
  ],
  ["ssl-ports without a certificate", lbcService({ annotations: { "ssl-ports": "http" } }), DEFAULT],
  [
    "instances without node ports, while pods need none",
    lbcService({
      annotations: { "nlb-target-type": "ip" },
      spec: { allocateLoadBalancerNodePorts: false },
      ports: [{ port: 80 }],
    }),
    "lbc, internal, ip, 80 off (default), cross-zone off (default): cannot",
  ],
  [
    "node labels that are none",
    lbcService({ annotations: { "target-node-labels": "role" } }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): unknown, refused",
  ],
  [
    "weights that are not JSON",
    lbcService({ annotations: { "service.beta.kubernetes.io/actions.TCP-80": "{" } }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): unknown, refused",
  ],
  ["weights of another port", lbcService(weights({ type: "forward", forwardConfig: {} }, 81)), DEFAULT],
  [
    "EKS Auto Mode knows no internal annotation",
    service({ ...AUTO, annotations: { internal: "false" } }),
    "eks-auto, internal, ip, 80 off (default), cross-zone off (default): cannot",
  ],
  [
    "EKS Auto Mode, internet-facing",
    service({ ...AUTO, annotations: { scheme: "internet-facing" } }),
    "eks-auto, internet-facing, ip, 80 off (default), cross-zone off (default): unknown",
  ],
  [
    "an address of a proxy in the status is no shortcut",
    { ...lbcService(), status: { loadBalancer: { ingress: [{ hostname: NLB_HOSTNAME, ip: "10.0.9.9", ipMode: "Proxy" }] } } },
    DEFAULT,
  ],
  [
    "a VIP in the status is one",
    { ...lbcService(), status: { loadBalancer: { ingress: [{ hostname: NLB_HOSTNAME }, { ip: "10.0.9.9" }] } } },
    "lbc, internal, instance, 80 on (default), cross-zone off (default): unknown",
  ],
];
