import type { Controller } from "../../domain/service.ts";
import { type Switch, type TargetType, UNKNOWN_SWITCH } from "../../domain/target-group.ts";
import { AWS_ANNOTATIONS, parseGoBool } from "../objects/annotations.ts";
import type { ServicePort } from "../objects/service-object.ts";
import { shown } from "../problems.ts";
import { alwaysPreserves } from "./asked-listeners.ts";
import { type AskedAttributes, PRESERVE } from "./attributes.ts";
import type { Findings } from "./findings.ts";

/**
 * Whether the targets of one port see the client's address: the condition of a hairpin.
 *
 * AWS's default is on for instances and off for pods; for UDP and QUIC it is on and cannot be off.
 *
 * @see AWS, NLB user guide, "Edit target group attributes", client IP preservation.
 */
export function preserveClientIpOf(
  controller: Controller,
  port: ServicePort,
  given: {
    readonly targetType: TargetType | undefined;
    readonly attributes: AskedAttributes;
    /** Of the target group; `undefined`: it may be one that always preserves. */
    readonly protocol: string | undefined;
    /** Why AWS does not do what is asked for, where it does not. */
    readonly withheld: string | undefined;
  },
  findings: Findings,
): Switch {
  const { targetType, attributes, protocol, withheld } = given;
  if (targetType === undefined) return UNKNOWN_SWITCH;
  if (protocol === undefined) {
    findings.doubt(
      `Port ${port.port} is open for TCP and UDP: an NLB has one listener a port, unless ${AWS_ANNOTATIONS.tcpUdpListener} or the ` +
        "controller's gate makes a TCP_UDP one of both. The AWS console tells which there is.",
    );
    return UNKNOWN_SWITCH;
  }
  const text = attributes.asked.get(PRESERVE);
  const forced = alwaysPreserves(protocol);
  // What is on by default and asked to be on is on, whatever AWS refuses.
  const staysOn = targetType === "instance" && parseGoBool(text ?? "") === true;
  if (withheld !== undefined && text !== undefined && !forced && !staysOn) return unknown(findings, withheld);
  return preservation({ controller, targetType, port, forced, text, fate: attributes.fate }, findings);
}

/** What becomes of the attribute of one target group, whoever asks for it. */
export function preservation(
  input: {
    readonly controller: Controller;
    readonly targetType: TargetType;
    readonly port: Pick<ServicePort, "port" | "protocol">;
    /** The target group's protocol is one that always preserves. */
    readonly forced: boolean;
    /** What is asked for; `undefined`: nothing. */
    readonly text: string | undefined;
    readonly fate: AskedAttributes["fate"];
  },
  findings: Findings,
): Switch {
  const { controller, targetType, port, forced, text, fate } = input;
  if (forced) {
    if (text !== undefined && parseGoBool(text) === false && fate !== "ignored") refuseForced(controller, port, findings);
    return { enabled: true, origin: "forced" };
  }
  const byDefault = targetType === "instance";
  if (fate === "refused") return unknown(findings, "its annotation is refused");
  if (text === undefined) return { enabled: byDefault, origin: "default" };
  const enabled = controller === "ccm" ? strictBool(text) : parseGoBool(text);
  if (fate === "ignored") return { enabled: byDefault, origin: enabled === byDefault ? "default" : "ignored" };
  if (enabled === undefined) {
    findings.refuse(`${PRESERVE}: got ${shown(text)}, expected true or false.`);
    return unknown(findings, "its annotation is refused");
  }
  if (strictBool(text) === undefined) {
    findings.doubt(
      `AWS may refuse ${shown(text)} for ${PRESERVE}, which the controller passes on as it is: write true or false.`,
    );
  }
  // Honoured or ignored, it comes to the same.
  if (fate === "honoured" || enabled === byDefault) return { enabled, origin: "explicit" };
  findings.doubt(
    "Whether client IP preservation is off is not known: the cloud provider honours the annotation since 1.32.6, 1.33.3, 1.34.2 " +
      "(1.34.0, too) and ignores it before. Give its version, or let the probe measure it.",
  );
  return UNKNOWN_SWITCH;
}

function unknown(findings: Findings, because: string): Switch {
  findings.doubt(
    `Whether client IP preservation is on is not known: ${because}, and AWS keeps the last value. The AWS console or a measurement tells.`,
  );
  return UNKNOWN_SWITCH;
}

/** The cloud provider validates that itself; the controller passes it on. */
function refuseForced(controller: Controller, port: Pick<ServicePort, "port" | "protocol">, findings: Findings): void {
  const detail = `${PRESERVE}: got false for ${port.protocol} port ${port.port}, where it cannot be switched off.`;
  findings.refuse(detail, controller === "ccm" ? "controller" : "aws");
}

const strictBool = (text: string): boolean | undefined => (text === "true" ? true : text === "false" ? false : undefined);
