/** Objects that no API server should send, and that fuzzing found to be taken for something. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ObjectStore } from "../../src/discovery/api/object-store.ts";
import { parseLoadBalancerConfiguration } from "../../src/discovery/objects/gateway-config-objects.ts";
import { parseGateway, routeParser } from "../../src/discovery/objects/gateway-objects.ts";
import { parseNode } from "../../src/discovery/objects/node-object.ts";
import { ObjectError } from "../../src/discovery/objects/schema.ts";
import { parseService } from "../../src/discovery/objects/service-object.ts";
import { parseBinding } from "../../src/discovery/objects/target-group-binding.ts";
import { binding, gateway, loadBalancerConfiguration, route } from "./support/gateway-objects.ts";
import { lbcService, parseEndpointSlice, service, slice, TCP_80 } from "./support/objects.ts";

const refused = (read: () => unknown, message: RegExp): void =>
  assert.throws(read, (error) => error instanceof ObjectError && message.test(error.message));

const NODE = { metadata: { name: "n1" } };

test("a list is no mapping, however empty both are", () => {
  refused(() => parseLoadBalancerConfiguration({ ...loadBalancerConfiguration("edge"), spec: [] }), /spec: got a list, expected/);
  refused(() => parseBinding(binding({ spec: { nodeSelector: [] } })), /spec\.nodeSelector: got a list, expected a mapping/);
  refused(() => parseGateway(gateway({ listeners: [{ port: 443, protocol: "TLS", tls: [] }] })), /tls: got a list/);
  refused(() => parseService({ ...service(), status: [] }), /status: got a list/);
  refused(() => parseNode({ ...NODE, spec: [] }), /spec: got a list/);
  const endpoints = [{ addresses: ["10.0.0.1"], conditions: [] }];
  refused(() => parseEndpointSlice({ ...slice("web", []), endpoints }), /conditions: got a list/);
});

test("a label that is no text is refused: a mapping would be a zone of its own, or break the program", () => {
  const labelled = (value: unknown) => ({ metadata: { name: "n1", labels: { "topology.kubernetes.io/zone": value } } });
  const expected = /^Node: metadata\.labels\.topology\.kubernetes\.io\/zone: got .*, expected text/;
  for (const value of [{}, 5, null, { toString: null }]) refused(() => parseNode(labelled(value)), expected);
  refused(() => parseNode(labelled("a\nb")), /expected text without control characters/);
  const selecting = (value: unknown) => binding({ spec: { nodeSelector: { matchLabels: { role: value } } } });
  for (const value of [{}, { toString: null }]) refused(() => parseBinding(selecting(value)), /matchLabels\.role: got a mapping/);
  const stack = { "service.k8s.aws/stack-name": { toString: null } as unknown as string };
  refused(() => parseBinding(binding({ labels: stack })), /stack-name: got a mapping, expected text/);
});

test("the name of a label stays on one line of what is said about it", () => {
  const labels = { "a\nb\u009b31m": 5 };
  refused(() => parseNode({ metadata: { name: "n1", labels } }), /^Node: metadata\.labels\.a\?b\?31m: got 5, expected text$/);
});

test("an annotation that is no text is refused with what was given, and what was expected", () => {
  const annotations = { "hairpin-probe/path": 5 as unknown as string };
  refused(() => parseService(service({ annotations })), /^metadata\.annotations\.hairpin-probe\/path: got 5, expected text$/);
});

test("ports are ports, wherever they are", () => {
  const nodePort = (port: number) => () => parseService(service({ ports: [{ ...TCP_80, nodePort: port }] }));
  for (const port of [-1, 65_536, 1e300]) refused(nodePort(port), /nodePort: got .*, expected a port from 1 to 65535/);
  assert.equal(nodePort(0)().ports[0]?.nodePort, undefined);
  for (const port of [-1, 1.5, 70_000])
    refused(() => parseBinding(binding({ port })), /serviceRef\.port: got .*, expected (a port|a whole number)/);
  assert.equal(parseBinding(binding({ port: "http" })).servicePort, "http");
});

test("the weight of a backend is one that the Gateway API has", () => {
  const weighing = (weight: number) => {
    const object = route({ to: ["web:80"] });
    const backendRefs = [{ name: "web", port: 80, weight }];
    return routeParser("TCPRoute")({ ...object, spec: { ...object.spec, rules: [{ backendRefs }] } }).backends[0]?.weight;
  };
  for (const weight of [Number.POSITIVE_INFINITY, 0.5, -1, 1_000_001])
    refused(() => weighing(weight), /weight: got .*, expected a whole weight from 0 to 1,000,000/);
  assert.deepEqual([weighing(0), weighing(1_000_000)], [0, 1_000_000]);
});

test("addresses that kube-proxy answers for are addresses", () => {
  const vip = { ...service(), status: { loadBalancer: { ingress: [{ ip: "web.example.com" }] } } };
  refused(() => parseService(vip), /ingress\[0\]\.ip: got "web\.example\.com", expected an IP address/);
  refused(
    () => parseService(lbcService({ spec: { externalIPs: ["a,b"] } })),
    /externalIPs\[0\]: got "a,b", expected an IP address/,
  );
  const both = { ...service(), status: { loadBalancer: { ingress: [{ ip: "", hostname: "a.example" }, { ip: "10.0.0.1" }] } } };
  assert.deepEqual(parseService(both).shortcuts, ["10.0.0.1"]);
});

test("attributes of configuration objects are bounded, and hold no control characters", () => {
  const valued = (value: string) => () =>
    parseLoadBalancerConfiguration(loadBalancerConfiguration("a", { attributes: { a: value } }));
  refused(valued("x".repeat(4097)), /value: got .*, expected at most 4096 characters/);
  refused(valued("a\u009b31m"), /expected text without control characters/);
  assert.equal(valued("x".repeat(4096))().attributes.get("a")?.length, 4096);
});

test("an object that is left out is named on one line, and not at any length", () => {
  const errors: string[] = [];
  const store = new ObjectStore(parseService, ({ message }) => errors.push(message));
  store.set({ metadata: { namespace: "a\nb", name: "x".repeat(100_000) } });
  assert.match(errors[0] ?? "", /^a\?b\/x+… is left out: /);
  assert.ok((errors[0] ?? "").length < 1_500, `${errors[0]?.length} characters`);
});
