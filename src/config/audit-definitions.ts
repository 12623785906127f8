import { VERDICTS, type Verdict } from "../domain/verdict.ts";
import { CONTROLLER_DEFINITIONS, type ControllerSettings } from "./controller-definitions.ts";
import { define } from "./definition.ts";
import { KUBECTL_DEFINITIONS, type KubectlSettings } from "./kubectl-definitions.ts";
import { noColor, outputAs } from "./output-definitions.ts";
import { dnsLabels, oneOf, severalOf } from "./parsers.ts";

export const OUTPUTS = ["text", "json", "markdown"] as const;
export type Output = (typeof OUTPUTS)[number];
const SORTS = ["exposure", "name"] as const;

/** The settings of `audit`. */
export interface AuditSettings extends ControllerSettings, KubectlSettings {
  /** `undefined`: all of them. */
  readonly namespace: readonly string[] | undefined;
  /** `undefined`: all of them. */
  readonly verdict: readonly Verdict[] | undefined;
  readonly sort: (typeof SORTS)[number];
  readonly output: Output;
  readonly failOn: "can" | "unknown";
  readonly noColor: boolean;
}

export const AUDIT_DEFINITIONS = {
  ...KUBECTL_DEFINITIONS,
  namespace: define({
    parse: dnsLabels,
    placeholder: "NAMESPACE,…",
    short: "n",
    help: "Only these namespaces. Default: all that there are.",
  }),
  verdict: define({
    parse: severalOf(VERDICTS),
    placeholder: "VERDICT,…",
    help: `Shows only these: ${VERDICTS.join(", ")}. Exit code and summary count the others, too.`,
  }),
  sort: define({
    parse: oneOf(SORTS),
    default: "exposure",
    placeholder: "KEY",
    help: `Order: ${SORTS.join(" (the worst first) or ")}.`,
  }),
  output: outputAs(OUTPUTS),
  failOn: define({
    parse: oneOf(["can", "unknown"] as const),
    default: "can",
    placeholder: "VERDICT",
    help: "What makes the exit code 1: a load balancer that can hairpin, or also one of which it is not known.",
  }),
  noColor,
  ...CONTROLLER_DEFINITIONS,
} as const;
