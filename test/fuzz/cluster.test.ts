/** What objects of the API come to: load balancers, fixes, plans, and the series that are exported of them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ClusterClassifier } from "../../src/discovery/cluster.ts";
import { describeGateways } from "../../src/discovery/gateways/gateway.ts";
import { gatewayFixOf } from "../../src/discovery/gateways/gateway-fix.ts";
import { MAX_ANNOTATION_LENGTH, parseAttributes, parseGoBool, setAttribute } from "../../src/discovery/objects/annotations.ts";
import { routeParser } from "../../src/discovery/objects/gateway-objects.ts";
import { ObjectError } from "../../src/discovery/objects/schema.ts";
import { parseService, type ServiceObject } from "../../src/discovery/objects/service-object.ts";
import { classifyService } from "../../src/discovery/rules/classify.ts";
import { fixOf } from "../../src/discovery/rules/fix.ts";
import { withChanges } from "../../src/discovery/rules/fix-changes.ts";
import { loadBalancerOf } from "../../src/discovery/rules/load-balancer.ts";
import { readWishes, WishError } from "../../src/discovery/rules/own-annotations.ts";
import { SnapshotBuilder } from "../../src/discovery/snapshot.ts";
import { addressPolicy } from "../../src/domain/address.ts";
import { parseExposition } from "../../src/domain/exposition.ts";
import type { Resolution } from "../../src/domain/frontend.ts";
import { canHairpin } from "../../src/domain/load-balancer.ts";
import { PROTOCOLS } from "../../src/domain/service.ts";
import { AgentMetrics } from "../../src/metrics/agent-metrics.ts";
import { planFrontends } from "../../src/plan/frontends.ts";
import { anyContext } from "./support/context.ts";
import { fuzz } from "./support/fuzz.ts";
import * as holding from "./support/holding.ts";
import { KINDS, MEANINGFUL } from "./support/kinds.ts";
import { mutatedJson, mutatedText } from "./support/mutate.ts";
import { complaint, oneOf, port, sentence } from "./support/wellformed.ts";

/** What can be read of these texts; the rest is the matter of objects.test.ts. */
const readable = <T>(texts: readonly string[], read: (object: unknown) => T): readonly T[] =>
  texts.flatMap((text) => {
    try {
      return [read(JSON.parse(text))];
    } catch (error) {
      if (error instanceof ObjectError) return [];
      throw error;
    }
  });

const keyed = <T extends { readonly name: string; readonly namespace?: string }>(objects: readonly T[]): ReadonlyMap<string, T> =>
  new Map(objects.map((each) => [`${each.namespace ?? ""}/${each.name}`, each]));

fuzz(
  "a Service of any annotations is classified, described and fixed in clean text",
  fc.record({ text: mutatedJson(KINDS.Service.recorded, MEANINGFUL), context: anyContext }),
  ({ text, context }) => {
    for (const service of readable([text], parseService)) {
      const described = loadBalancerOf(service, { context });
      holding.loadBalancer(described);
      const classified = classifyService(service, { context }, "/");
      if (classified.kind === "nlb") holding.nlbService(classified.service);
      else sentence(classified.detail, 3_000);
      const fix = fixOf(described, service, { context });
      if (fix === undefined) continue;
      holding.fix(fix);
      if (fix.annotations.length === 0 || fix.anew || fix.caveats.length > 0) continue;
      const annotations = withChanges(service.annotations, fix.annotations);
      if ([...annotations.values()].some((value) => value.length > MAX_ANNOTATION_LENGTH)) continue;
      const fixed: ServiceObject = { ...service, annotations };
      assert.notEqual(canHairpin(loadBalancerOf(fixed, { context })), true, "it can hairpin with the fix");
    }
  },
);

const NOTATIONS = ["a=b,preserve_client_ip.enabled=true", "80=http, admin=https", "/healthz?x=\\,y", "a\\,b=c\\\\,d=", "=,=="];

fuzz(
  "the notations of annotations mean the same when they are written anew",
  mutatedText(NOTATIONS, [",", "=", "\\", "\\,", " ", "preserve_client_ip.enabled", "true", "80", "http", "/", "1"]),
  (text) => {
    const before = parseAttributes(text);
    const after = parseAttributes(setAttribute(text, "preserve_client_ip.enabled", "false"));
    // What is refused may be so for this attribute alone, and then is not any more.
    if (before !== undefined) assert.deepEqual(after, new Map([...before, ["preserve_client_ip.enabled", "false"]]));
    else if (after !== undefined) assert.equal(after.get("preserve_client_ip.enabled"), "false");
    oneOf("a Go boolean", parseGoBool(text), [true, false, undefined]);
    const ports = [
      { port: 80, name: "http" },
      { port: 443, name: "" },
    ];
    for (const annotation of ["hairpin-probe/probe", "hairpin-probe/protocol", "hairpin-probe/path"]) {
      try {
        const { protocols, path } = readWishes(new Map([[annotation, text]]), ports);
        for (const [number, protocol] of protocols) {
          port("a wish", number);
          oneOf("a wish", protocol, PROTOCOLS);
        }
        assert.match(path ?? "/", /^\/[!-~]{0,1023}$/);
      } catch (error) {
        if (!(error instanceof WishError)) throw error;
        complaint(error.message);
      }
    }
  },
);

const some = (kind: keyof typeof KINDS, maxLength: number): fc.Arbitrary<string[]> =>
  fc.array(mutatedJson(KINDS[kind].recorded, MEANINGFUL), { maxLength });

const ADDRESSES = ["10.0.32.5", "10.0.64.5", "127.0.0.1", "8.8.8.8", "fd00::5", "2600::1", "169.254.169.254"] as const;
const zonal = fc.record({ address: fc.constantFrom(...ADDRESSES), zone: fc.constantFrom("eu-west-1a", "eu-west-1b", undefined) });
const resolution: fc.Arbitrary<Resolution | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.record({
    kind: fc.constant("resolved" as const),
    addresses: fc.array(zonal, { maxLength: 4 }),
    overLimit: fc.nat({ max: 9 }),
  }),
  fc.record({
    kind: fc.constant("failed" as const),
    detail: fc.constant("ENOTFOUND for the A records"),
    lastAddresses: fc.array(zonal, { maxLength: 2 }),
    overLimit: fc.nat({ max: 9 }),
  }),
);

fuzz(
  "a cluster of any objects is planned, and its metrics can be read back",
  fc.record({
    services: some("Service", 4),
    slices: some("EndpointSlice", 3),
    classes: some("GatewayClass", 2),
    gateways: some("Gateway", 2),
    routes: some("route", 2),
    loadBalancers: some("LoadBalancerConfiguration", 2),
    targetGroups: some("TargetGroupConfiguration", 2),
    bindings: some("TargetGroupBinding", 2),
    configurationsReadable: fc.boolean(),
    context: anyContext,
    resolution,
  }),
  async (given) => {
    const world = {
      services: keyed(readable(given.services, KINDS.Service.read)),
      classes: keyed(readable(given.classes, KINDS.GatewayClass.read)),
      gateways: keyed(readable(given.gateways, KINDS.Gateway.read)),
      routes: readable(given.routes, routeParser("TCPRoute")),
      configurations: {
        loadBalancers: keyed(readable(given.loadBalancers, KINDS.LoadBalancerConfiguration.read)),
        targetGroups: keyed(readable(given.targetGroups, KINDS.TargetGroupConfiguration.read)),
      },
      configurationsReadable: given.configurationsReadable,
    };
    for (const described of describeGateways(world, given.context)) {
      holding.loadBalancer(described.loadBalancer);
      const fix = gatewayFixOf(described, world, given.context, new Map());
      if (fix !== undefined) holding.fix(fix);
    }
    const bindings = readable(given.bindings, KINDS.TargetGroupBinding.read);
    const classified = new ClusterClassifier(given.context, "/").classify({ ...world, bindings });
    const snapshot = new SnapshotBuilder().build({
      classified,
      slices: readable(given.slices, KINDS.EndpointSlice.read),
      agentsService: { namespace: "hairpin-probe", name: "agents" },
      others: [],
      isListed: () => true,
    });
    holding.snapshot(snapshot);
    const plan = planFrontends(snapshot, () => given.resolution, { node: "n1", zone: undefined }, addressPolicy([]));
    plan.frontends.forEach(holding.frontend);
    const metrics = new AgentMetrics({ node: "n1", nowMs: () => 0, maxSeries: 20_000 });
    metrics.plan(snapshot, plan.frontends, plan.controls);
    const samples = parseExposition(await metrics.registry.render());
    const exported = samples.filter(({ name }) => name === "hairpin_probe_service_info").map(({ labels }) => labels);
    const told = new Set(exported.map(({ service_namespace, service_name }) => `${service_namespace}/${service_name}`));
    assert.deepEqual(told, new Set(snapshot.services.map(({ service }) => `${service.namespace}/${service.name}`)));
    const zones = new Set(
      samples.filter(({ name }) => name === "hairpin_probe_attempts_total").map(({ labels }) => labels.frontend_zone),
    );
    assert.deepEqual(zones, new Set(plan.frontends.map(({ zone }) => zone ?? "")));
  },
);
