import fc from "fast-check";
import { type ControllerContext, SCHEMES } from "../../../src/domain/controller-context.ts";
import { TARGET_TYPES } from "../../../src/domain/target-group.ts";

const version = fc.option(fc.record({ major: fc.constantFrom(1, 2, 3), minor: fc.nat({ max: 40 }), patch: fc.nat({ max: 9 }) }), {
  nil: undefined,
});

/** Whatever an operator may say about the controllers. */
export const anyContext: fc.Arbitrary<ControllerContext> = fc.record({
  lbcVersion: version,
  ccmVersion: version,
  lbcTargetType: fc.constantFrom(...TARGET_TYPES),
  lbcScheme: fc.constantFrom(...SCHEMES),
  lbcClass: fc.constantFrom("service.k8s.aws/nlb", "example.com/nlb"),
  lbcLoadBalancerOnly: fc.boolean(),
  lbcTcpUdpListener: fc.boolean(),
  lbcIpTargets: fc.boolean(),
  lbcServiceController: fc.boolean(),
});
