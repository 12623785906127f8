import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseService } from "../../src/discovery/objects/service-object.ts";
import { loadBalancerOf } from "../../src/discovery/rules/load-balancer.ts";
import { canHairpin, type LoadBalancer } from "../../src/domain/load-balancer.ts";
import { lbcService, PRESERVE_OFF, PRESERVE_ON } from "./support/objects.ts";

const IP = { "nlb-target-type": "ip" };
const UDP = (port: number) => ({ name: `u${port}`, port, protocol: "UDP" });
const TCP = (port: number) => ({ name: `t${port}`, port, protocol: "TCP" });

const balancer = (asked: string, ports: readonly unknown[] = [TCP(80)], more: Record<string, string> = {}): LoadBalancer =>
  loadBalancerOf(parseService(lbcService({ annotations: { "target-group-attributes": asked, ...more }, ports })));
const preserves = ({ ports }: LoadBalancer) =>
  Object.fromEntries(ports.map(({ port, targetGroup }) => [port, targetGroup.preserveClientIp.enabled]));

describe("what AWS refuses of a target group it refuses whole", () => {
  for (const [name, attribute] of [
    ["a word that is none", "load_balancing.cross_zone.enabled=yes"],
    ["an attribute that AWS does not document", "preserve_client_ip.enable=false"],
  ] as const) {
    it(`so that what else is asked for is not known to be done: ${name}`, () => {
      const found = balancer(`${PRESERVE_OFF},${attribute}`);
      assert.equal(canHairpin(found), undefined);
      assert.match(found.doubts.join(" "), /AWS (may )?refuses? .* and with it all .* AWS keeps the last value/);
    });
  }

  it("and what is on by default, and asked to be on, is on all the same", () => {
    assert.equal(canHairpin(balancer(`${PRESERVE_ON},load_balancing.cross_zone.enabled=yes`)), true);
    assert.equal(canHairpin(balancer("load_balancing.cross_zone.enabled=yes")), true);
    assert.equal(canHairpin(balancer(`${PRESERVE_OFF},load_balancing.cross_zone.enabled=yes`, [TCP(80)], IP)), undefined);
  });

  it("and does not reach the target groups behind it, in the order of their names", () => {
    const found = balancer(PRESERVE_OFF, [TCP(443), UDP(53), TCP(80)]);
    assert.deepEqual(preserves(found), { 443: false, 53: true, 80: undefined });
    assert.deepEqual(preserves(balancer(PRESERVE_OFF, [UDP(53), TCP(443)])), { 443: false, 53: true });
  });

  it("and leaves cross-zone load balancing as it was, too", () => {
    const found = balancer(`${PRESERVE_OFF},load_balancing.cross_zone.enabled=true,no.such=1`);
    assert.equal(found.ports[0]?.targetGroup.crossZone.enabled, undefined);
  });
});
