import { type Finding, judge } from "../../src/audit/finding.ts";
import { parseService } from "../../src/discovery/objects/service-object.ts";
import { fixOf } from "../../src/discovery/rules/fix.ts";
import { loadBalancerOf } from "../../src/discovery/rules/load-balancer.ts";
import { type ControllerContext, DEFAULT_CONTEXT } from "../../src/domain/controller-context.ts";
import type { Exposure, IdleReason } from "../../src/domain/exposure.ts";

/** A Service as the API server sends it, judged. */
export function findingOf(
  object: unknown,
  given: {
    readonly context?: Partial<ControllerContext>;
    readonly exposure?: Exposure;
    readonly exposedNode?: string;
    readonly idle?: IdleReason;
  } = {},
): Finding {
  const service = parseService(object);
  const context = { ...DEFAULT_CONTEXT, ...given.context };
  const loadBalancer = loadBalancerOf(service, { context });
  const fix = fixOf(loadBalancer, service, { context });
  return judge({
    loadBalancer,
    skipped: undefined,
    fix,
    exposure: given.exposure,
    exposedNode: given.exposedNode,
    idle: given.idle,
  });
}
