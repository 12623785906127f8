import { stringify } from "yaml";
import type { Fix } from "../../domain/fix.ts";
import { canHairpin } from "../../domain/load-balancer.ts";
import { PRESERVE } from "../rules/attributes.ts";
import { COSTS } from "../rules/fix-words.ts";
import type { DescribedGateway, GatewayWorld } from "./gateway.ts";

/**
 * What ends the hairpins of a Gateway's NLB: a TargetGroupConfiguration for each Service behind it.
 *
 * @returns `undefined` where nothing is to be fixed, or it is not known that there is.
 * @see aws-load-balancer-controller, Gateway API guide, TargetGroupConfiguration.
 */
export function gatewayFixOf({ loadBalancer, behind }: DescribedGateway, { configurations }: GatewayWorld): Fix | undefined {
  if (canHairpin(loadBalancer) !== true) return undefined;
  const preserving = loadBalancer.ports.filter(({ targetGroup }) => targetGroup.preserveClientIp.enabled === true);
  const isForced = (port: number): boolean =>
    preserving.some((each) => each.port === port && each.targetGroup.preserveClientIp.origin === "forced");
  const services = new Map(
    preserving
      .filter(({ port }) => !isForced(port))
      .flatMap(({ port }) => behind.get(port) ?? [])
      .map((service) => [`${service.namespace}/${service.name}`, service]),
  );
  const forced = preserving.filter(({ port }) => isForced(port)).map(({ port, transport }) => `${port}/${transport}`);
  const present = [...configurations.targetGroups.values()];
  const overriding = present.filter(
    ({ namespace, serviceName, routes }) =>
      services.has(`${namespace}/${serviceName}`) && routes.some(({ props }) => props.attributes.has(PRESERVE)),
  );
  const manifests = [...services.values()].map(({ namespace, name }) => {
    const known = present.find((each) => each.namespace === namespace && each.serviceName === name);
    const attributes = new Map([...(known?.props.attributes ?? []), [PRESERVE, "false"]]);
    return stringify({
      apiVersion: "gateway.k8s.aws/v1beta1",
      kind: "TargetGroupConfiguration",
      metadata: { namespace, name: known?.name ?? name },
      spec: {
        targetReference: { kind: "Service", name },
        defaultConfiguration: { targetGroupAttributes: [...attributes].map(([key, value]) => ({ key, value })) },
      },
    });
  });
  const isFixable = manifests.length > 0;
  return {
    summary: isFixable
      ? "Switches client IP preservation off, for each Service behind the Gateway."
      : "No setting of the NLB ends it: only where callers run, or what they call, does.",
    annotations: [],
    anew: false,
    manifest: manifests.join("---\n"),
    caveats: [
      ...(isFixable ? ["Fields of a TargetGroupConfiguration that is there already are to be kept beside these."] : []),
      ...overriding.map(
        ({ namespace, name }) => `${namespace}/${name} has it in routeConfigurations, too: switch it off there as well.`,
      ),
      ...(forced.length === 0 ? [] : [`Preservation cannot be off for ${forced.join(", ")}: UDP target groups always preserve.`]),
    ],
    costs: isFixable ? COSTS : [],
    alternatives: ["Calls from inside the cluster past the NLB, by the Service's own name (SERVICE.NAMESPACE.svc)."],
  };
}
