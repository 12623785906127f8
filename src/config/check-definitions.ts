import type { CheckTarget } from "../domain/check-target.ts";
import { CONTROLLER_DEFINITIONS, type ControllerSettings } from "./controller-definitions.ts";
import { define } from "./definition.ts";
import { DEFINITIONS, type Settings } from "./definitions.ts";
import { noColor, outputAs } from "./output-definitions.ts";
import { integer } from "./parsers.ts";

const OUTPUTS = ["text", "json"] as const;

type Shared = Pick<
  Settings,
  | "timeout"
  | "nodeName"
  | "zone"
  | "kubeconfig"
  | "context"
  | "frontends"
  | "agentsService"
  | "httpPath"
  | "tlsVerify"
  | "evidence"
  | "allowCidr"
>;

/** The settings of `check`. Those that the agent has, too, are called the same: what an agent's pod is told holds for both. */
export interface CheckSettings extends Shared, ControllerSettings {
  readonly target: CheckTarget;
  /** Whether the name of the node was told, and is not just what this machine is called. */
  readonly isNodeNameGiven: boolean;
  /** At each address, at most. */
  readonly attempts: number;
  /** Attempts that begin in a second, all addresses together. */
  readonly rate: number;
  readonly output: (typeof OUTPUTS)[number];
  readonly noColor: boolean;
}

const { timeout, nodeName, zone, kubeconfig, context, frontends, agentsService, httpPath, tlsVerify, evidence, allowCidr } =
  DEFINITIONS;

export const CHECK_DEFINITIONS = {
  attempts: define({
    parse: integer(1, 10_000),
    default: "200",
    placeholder: "NUMBER",
    short: "n",
    help: "Attempts at each address, at most; it takes fewer where the verdict can no longer change.",
  }),
  rate: define({
    parse: integer(1, 200),
    default: "20",
    placeholder: "NUMBER",
    help: "Attempts that begin in a second, all addresses together.",
  }),
  timeout,
  output: outputAs(OUTPUTS),
  noColor,
  nodeName,
  zone,
  kubeconfig,
  context,
  frontends,
  agentsService,
  httpPath,
  tlsVerify,
  evidence,
  allowCidr,
  ...CONTROLLER_DEFINITIONS,
} as const;
