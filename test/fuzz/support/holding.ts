/** What must be true of the domain's values, wherever they come from. */
import assert from "node:assert/strict";
import type { Fix } from "../../../src/domain/fix.ts";
import type { Frontend } from "../../../src/domain/frontend.ts";
import type { LoadBalancer } from "../../../src/domain/load-balancer.ts";
import { CONTROLLERS, type NlbService, PROTOCOLS, SKIP_REASONS } from "../../../src/domain/service.ts";
import type { DiscoveredService, Snapshot } from "../../../src/domain/snapshot.ts";
import type { TargetGroup } from "../../../src/domain/target-group.ts";
import { address, clean, oneOf, port, sentence, share } from "./wellformed.ts";

const DNS_NAME = /^(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*$/;
const PATH = /^\/[!-~]{0,1023}$/;

function targetGroup(group: TargetGroup): void {
  oneOf("targetType", group.targetType, ["instance", "ip", undefined]);
  for (const { enabled, origin } of [group.preserveClientIp, group.crossZone]) {
    oneOf("a switch", enabled, [true, false, undefined]);
    oneOf("its origin", origin, ["default", "explicit", "forced", "ignored", "unknown"]);
  }
  oneOf("externalTrafficPolicy", group.externalTrafficPolicy, ["Cluster", "Local"]);
  share("weight", group.weight);
  oneOf("ipFamily", group.ipFamily, [4, 6, undefined]);
  for (const sibling of group.siblings ?? []) {
    share("weight of a sibling", sibling.weight);
    if (sibling.targetGroup !== undefined) targetGroup(sibling.targetGroup);
  }
  assert.ok([group.stickiness, group.multiCluster].every((value) => typeof value === "boolean"));
  assert.ok(group.nodeSelector === undefined || group.nodeSelector instanceof Map);
}

export function nlbService(service: NlbService): void {
  clean("namespace", service.namespace);
  clean("name", service.name, 300);
  oneOf("controller", service.controller, CONTROLLERS);
  if (service.hostname !== undefined) assert.match(service.hostname, DNS_NAME);
  assert.ok(service.hostname !== undefined || service.addresses.length > 0, "neither a host name nor addresses");
  for (const each of service.addresses) address("address", each.address);
  for (const each of service.shortcuts) address("shortcut", each);
  for (const each of service.listeners) {
    port("listener", each.port);
    clean("its name", each.name);
    oneOf("protocol", each.protocol, PROTOCOLS);
    assert.match(each.path, PATH);
    assert.ok(!each.tlsTerminated || each.protocol !== "http", "plain HTTP on a TLS listener");
    targetGroup(each.targetGroup);
    if (each.clusterAddress !== undefined) {
      address("clusterAddress", each.clusterAddress.address);
      port("clusterAddress", each.clusterAddress.port);
    }
  }
}

export function loadBalancer(found: LoadBalancer): void {
  oneOf("controller", found.controller, CONTROLLERS);
  assert.equal(found.isNlb, found.notNlb === "", "why it is no NLB");
  for (const each of found.ports) {
    port("port", each.port);
    targetGroup(each.targetGroup);
  }
  for (const text of [...found.doubts, ...found.refusals.map(({ detail }) => detail)]) sentence(text);
}

export function fix({ summary, annotations, caveats, costs, alternatives }: Fix): void {
  for (const text of [summary, ...caveats, ...costs, ...alternatives]) sentence(text);
  for (const { key, value } of annotations) {
    clean("the key of an annotation", key);
    assert.ok(!/[\n\r]/.test(key));
    assert.equal(typeof value, "string");
  }
}

function discovered({ service, backends, backendsByPort }: DiscoveredService): void {
  nlbService(service);
  for (const { node, zone, ready } of [...backends, ...[...(backendsByPort?.values() ?? [])].flat()]) {
    clean("node", node ?? "");
    clean("zone", zone ?? "");
    assert.equal(typeof ready, "boolean");
  }
}

export function snapshot({ services, skipped, nodes }: Snapshot): void {
  services.forEach(discovered);
  for (const { namespace, name, reason, detail } of skipped) {
    clean("namespace", namespace);
    clean("name", name, 300);
    oneOf("reason", reason, SKIP_REASONS);
    sentence(detail, 3_000);
  }
  for (const { node, zone, labels } of nodes) {
    clean("node", node);
    clean("zone", zone ?? "");
    assert.ok(labels === undefined || labels instanceof Map);
  }
}

export function frontend(planned: Frontend): void {
  share("exposure", planned.exposure);
  assert.equal(typeof planned.colocated, "boolean");
  if (planned.address === undefined) assert.ok(planned.dnsError !== undefined, "no address, and no reason");
  else address("address", planned.address);
  clean("zone", planned.zone ?? "");
}
