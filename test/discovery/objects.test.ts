import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { backendsOf } from "../../src/discovery/endpoint-slices.ts";
import { ObjectError } from "../../src/discovery/objects/schema.ts";
import { parseService } from "../../src/discovery/objects/service-object.ts";
import { classifyService } from "../../src/discovery/rules/classify.ts";
import { DEFAULT_CONTEXT } from "../../src/domain/controller-context.ts";
import { lbcService, parseEndpointSlice, service, slice } from "./support/objects.ts";

const problem = (parse: () => unknown): string => {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof ObjectError, String(error));
    return error.message;
  }
  return assert.fail("expected an error");
};

describe("Services", () => {
  it("are cut to the fields that are used, whatever else they carry", () => {
    const object = service({
      annotations: { scheme: "internal", "kubectl.kubernetes.io/last-applied-configuration": "x".repeat(99) },
    });
    const parsed = parseService({ ...object, metadata: { ...object.metadata, managedFields: [{}] } });
    assert.deepEqual([...parsed.annotations], [["service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"]]);
    assert.deepEqual(Object.keys(parsed).sort(), [
      "allocateNodePorts",
      "annotations",
      "clusterIp",
      "externalTrafficPolicy",
      "finalizers",
      "hostnames",
      "ipFamilies",
      "isBeingDeleted",
      "loadBalancerClass",
      "loadBalancerIp",
      "name",
      "namespace",
      "oversized",
      "ports",
      "sessionAffinity",
      "shortcuts",
      "sourceRanges",
      "type",
      "uid",
      "unread",
    ]);
  });

  it("may have annotations named like parts of every JavaScript object", () => {
    const text = '{"__proto__":"a","constructor":"b","toString":"c","hairpin-probe/probe":"false"}';
    const object = service();
    const parsed = parseService({ ...object, metadata: { ...object.metadata, annotations: JSON.parse(text) } });
    assert.deepEqual([...parsed.annotations], [["hairpin-probe/probe", "false"]]);
    assert.equal(parsed.annotations.get("__proto__"), undefined);
  });

  it("keep the name of an annotation that is too long, and not its value", () => {
    const parsed = parseService(service({ annotations: { "target-group-attributes": "x".repeat(256 * 1024) } }));
    assert.deepEqual([...parsed.annotations], []);
    assert.deepEqual(parsed.oversized, ["service.beta.kubernetes.io/aws-load-balancer-target-group-attributes"]);
  });

  it("may leave out, or have null for, what Go leaves out when it is empty", () => {
    const bare = {
      metadata: { namespace: "shop", name: "web" },
      spec: { ports: null },
      status: { loadBalancer: { ingress: null } },
    };
    const parsed = parseService(bare);
    assert.deepEqual([parsed.type, parsed.ports, parsed.hostnames], ["ClusterIP", [], []]);
    parseService({ ...bare, status: null });
  });

  it("that are wrong get an error with path, value and expectation, for each mistake", () => {
    const message = problem(() => parseService(service({ ports: [{ port: "80" }, { port: 0 }] })));
    assert.equal(
      message,
      'Service: spec.ports[0].port: got "80", expected a port from 1 to 65535; spec.ports[1].port: got 0, expected a port from 1 to 65535',
    );
    assert.equal(
      problem(() => parseService(7)),
      "Service: the whole: got 7, expected a mapping",
    );
    assert.match(
      problem(() => parseService({ ...service(), spec: undefined })),
      /spec: got nothing, expected/,
    );
  });

  it("do not bring control characters into labels, logs or DNS", () => {
    const object = { ...service(), status: { loadBalancer: { ingress: [{ hostname: "a\u0000b\u2028.example" }] } } };
    const message = problem(() => parseService(object));
    assert.match(message, /expected text without control characters/);
    assert.ok(!message.includes("\u0000") && !message.includes("\u2028"), message);
  });
});

describe("EndpointSlices", () => {
  it("may have null for endpoints, as Go writes an empty list", () => {
    assert.deepEqual(parseEndpointSlice({ ...slice("web", []), endpoints: null }).ids, []);
  });

  it("give no address to connect to: node, zone and readiness are all that is kept of an endpoint", () => {
    const object = slice("web", [{ address: "169.254.169.254" }]);
    const { backends } = parseEndpointSlice(object);
    assert.equal(backends.length, 1);
    for (const backend of backends) assert.deepEqual(Object.keys(backend), ["node", "zone", "ready"]);
  });

  it("without the label belong to no Service", () => {
    assert.equal(parseEndpointSlice({ metadata: { namespace: "shop", name: "x" } }).serviceName, undefined);
  });

  const conditions: readonly (readonly [unknown, boolean])[] = [
    [{ ready: true }, true],
    [{}, true],
    [null, true],
    [{ ready: null }, true],
    [{ ready: false }, false],
    [{ ready: true, terminating: true }, false],
    [{ ready: false, serving: true, terminating: true }, false],
  ];
  for (const [given, ready] of conditions) {
    it(`with conditions ${JSON.stringify(given)} are ${ready ? "" : "not "}ready`, () => {
      const object = slice("web", [{ address: "10.0.1.1" }]);
      const parsed = parseEndpointSlice({ ...object, endpoints: [{ ...object.endpoints[0], conditions: given }] });
      assert.equal(parsed.backends[0]?.ready, ready);
    });
  }
});

it("whatever the server sends, an object is read or refused with an ObjectError", () => {
  const word = fc.constantFrom(
    "metadata",
    "spec",
    "ports",
    "shortcuts",
    "name",
    "namespace",
    "annotations",
    "endpoints",
    "__proto__",
    "status",
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, fc.jsonValue(), fc.array(tie("value"), { maxLength: 3 }), fc.dictionary(word, tie("value"))),
  }));
  fc.assert(
    fc.property(value, fc.constantFrom("metadata", "spec", "status", "whole"), (given, place) => {
      for (const base of [lbcService(), slice("web", [{ address: "10.0.1.1" }])]) {
        const object = place === "whole" ? given : { ...base, [place]: given };
        try {
          classifyService(parseService(object), { context: DEFAULT_CONTEXT }, "/");
        } catch (error) {
          assert.ok(error instanceof ObjectError, String(error));
        }
        try {
          backendsOf([parseEndpointSlice(object)]);
        } catch (error) {
          assert.ok(error instanceof ObjectError, String(error));
        }
      }
    }),
    { numRuns: 200 },
  );
});

it("whatever an annotation says, a Service is classified", () => {
  const names = ["scheme", "internal", "type", "target-group-attributes", "attributes", "ssl-ports", "ssl-cert"];
  const own = ["hairpin-probe/probe", "hairpin-probe/protocol", "hairpin-probe/path"];
  const text = fc.oneof(fc.string(), fc.constantFrom("", "true", "80=http", ",=,", "\\", "a=\\,b", "*"));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names, ...own), text), (annotations) => {
      const { kind } = classifyService(parseService(lbcService({ annotations })), { context: DEFAULT_CONTEXT }, "/");
      assert.ok(kind === "nlb" || kind === "skipped");
    }),
    { numRuns: 200 },
  );
});
