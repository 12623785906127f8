import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseService } from "../../src/discovery/objects/service-object.ts";
import { handlerOf } from "../../src/discovery/rules/handler.ts";
import { loadBalancerOf } from "../../src/discovery/rules/load-balancer.ts";
import { DEFAULT_CONTEXT } from "../../src/domain/controller-context.ts";
import { canHairpin } from "../../src/domain/load-balancer.ts";
import { MODEL_ROWS, type ModelRow } from "./support/controller-rows.ts";

type ModelListener = NonNullable<ModelRow["controller"]["listeners"]>[number];

const PRESERVE = "preserve_client_ip.enabled";
const FALSE = ["0", "f", "F", "false", "FALSE", "False"];

describe("the model that the AWS Load Balancer Controller builds", () => {
  for (const { name, service: object, controller } of MODEL_ROWS) {
    const service = parseService(object);
    const loadBalancer = loadBalancerOf(service, { context: DEFAULT_CONTEXT });
    const refused = loadBalancer.refusals.filter(({ by }) => by === "controller");
    if (!controller.handled) {
      it(`${name}: none`, () => assert.notEqual(handlerOf(service, DEFAULT_CONTEXT).controller, "lbc"));
    } else if (controller.refused !== undefined) {
      it(`${name}: ${controller.refused}`, () => {
        assert.notDeepEqual(refused, []);
        assert.equal(canHairpin(loadBalancer), undefined);
      });
    } else {
      it(`${name}: ${controller.scheme}, ${controller.listeners?.map(({ port }) => port).join(" and ")}`, () => {
        assert.deepEqual(refused, []);
        assert.equal(loadBalancer.controller, "lbc");
        assert.equal(loadBalancer.internal.enabled, controller.scheme === "internal");
        const crossZone = controller.attributes?.["load_balancing.cross_zone.enabled"] === "true";
        assert.deepEqual(
          loadBalancer.ports
            .toSorted((a, b) => a.port - b.port)
            .map(({ port, tlsTerminated, targetGroup }) => ({
              port,
              tlsTerminated,
              targetType: targetGroup.targetType,
              preserves: targetGroup.preserveClientIp.enabled,
              crossZone: targetGroup.crossZone.enabled,
              nodeSelector: Object.fromEntries(targetGroup.nodeSelector ?? []),
            })),
          controller.listeners
            ?.toSorted((a, b) => a.port - b.port)
            .map((listener) => ({
              port: listener.port,
              tlsTerminated: listener.protocol === "TLS",
              targetType: listener.targetType,
              preserves: preserves(listener),
              crossZone,
              nodeSelector: listener.nodeSelector?.matchLabels ?? {},
            })),
        );
      });
    }
  }
});

/** What AWS makes of a target group with these attributes. */
function preserves({ targetProtocol, targetType, targetGroupAttributes }: ModelListener): boolean {
  if (targetProtocol !== "TCP" && targetProtocol !== "TLS") return true;
  const asked = targetGroupAttributes[PRESERVE];
  return asked === undefined ? targetType === "instance" : !FALSE.includes(asked);
}
