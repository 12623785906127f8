import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { FrontendsFileError, loadFrontendsFile } from "../../src/discovery/frontends-file.ts";
import { addressPolicy } from "../../src/domain/address.ts";
import { parseCidr } from "../../src/domain/cidr.ts";
import type { Snapshot } from "../../src/domain/snapshot.ts";
import { defaultTargetGroup, type TargetGroup } from "../../src/domain/target-group.ts";

const load = (text: string, isAllowed = addressPolicy([])): Snapshot =>
  loadFrontendsFile(text, { file: "frontends.yaml", defaultPath: "/", isAllowed });

function problems(text: string): readonly string[] {
  try {
    load(text);
  } catch (error) {
    assert.ok(error instanceof FrontendsFileError, String(error));
    return error.problems;
  }
  return assert.fail("expected problems");
}

const MINIMAL = `
services:
  - namespace: shop
    name: web
    hostname: nlb.example.com
    ports: [{ port: 80 }]
`;

describe("a frontends file", () => {
  it("may name addresses of a range that the operator allows, and of no other", () => {
    const range = parseCidr("203.0.113.0/24");
    assert.ok(range !== undefined);
    const file = (address: string) => MINIMAL.replace("hostname: nlb.example.com", `addresses: [{ address: ${address} }]`);
    const [discovered] = load(file("203.0.113.7"), addressPolicy([range])).services;
    assert.deepEqual(discovered?.service.addresses, [{ address: "203.0.113.7", zone: undefined }]);
    for (const refused of ["203.0.112.7", "127.0.0.1"]) {
      assert.throws(() => load(file(refused), addressPolicy([range])), FrontendsFileError, refused);
    }
    assert.throws(() => load(file("203.0.113.7")), FrontendsFileError);
  });

  it("with everything in it becomes a snapshot", () => {
    const snapshot = load(`
services:
  - namespace: shop
    name: web
    addresses:
      - { address: 10.0.32.1, zone: eu-west-1a }
      - { address: "fd00::1" }
    ports:
      - { port: 80, name: http, protocol: http, path: /healthz }
      - { port: 443, protocol: https, tlsTerminated: true }
    targetType: instance
    preserveClientIp: false
    crossZone: true
    externalTrafficPolicy: Local
    backends: [{ node: n1, zone: eu-west-1a }, { node: n2 }]
nodes: [{ node: n1, zone: eu-west-1a, labels: { role: ingress } }, { node: n3, excluded: true }]
`);
    const targetGroup: TargetGroup = {
      ...defaultTargetGroup("instance"),
      preserveClientIp: { enabled: false, origin: "explicit" },
      crossZone: { enabled: true, origin: "explicit" },
      externalTrafficPolicy: "Local",
      // The addresses are of both, and nothing says of which the targets are.
      ipFamily: undefined,
    };
    assert.deepEqual(snapshot, {
      services: [
        {
          service: {
            namespace: "shop",
            name: "web",
            controller: "static",
            hostname: undefined,
            addresses: [
              { address: "10.0.32.1", zone: "eu-west-1a" },
              { address: "fd00::1", zone: undefined },
            ],
            shortcuts: [],
            zonalAffinity: false,
            listeners: [
              { port: 80, name: "http", protocol: "http", path: "/healthz", tlsTerminated: false, targetGroup },
              { port: 443, name: "", protocol: "https", path: "/", tlsTerminated: true, targetGroup },
            ],
          },
          backends: [
            { node: "n1", zone: "eu-west-1a", ready: true },
            { node: "n2", zone: undefined, ready: true },
          ],
          areBackendsListed: true,
        },
      ],
      skipped: [],
      nodes: [
        { node: "n1", zone: "eu-west-1a", labels: new Map([["role", "ingress"]]) },
        { node: "n3", zone: undefined, excluded: true },
      ],
    });
  });

  it("may say of which family the targets are", () => {
    const familyOf = (text: string) => load(text).services[0]?.service.listeners[0]?.targetGroup.ipFamily;
    assert.deepEqual([familyOf(`${MINIMAL}    ipFamily: 6\n`), familyOf(MINIMAL)], [6, undefined]);
    assert.throws(() => load(`${MINIMAL}    ipFamily: 5\n`), /expected 4 or 6/);
  });

  it("needs no more than a name, a place and a port: the port says nothing, and what is not told is not guessed", () => {
    const [discovered] = load(MINIMAL).services;
    assert.equal(discovered?.service.hostname, "nlb.example.com");
    assert.equal(discovered?.service.listeners[0]?.targetGroup.targetType, undefined);
    assert.deepEqual(discovered?.backends, []);
    const [listener] = discovered?.service.listeners ?? [];
    assert.deepEqual([listener?.protocol, listener?.targetGroup.preserveClientIp.enabled], ["tcp", undefined]);
  });

  it("speaks TLS to a TLS listener, whatever is spoken inside: HTTP through it is HTTPS", () => {
    const spoken = (port: string): string | undefined =>
      load(MINIMAL.replace(/ports:.*/, `ports: [${port}]`)).services[0]?.service.listeners[0]?.protocol;
    assert.equal(spoken("{ port: 8883, tlsTerminated: true }"), "tls");
    assert.equal(spoken("{ port: 8883, protocol: http, tlsTerminated: true }"), "https");
    assert.equal(spoken("{ port: 8883, protocol: tcp, tlsTerminated: true }"), "tcp");
    assert.equal(spoken("{ port: 8883, protocol: http }"), "http");
  });

  for (const [targetType, enabled] of [
    ["instance", true],
    ["ip", false],
  ] as const) {
    it(`with target type ${targetType} preserves client addresses as AWS does by default: ${enabled}`, () => {
      const [discovered] = load(`${MINIMAL}    targetType: ${targetType}\n`).services;
      assert.deepEqual(discovered?.service.listeners[0]?.targetGroup.preserveClientIp, { enabled, origin: "default" });
    });
  }

  it("that is wrong gets all its problems at once, each with line, path, value and expectation", () => {
    const found = problems(`services:
  - namespace: shop
    name: web
    colour: red
    addresses:
      - { address: 169.254.169.254, zone: a }
      - address: nlb.example.com
    ports:
      - port: 70000
        protocol: udp
      - name: x
      - { port: 80, path: "a b" }
  - namespace: shop
    name: api
    ports: []
nodes: 7
extra: 1
`);
    assert.deepEqual(found, [
      "frontends.yaml:4: services[0].colour: unknown key",
      'frontends.yaml:6: services[0].addresses[0].address: got "169.254.169.254", expected a private address (RFC 1918, RFC 6598, RFC 4193), or one that --allow-cidr allows: no other is probed',
      'frontends.yaml:7: services[0].addresses[1].address: got "nlb.example.com", expected an IP address',
      "frontends.yaml:9: services[0].ports[0].port: got 70000, expected a port from 1 to 65535",
      'frontends.yaml:10: services[0].ports[0].protocol: got "udp", expected one of tcp, http, tls, https',
      "frontends.yaml:11: services[0].ports[1].port: got nothing, expected a value",
      'frontends.yaml:12: services[0].ports[2].path: got "a b", expected a path that starts with "/", without spaces and "#", at most 1,024 characters',
      "frontends.yaml:13: services[1]: got a mapping, expected a hostname or addresses",
      "frontends.yaml:15: services[1].ports: got a list, expected at least one port",
      "frontends.yaml:16: nodes: got 7, expected a list",
      "frontends.yaml:17: extra: unknown key",
    ]);
  });

  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ["is empty", "", /^frontends.yaml:1: services: got nothing, expected a value$/],
    ["is no mapping", "- a", /^frontends.yaml:1: services: got nothing, expected a value$/],
    ["is no YAML", "services: [", /^frontends.yaml:1: not YAML: /],
    ["says a key twice", `${MINIMAL}    name: api\n`, /^frontends.yaml:7: not YAML: Map keys must be unique/],
    [
      "names neither hostname nor addresses",
      MINIMAL.replace(/ {4}hostname.*\n/, ""),
      /:3: services\[0\]: .* a hostname or addresses$/,
    ],
    ["has the same Service twice", MINIMAL + MINIMAL.replace("\nservices:\n", ""), /each namespace and name once$/],
    ["has the same port twice", MINIMAL.replace("{ port: 80 }", "{ port: 80 }, { port: 80 }"), /each port once$/],
    [
      "multiplies aliases",
      `a: &a [x,x]\n${"bcdefgh".replaceAll(/./g, (c) => `${c}: &${c} [${`*${String.fromCharCode(c.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}`,
      /not usable YAML: Excessive alias count/,
    ],
  ];
  for (const [name, text, sentence] of wrong) {
    it(`that ${name} says so`, () => assert.match(problems(text)[0] ?? "", sentence));
  }
});

it("labels of nodes may be called like parts of every JavaScript object: none is left out", () => {
  const { nodes } = load(`${MINIMAL}nodes: [{ node: n1, labels: { constructor: a, __proto__: b, role: c } }]`);
  assert.deepEqual(
    [...(nodes[0]?.labels ?? [])],
    [
      ["constructor", "a"],
      ["__proto__", "b"],
      ["role", "c"],
    ],
  );
});

it("what is said of a text that is no YAML, or of a key that is not known, stays on one line", () => {
  for (const text of [`${MINIMAL}}\u009b a\n\u0007`, `${MINIMAL}"a\\nb\\e[31m": 1`, `${MINIMAL}? "a\u2028"\n: 1`]) {
    for (const problem of problems(text)) assert.doesNotMatch(problem, /[\p{Cc}\u2028]/u);
  }
});

it("an alias of nothing is named, and not at any length", () => {
  const [problem = ""] = problems(`services: *${"x".repeat(10_000)}`);
  assert.match(problem, /^frontends\.yaml: not usable YAML: Unresolved alias .*x/);
  assert.ok(problem.length < 400, `${problem.length} characters`);
});

it("a path is no longer than everywhere else", () => {
  const file = (length: number) => MINIMAL.replace("port: 80", `port: 80, path: "/${"x".repeat(length)}"`);
  assert.match(
    problems(file(1_024))[0] ?? "",
    /path: got .* expected a path that starts with "\/", without spaces and "#", at most 1,024/,
  );
  assert.equal(load(file(1_023)).services[0]?.service.listeners[0]?.path.length, 1_024);
});

it("whatever a frontends file says, it is read or refused with sentences", () => {
  const word = fc.constantFrom("services", "nodes", "namespace", "name", "ports", "port", "__proto__", "*a", "&a");
  const text = fc
    .array(fc.tuple(fc.nat({ max: 6 }), word, fc.oneof(fc.string(), fc.json(), fc.constant(""))))
    .map((rows) => rows.map(([indent, key, value]) => `${" ".repeat(indent)}${key}: ${value}`).join("\n"));
  fc.assert(
    fc.property(fc.oneof(text, fc.json(), fc.string()), (given) => {
      try {
        load(given);
      } catch (error) {
        assert.ok(error instanceof FrontendsFileError && error.problems.length > 0, String(error));
      }
    }),
    { numRuns: 300 },
  );
});
