import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseService } from "../../src/discovery/objects/service-object.ts";
import { loadBalancerOf } from "../../src/discovery/rules/load-balancer.ts";
import { type ControllerContext, DEFAULT_CONTEXT } from "../../src/domain/controller-context.ts";
import { parseVersion } from "../../src/domain/version.ts";
import { describedGateways } from "./support/cluster.ts";
import { gateway, route } from "./support/gateway-objects.ts";
import { AUTO, CCM, type GivenService, LBC_CLASS, service } from "./support/objects.ts";

const PREFIX = "service.beta.kubernetes.io/aws-load-balancer-";
const LBC = { spec: { loadBalancerClass: LBC_CLASS } };

/** `nlb-target-type: the cloud provider …` */
const ignored = (given: GivenService, context: Partial<ControllerContext> = {}): readonly string[] =>
  (loadBalancerOf(parseService(service(given)), { context: { ...DEFAULT_CONTEXT, ...context } }).ignored ?? []).map(
    ({ annotation, reason }) => `${annotation.replace(PREFIX, "")}: ${reason}`,
  );

/** A Service, what is annotated beside what makes it that, and each annotation that is ignored, with the reason. */
const cases: readonly (readonly [
  name: string,
  given: GivenService,
  annotations: Readonly<Record<string, string>>,
  expected: readonly RegExp[],
  context?: Partial<ControllerContext>,
])[] = [
  [
    "of the cloud provider: a target type",
    { annotations: CCM },
    { "nlb-target-type": "ip" },
    [/^nlb-target-type: the cloud provider makes targets of type instance alone$/],
  ],
  [
    "of the cloud provider: what the controller alone reads",
    { annotations: CCM },
    {
      scheme: "internal",
      attributes: "a=b",
      name: "x",
      "ip-address-type": "dualstack",
      "multi-cluster-target-group": "true",
      "target-group-attributes.80": "a=b",
      "listener-attributes.TCP-80": "a=b",
      "service.beta.kubernetes.io/actions.TCP-80": "{}",
    },
    [
      /^service.*actions\.TCP-80: the AWS Load Balancer Controller/,
      /^attributes: .*an annotation for each setting/,
      /^ip-address-type: the AWS Load Balancer Controller reads it, the cloud provider does not$/,
      /^listener-attributes\.TCP-80: the AWS Load Balancer Controller reads it/,
      /^multi-cluster-target-group: the AWS Load Balancer Controller/,
      /^name: the AWS Load Balancer Controller/,
      /^scheme: the cloud provider reads aws-load-balancer-internal instead$/,
      /^target-group-attributes\.80: the AWS Load Balancer Controller/,
    ],
  ],
  [
    "of the cloud provider: what is for Classic Load Balancers",
    { annotations: CCM },
    { "connection-idle-timeout": "60", "proxy-protocol": "*" },
    [/^connection-idle-timeout: .*Classic Load Balancers alone$/, /^proxy-protocol: .*proxy_protocol_v2\.enabled/],
  ],
  [
    "of a cloud provider that is older than it: the attributes of target groups",
    { annotations: CCM },
    { "target-group-attributes": "preserve_client_ip.enabled=false" },
    [/^target-group-attributes: this version of the cloud provider does not know it$/],
    { ccmVersion: parseVersion("1.31.0") },
  ],
  [
    "of the controller: what the cloud provider alone reads",
    LBC,
    { "extra-security-groups": "sg-1", "connection-idle-timeout": "60" },
    [
      /^connection-idle-timeout: the cloud provider reads it, the AWS Load Balancer Controller does not$/,
      /^extra-security-groups: the cloud provider reads it/,
    ],
  ],
  ["of a class: another type", LBC, { type: "nlb" }, [/^type: the load balancer class decides, not the type "nlb"$/]],
  [
    "of the controller: the older of two annotations",
    LBC,
    { scheme: "internal", internal: "true" },
    [/^internal: aws-load-balancer-scheme decides/],
  ],
  [
    "of the controller: a target type that is none",
    LBC,
    { "nlb-target-type": "pod" },
    [/^nlb-target-type: "pod" is no target type$/],
  ],
  [
    "of targets that are pods: labels of nodes",
    LBC,
    { "nlb-target-type": "ip", "target-node-labels": "a=b" },
    [/^target-node-labels: targets of type ip are pods, not nodes$/],
  ],
  [
    "of a controller that makes targets of pods by default: none, as a target type that is none makes instances",
    LBC,
    { "nlb-target-type": "pod" },
    [],
    { lbcTargetType: "ip" },
  ],
  [
    "of nlb-ip: targets of type instance",
    { annotations: { type: "nlb-ip" } },
    { "nlb-target-type": "instance" },
    [/^nlb-target-type: the type nlb-ip makes targets of type ip$/],
  ],
  [
    "of a controller that is older than them",
    LBC,
    { "target-group-attributes.80": "a=b", "service.beta.kubernetes.io/actions.TCP-80": "{}", "quic-enabled-ports": "443" },
    [/actions\.TCP-80: this version/, /^quic-enabled-ports: this version/, /^target-group-attributes\.80: this version/],
    { lbcVersion: parseVersion("2.13.0") },
  ],
  [
    "for a port that is not there",
    LBC,
    { "target-group-attributes.81": "a=b" },
    [/^target-group-attributes\.81: the Service has no port 81$/],
  ],
  [
    "of TLS, without a certificate",
    LBC,
    { "ssl-ports": "80" },
    [/^ssl-ports: without aws-load-balancer-ssl-cert there is no TLS listener$/],
  ],
  [
    "of EKS Auto Mode: the older word for the scheme",
    AUTO,
    { internal: "true" },
    [/^internal: EKS Auto Mode reads aws-load-balancer-scheme instead$/],
  ],
  ["that nobody reads", LBC, { schema: "internal" }, [/^schema: no controller that is known to make NLBs reads it$/]],
];

describe("an annotation that whoever makes the NLB ignores is said to be ignored, with the reason", () => {
  for (const [name, given, annotations, expected, context] of cases) {
    it(name, () => {
      const found = ignored({ ...given, annotations: { ...given.annotations, ...annotations } }, context);
      assert.equal(found.length, expected.length, found.join("\n"));
      for (const [i, pattern] of expected.entries()) assert.match(found[i] ?? "", pattern);
    });
  }

  it("of a Gateway: all of them, and those of the Services behind it that have no NLB of their own", () => {
    const annotations = { "target-group-attributes": "preserve_client_ip.enabled=false" };
    const [described] = describedGateways({
      gateways: [gateway({ annotations: { [`${PREFIX}scheme`]: "internal" } })],
      routes: [["TCPRoute", route({ to: ["web:80", "web:80", "own:80"] })]],
      services: [
        service({ hostname: null, annotations, spec: { type: "NodePort" } }),
        service({ name: "own", annotations, spec: { loadBalancerClass: LBC_CLASS } }),
      ],
    });
    assert.deepEqual(
      described?.loadBalancer.ignored?.map(({ annotation, reason }) => [
        annotation.replace(PREFIX, ""),
        /\S+\/\S+/.exec(reason)?.[0],
      ]),
      [
        ["scheme", undefined],
        ["target-group-attributes", "shop/web"],
      ],
    );
  });
});

describe("nothing is said to be ignored", () => {
  const read: Readonly<Record<string, string>> = {
    scheme: "internal",
    "nlb-target-type": "ip",
    "target-group-attributes": "a=b",
    "target-group-attributes.80": "a=b",
    attributes: "a=b",
    "healthcheck-path": "/",
    "ssl-cert": "arn",
    "ssl-ports": "80",
    "private-ipv4-addresses": "10.0.0.1",
    "hairpin-probe/probe": "true",
    "example.com/other": "x",
  };
  for (const [name, given, annotations] of [
    ["of what the controller reads", LBC, read],
    ["of what the controller reads of a Service without class", { annotations: { type: "external" } }, read],
    ["of what EKS Auto Mode reads", AUTO, read],
    [
      "of what the cloud provider reads",
      { annotations: CCM },
      { "target-group-attributes": "preserve_client_ip.enabled=true", "healthcheck-path": "/" },
    ],
    ["where nobody is known to act", { spec: { loadBalancerClass: "example.com/nlb" } }, read],
    ["where there is no NLB", { hostname: null }, { "nlb-target-type": "ip" }],
  ] as const) {
    it(name, () =>
      assert.deepEqual(
        ignored({ ...given, annotations: { ...("annotations" in given ? given.annotations : {}), ...annotations } }),
        [],
      ),
    );
  }
});
