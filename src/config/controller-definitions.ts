import { type ControllerContext, DEFAULT_CONTEXT, SCHEMES, type Scheme } from "../domain/controller-context.ts";
import { TARGET_TYPES, type TargetType } from "../domain/target-group.ts";
import type { Version } from "../domain/version.ts";
import { define } from "./definition.ts";
import { boolean, oneOf, version, word } from "./parsers.ts";

/** What the operator says about the cluster's controllers. */
export interface ControllerSettings {
  readonly lbcVersion: Version | undefined;
  readonly lbcTargetType: TargetType;
  readonly lbcScheme: Scheme;
  readonly lbcClass: string;
  readonly lbcLoadBalancerOnly: boolean;
  readonly lbcTcpUdpListener: boolean;
  readonly lbcIpTargets: boolean;
  readonly lbcServiceController: boolean;
  readonly ccmVersion: Version | undefined;
}

const LBC = "AWS Load Balancer Controller";

type Gate = "lbcLoadBalancerOnly" | "lbcTcpUdpListener" | "lbcIpTargets" | "lbcServiceController";

/** @param name - As the controller's --feature-gates has it. */
const gate = (setting: Gate, name: string) =>
  define({
    parse: boolean,
    default: String(DEFAULT_CONTEXT[setting]),
    placeholder: "BOOLEAN",
    help: `Whether the ${LBC} runs with the gate ${name}.`,
  });

/** Settings that every command has which reads Services. */
export const CONTROLLER_DEFINITIONS = {
  lbcVersion: define({
    parse: version,
    placeholder: "VERSION",
    help: `Version of the ${LBC}, such as 2.13.4. Default: a current one.`,
  }),
  lbcTargetType: define({
    parse: oneOf(TARGET_TYPES),
    default: DEFAULT_CONTEXT.lbcTargetType,
    placeholder: "TYPE",
    help: `The ${LBC}'s --default-target-type: ${TARGET_TYPES.join(" or ")}.`,
  }),
  lbcScheme: define({
    parse: oneOf(SCHEMES),
    default: DEFAULT_CONTEXT.lbcScheme,
    placeholder: "SCHEME",
    help: `The ${LBC}'s --default-load-balancer-scheme: ${SCHEMES.join(" or ")}.`,
  }),
  lbcClass: define({
    parse: word,
    default: DEFAULT_CONTEXT.lbcClass,
    placeholder: "CLASS",
    help: `The ${LBC}'s --load-balancer-class.`,
  }),
  lbcLoadBalancerOnly: gate("lbcLoadBalancerOnly", "ServiceTypeLoadBalancerOnly"),
  lbcTcpUdpListener: gate("lbcTcpUdpListener", "EnableTCPUDPListener"),
  lbcIpTargets: gate("lbcIpTargets", "EnableIPTargetType"),
  lbcServiceController: gate("lbcServiceController", "EnableServiceController"),
  ccmVersion: define({
    parse: version,
    placeholder: "VERSION",
    help: "Version of the AWS cloud provider, such as 1.34.2: older ones ignore preserve_client_ip. Default: not known.",
  }),
} as const;

/** The settings as discovery takes them. */
export function controllerContextOf(settings: ControllerSettings): ControllerContext {
  const { lbcVersion, lbcTargetType, lbcScheme, lbcClass, ccmVersion } = settings;
  const { lbcLoadBalancerOnly, lbcTcpUdpListener, lbcIpTargets, lbcServiceController } = settings;
  const gates = { lbcLoadBalancerOnly, lbcTcpUdpListener, lbcIpTargets, lbcServiceController };
  return { lbcVersion, lbcTargetType, lbcScheme, lbcClass, ...gates, ccmVersion };
}
