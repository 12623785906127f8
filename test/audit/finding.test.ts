import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nameOf, sortFindings, summaryOf } from "../../src/audit/finding.ts";
import type { IdleReason } from "../../src/domain/exposure.ts";
import { AUTO, CCM, lbcService, PRESERVE_OFF, service } from "../discovery/support/objects.ts";
import { findingOf } from "./findings.ts";

const OFF = { "target-group-attributes": PRESERVE_OFF };

describe("the verdict", () => {
  for (const [name, object, verdict, reason] of [
    ["with preservation on", lbcService(), "can", /^Client IP preservation is on\.$/],
    ["with preservation off", lbcService({ annotations: OFF }), "cannot", /^Client IP preservation is off on every port\.$/],
    ["with ip targets", service(AUTO), "cannot", /off on every port/],
    [
      "with one port of two on",
      lbcService({
        annotations: { "target-group-attributes.443": PRESERVE_OFF },
        ports: [
          { name: "a", port: 80 },
          { name: "b", port: 443 },
        ],
      }),
      "can",
      /^Client IP preservation is on on port 80\.$/,
    ],
    ["of a cloud provider of unknown version", service({ annotations: { ...CCM, ...OFF } }), "unknown", /cloud provider honours/],
    ["of an internet-facing NLB", lbcService({ annotations: { scheme: "internet-facing" } }), "unknown", /internet-facing/],
    [
      "of what its controller refuses",
      lbcService({ annotations: { "target-group-attributes": "oops" } }),
      "unknown",
      /^Its controller refuses it/,
    ],
    [
      "where kube-proxy answers itself",
      lbcService({ spec: { externalIPs: ["10.0.0.9"] } }),
      "unknown",
      /kube-proxy answers for 10\.0\.0\.9/,
    ],
    [
      "of a TCP port whose connections go to another that preserves",
      lbcService({
        annotations: {
          "target-group-attributes.80": PRESERVE_OFF,
          "service.beta.kubernetes.io/actions.TCP-80": JSON.stringify({
            type: "forward",
            forwardConfig: { baseServiceWeight: 1, targetGroups: [{ serviceName: "web", servicePort: 81, weight: 1 }] },
          }),
        },
        ports: [80, 81].map((port) => ({ name: `p${port}`, port })),
      }),
      "can",
      /^Client IP preservation is on\.$/,
    ],
    [
      "of targets by IPv6",
      lbcService({ annotations: { "ip-address-type": "dualstack" }, spec: { ipFamilies: ["IPv4", "IPv6"] } }),
      "can",
      /^Client IP preservation is on for clients of IPv6\.$/,
    ],
    [
      "of an NLB without a listener",
      service({ annotations: CCM, spec: { allocateLoadBalancerNodePorts: false }, ports: [{ port: 80 }] }),
      "cannot",
      /^It has no listener\.$/,
    ],
    [
      "of what is being deleted",
      { ...lbcService(), metadata: { ...lbcService().metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } },
      "cannot",
      /^It is being deleted/,
    ],
    ["of what is no NLB", service({ hostname: null }), "cannot", /Classic Load Balancer/],
  ] as const) {
    it(`${name} is ${verdict}, with the reason`, () => {
      const found = findingOf(object);
      assert.equal(found.verdict, verdict, found.reason);
      assert.match(found.reason, reason);
    });
  }

  it("says why nothing is exposed now where preservation is on, and nothing where that is not known", () => {
    const reason = (idle?: IdleReason) => findingOf(lbcService(), { exposure: 0, ...(idle && { idle }) }).reason;
    assert.match(reason("no_ready_backend"), /, but no backend is ready now\.$/);
    assert.match(reason("no_node_registered"), /, but no node is a target now: none has the labels /);
    assert.match(reason("no_backend_on_target"), /, but no ready backend is on a node that is a target now\.$/);
    assert.match(reason("no_weight"), /, but no connection goes to a target group that preserves/);
    assert.equal(reason(), "Client IP preservation is on.");
  });
});

describe("the order", () => {
  const findings = [
    findingOf(lbcService({ name: "fixed", annotations: OFF })),
    findingOf(lbcService({ name: "low" }), { exposure: 0.1 }),
    findingOf(lbcService({ name: "unmeasured" })),
    findingOf(service({ name: "unclear", annotations: { ...CCM, ...OFF } })),
    findingOf(lbcService({ name: "high" }), { exposure: 0.5 }),
  ];
  const names = (sort: "exposure" | "name") => sortFindings(findings, sort).map((finding) => nameOf(finding).slice(5));

  it("is the worst first: can by exposure, an unknown one above all, then unknown, then cannot", () => {
    assert.deepEqual(names("exposure"), ["unmeasured", "high", "low", "unclear", "fixed"]);
  });

  it("or by name", () => assert.deepEqual(names("name"), ["fixed", "high", "low", "unclear", "unmeasured"]));

  it("and the summary counts them", () => {
    assert.equal(summaryOf(findings), "5 load balancers: 3 can hairpin, 1 unknown, 1 cannot.");
  });
});
