/** Whatever the agent leaves out is in the audit: a row with the same reason, or a note. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SKIP_REASONS, type SkipReason } from "../../src/domain/service.ts";
import type { ApiServer } from "./support/api-server.ts";
import { classifiedCluster, type GivenCluster } from "./support/cluster.ts";
import { binding, gateway, gatewayClass, route } from "./support/gateway-objects.ts";
import { inventoryOf } from "./support/inventory.ts";
import { lbcService, service } from "./support/objects.ts";
import { BINDINGS, GATEWAY_API, SERVICES } from "./support/running-discovery.ts";

const foreign = (name: string) =>
  binding({ service: name, name: `${name}-by-hand`, labels: {}, spec: { targetType: "instance" } });
const nodePort = (name: string) => service({ name, hostname: null, spec: { type: "NodePort" } });

/** One that is left out for each reason. The compiler sees to it that there is one for each. */
const LEFT_OUT: Readonly<Record<SkipReason, Pick<GivenCluster, "services" | "gateways" | "bindings">>> = {
  not_nlb: { services: [service({ name: "classic", hostname: null })] },
  not_internal: { services: [lbcService({ name: "public", annotations: { scheme: "internet-facing" } })] },
  pending: { services: [lbcService({ name: "waiting", hostname: null })] },
  no_tcp_port: { services: [lbcService({ name: "dns", ports: [{ name: "dns", port: 53, protocol: "UDP" }] })] },
  no_route: { gateways: [gateway({ name: "idle" })] },
  opted_out: { services: [lbcService({ name: "quiet", annotations: { "hairpin-probe/probe": "false" } })] },
  foreign_nlb: {
    services: [nodePort("bound"), service({ name: "classic-and-bound", hostname: null })],
    bindings: [foreign("bound"), foreign("classic-and-bound")],
  },
  invalid: { services: [lbcService({ name: "odd", annotations: { "hairpin-probe/probe": "perhaps" } })] },
};
const all = Object.values(LEFT_OUT);
const CLUSTER: GivenCluster = {
  services: all.flatMap(({ services = [] }) => services),
  gateways: all.flatMap(({ gateways = [] }) => gateways),
  bindings: all.flatMap(({ bindings = [] }) => bindings),
};

function serve(server: ApiServer, { services = [], gateways = [], bindings = [] }: GivenCluster): void {
  type Served = Parameters<ApiServer["put"]>[1];
  for (const object of services) server.put(SERVICES, object as Served);
  for (const object of bindings) server.put(BINDINGS, object as Served);
  for (const object of gateways) server.put(`${GATEWAY_API}/v1/gateways`, object as Served);
  server.put(`${GATEWAY_API}/v1/gatewayclasses`, { ...gatewayClass(), metadata: { namespace: "", name: "nlb" } });
  server.put(`${GATEWAY_API}/v1alpha2/tcproutes`, route({ parent: { name: "nobody" }, to: ["web:80"] }));
}

describe("what the agent skips and what the audit shows", () => {
  const skips = classifiedCluster(CLUSTER).map(({ name, classification }) =>
    classification.kind === "nlb"
      ? assert.fail(`${name} is not skipped`)
      : { name, reason: classification.reason, detail: classification.detail },
  );

  it("is in the agent's list for every reason that there is", () => {
    assert.deepEqual(new Set(skips.map(({ reason }) => reason)), new Set(SKIP_REASONS));
  });

  it("is a row of the audit each, with the agent's own reason and sentence", async () => {
    const { inventory } = await inventoryOf((server) => serve(server, CLUSTER));
    const rows = inventory.items.map(({ loadBalancer: { kind, name }, skipped }) => ({
      name: kind === "Gateway" ? `gateway/${name}` : name,
      reason: skipped?.reason,
      detail: skipped?.detail,
    }));
    const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);
    assert.deepEqual(rows.toSorted(byName), skips.toSorted(byName));
  });

  it("is not known to be harmless where the NLB was made elsewhere: what the binding tells is said, and what would settle the rest", async () => {
    const { inventory } = await inventoryOf((server) => serve(server, LEFT_OUT.foreign_nlb));
    for (const { loadBalancer } of inventory.items) {
      const [port] = loadBalancer.ports;
      assert.deepEqual([port?.port, port?.targetGroup.targetType], [80, "instance"]);
      assert.deepEqual(
        [loadBalancer.isNlb, loadBalancer.internal.enabled, port?.targetGroup.preserveClientIp.enabled],
        [true, undefined, undefined],
      );
      assert.match(loadBalancer.doubts.join(), /^TargetGroupBinding .*-by-hand registers it .*the AWS console tells/);
    }
    assert.equal(inventory.items.length, 2);
  });

  it("is a note where the Service has an NLB of its own beside the one that it is bound to by hand", async () => {
    const both = { services: [lbcService()], bindings: [foreign("web")] };
    const { inventory } = await inventoryOf((server) => serve(server, both));
    assert.equal(inventory.items[0]?.skipped, undefined);
    assert.match(inventory.notes.join(), /^shop\/web has an NLB of its own, and TargetGroupBinding web-by-hand registers it/);
  });
});
