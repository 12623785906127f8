/** Each kind of object of the API: the recorded ones, what reads it, and what must be true of whatever is read. */
import assert from "node:assert/strict";
import {
  AWS_ANNOTATIONS,
  isReadAnnotation,
  OWN_ANNOTATIONS,
  type ReadAnnotations,
} from "../../../src/discovery/objects/annotations.ts";
import {
  type LoadBalancerConfigurationObject,
  parseLoadBalancerConfiguration,
  parseTargetGroupConfiguration,
  type TargetGroupConfigurationObject,
  type TargetGroupProps,
} from "../../../src/discovery/objects/gateway-config-objects.ts";
import {
  type GatewayClassObject,
  type GatewayObject,
  type ParametersRef,
  parseGateway,
  parseGatewayClass,
  ROUTE_KINDS,
  type RouteObject,
  routeParser,
} from "../../../src/discovery/objects/gateway-objects.ts";
import { parseNode } from "../../../src/discovery/objects/node-object.ts";
import { parseService, type ServiceObject } from "../../../src/discovery/objects/service-object.ts";
import { type EndpointSliceObject, sliceParser } from "../../../src/discovery/objects/slice-object.ts";
import { type BindingObject, parseBinding } from "../../../src/discovery/objects/target-group-binding.ts";
import type { NodePlacement } from "../../../src/domain/snapshot.ts";
import { corpus } from "./corpus.ts";
import type { Json } from "./mutate.ts";
import { address, clean, oneOf, port } from "./wellformed.ts";

export interface Kind<T> {
  readonly kind: string;
  readonly recorded: readonly Json[];
  readonly read: (object: unknown) => T;
  /** Throws where what was read is not what its type promises. */
  readonly holds: (read: T) => void;
}

const kind = <T>(name: string, file: string, read: (object: unknown) => T, holds: (read: T) => void): Kind<T> => ({
  kind: name,
  recorded: corpus(file),
  read,
  holds,
});

const MAX_ANNOTATION = 4096;

/** Keys that are read where objects are open, and texts that mean something somewhere. */
export const MEANINGFUL = {
  keys: [
    ...Object.values(AWS_ANNOTATIONS),
    ...Object.values(OWN_ANNOTATIONS),
    `${AWS_ANNOTATIONS.targetGroupAttributes}.80`,
    "service.beta.kubernetes.io/actions.TCP-80",
    "topology.kubernetes.io/zone",
    "kubernetes.io/service-name",
    "service.k8s.aws/stack-name",
    "gateway.k8s.aws/stack-namespace",
    "matchExpressions",
    "resourceVersion",
  ],
  texts: [
    "preserve_client_ip.enabled=false",
    "preserve_client_ip.enabled=TRUE,stickiness.enabled=1",
    "load_balancing.cross_zone.enabled=x",
    "dns_record.client_routing_policy=availability_zone_affinity",
    "80=http,443=https",
    "http=tls",
    "/health\\z",
    "internet-facing",
    "external",
    "nlb-ip",
    "instance",
    "ip",
    "*",
    '{"type":"forward","forwardConfig":{"targetGroups":[{"serviceName":"web","servicePort":"80","weight":999}]}}',
    '{"type":"forward","forwardConfig":{"targetGroups":[{"weight":1e999},{"weight":null}]}}',
    "TCPRoute:shop:tcp",
    "k8s-a-b.elb.eu-west-1.amazonaws.com",
    "internal-a-1.eu-west-1.elb.amazonaws.com",
  ],
} as const;

function annotations({ annotations: kept, oversized }: ReadAnnotations): void {
  for (const [key, value] of kept) {
    assert.ok(isReadAnnotation(key), `annotation ${key} is kept and never read`);
    assert.ok(typeof value === "string" && value.length <= MAX_ANNOTATION, `annotation ${key}: too long, or no text`);
  }
  for (const key of oversized) assert.ok(isReadAnnotation(key), `annotation ${key} is named and never read`);
}

function labels(found: ReadonlyMap<string, string | undefined> | undefined): void {
  for (const [key, value] of found ?? []) {
    clean("the key of a label", key);
    if (value !== undefined) clean(`label ${key}`, value);
  }
}

function service(read: ServiceObject): void {
  clean("namespace", read.namespace);
  clean("name", read.name);
  annotations(read);
  for (const each of read.ports) {
    port("port", each.port);
    if (each.nodePort !== undefined) port("nodePort", each.nodePort);
    for (const text of [each.name, each.protocol, each.appProtocol ?? ""]) clean("port", text);
  }
  for (const hostname of read.hostnames) clean("hostname", hostname);
  for (const each of read.shortcuts) address("shortcut", each);
  if (read.clusterIp !== undefined) address("clusterIp", read.clusterIp);
  const texts = [read.type, read.loadBalancerClass ?? "", read.sessionAffinity, read.loadBalancerIp ?? ""];
  for (const text of [...texts, ...read.ipFamilies, ...read.sourceRanges]) clean("spec", text);
  oneOf("externalTrafficPolicy", read.externalTrafficPolicy, ["Cluster", "Local"]);
  for (const value of [read.allocateNodePorts, read.isBeingDeleted]) assert.equal(typeof value, "boolean");
}

function slice({ namespace, name, serviceName, ids, backends }: EndpointSliceObject): void {
  for (const text of [namespace, name, serviceName ?? "", ...ids]) clean("slice", text, 254);
  assert.equal(ids.length, backends.length);
  for (const { node, zone, ready } of backends) {
    clean("node", node ?? "");
    clean("zone", zone ?? "");
    assert.equal(typeof ready, "boolean");
  }
}

function node({ node: name, zone, excluded, labels: found }: NodePlacement): void {
  clean("node", name);
  if (zone !== undefined) clean("zone", zone);
  assert.equal(typeof excluded, "boolean");
  labels(found);
}

function parameters(given: ParametersRef | undefined): void {
  for (const text of [given?.kind ?? "", given?.name ?? "", given?.namespace ?? ""]) clean("parameters", text);
}

function gatewayClass(read: GatewayClassObject): void {
  clean("name", read.name);
  clean("controllerName", read.controllerName);
  parameters(read.parameters);
}

function gateway(read: GatewayObject): void {
  for (const text of [read.namespace, read.name, read.className, ...read.hostnames]) clean("gateway", text);
  annotations(read);
  parameters(read.parameters);
  for (const listener of read.listeners) {
    port("listener", listener.port);
    for (const text of [listener.name, listener.protocol, listener.routesFrom]) clean("listener", text);
  }
}

function route(read: RouteObject): void {
  oneOf("kind", read.kind, ROUTE_KINDS);
  for (const parent of read.parents) {
    for (const text of [parent.namespace, parent.name, parent.sectionName ?? ""]) clean("parent", text);
    if (parent.port !== undefined) port("parent", parent.port);
  }
  for (const backend of read.backends) {
    for (const text of [backend.kind, backend.namespace, backend.name]) clean("backend", text, 600);
    if (backend.port !== undefined) port("backend", backend.port);
    assert.ok(Number.isFinite(backend.weight) && backend.weight >= 0, `weight: ${backend.weight}, expected a finite one from 0`);
  }
}

function attributes(found: ReadonlyMap<string, string>): void {
  for (const [key, value] of found) {
    clean("the key of an attribute", key);
    clean(`attribute ${key}`, value, MAX_ANNOTATION);
  }
}

function loadBalancerConfiguration(read: LoadBalancerConfigurationObject): void {
  clean("name", read.name);
  oneOf("scheme", read.scheme, ["internal", "internet-facing", undefined]);
  attributes(read.attributes);
  clean("defaults", read.defaultTargetGroups ?? "");
}

function props(read: TargetGroupProps): void {
  oneOf("targetType", read.targetType, ["instance", "ip", undefined]);
  clean("protocol", read.protocol ?? "");
  oneOf("multiCluster", read.multiCluster, [true, false, undefined]);
  attributes(read.attributes);
  labels(read.nodeSelector?.labels);
}

function targetGroupConfiguration(read: TargetGroupConfigurationObject): void {
  clean("serviceName", read.serviceName ?? "");
  props(read.props);
  for (const { kind: routeKind, namespace, name, props: own } of read.routes) {
    for (const text of [routeKind, namespace ?? "", name ?? ""]) clean("route", text);
    props(own);
  }
}

function binding(read: BindingObject): void {
  for (const text of [read.namespace, read.name, read.serviceName, read.servicePort]) clean("binding", text);
  for (const text of Object.values(read.madeFor ?? {})) clean("madeFor", text);
  oneOf("targetType", read.facts.targetType, ["instance", "ip", undefined]);
  oneOf("ipFamily", read.facts.ipFamily, [4, 6, undefined]);
  assert.equal(typeof read.facts.multiCluster, "boolean");
  labels(read.facts.nodeSelector);
}

const readSlice = sliceParser();

export const KINDS = {
  Service: kind("Service", "services.json", parseService, service),
  EndpointSlice: kind(
    "EndpointSlice",
    "endpointslices.json",
    (object) => readSlice(object) ?? assert.fail("a slice is left out although all are wanted"),
    slice,
  ),
  Node: kind("Node", "nodes.json", parseNode, node),
  GatewayClass: kind("GatewayClass", "gatewayclasses.json", parseGatewayClass, gatewayClass),
  Gateway: kind("Gateway", "gateways.json", parseGateway, gateway),
  route: kind("TLSRoute", "routes.json", routeParser("TLSRoute"), route),
  LoadBalancerConfiguration: kind(
    "LoadBalancerConfiguration",
    "loadbalancerconfigurations.json",
    parseLoadBalancerConfiguration,
    loadBalancerConfiguration,
  ),
  TargetGroupConfiguration: kind(
    "TargetGroupConfiguration",
    "targetgroupconfigurations.json",
    parseTargetGroupConfiguration,
    targetGroupConfiguration,
  ),
  TargetGroupBinding: kind("TargetGroupBinding", "targetgroupbindings.json", parseBinding, binding),
} as const;
