import { shown } from "../problems.ts";

/** How a listener spreads over several target groups, as JSON. */
export interface ForwardAction {
  /** `undefined`: not said. */
  readonly baseWeight: number | undefined;
  readonly groups: readonly ForwardGroup[];
  /** A client keeps to the target group that it was given first. */
  readonly isSticky: boolean;
}

/** One of the target groups: of a Service, or by its name in AWS. */
export interface ForwardGroup {
  readonly arn: string | undefined;
  readonly serviceName: string | undefined;
  /** Number or name: which of them matters, since a name may look like a number. */
  readonly servicePort: number | string | undefined;
  readonly weight: number | undefined;
}

/** What the controller does not take: what was expected, in words. */
export class ActionError extends Error {
  override readonly name = "ActionError";
}

export const MAX_WEIGHT = 999;
const INT32_MAX = 2_147_483_647;

/**
 * Reads an action as the AWS Load Balancer Controller does: Go takes keys in any case, leaves out those that it does not know, and
 * reads null as nothing.
 *
 * @throws ActionError for what the controller refuses.
 * @see aws-load-balancer-controller, pkg/service/config_types.go.
 */
export function parseForwardAction(text: string): ForwardAction {
  const action = mapping(parseJson(text), "a JSON object");
  if (textOf(action, "type") !== "forward")
    throw new ActionError(`got ${shown(field(action, "type"))} as type, expected forward`);
  const given = field(action, "forwardConfig");
  if (given === undefined) throw new ActionError("got no forwardConfig, without which the controller fails");
  const config = mapping(given, "a JSON object as forwardConfig");
  const baseWeight = integer(config, "baseServiceWeight");
  const groups = list(field(config, "targetGroups")).map(groupOf);
  if (groups.length > 1 && groups.some(({ weight }) => weight === undefined)) {
    throw new ActionError("expected a weight of each where there are several targetGroups");
  }
  const stickiness = mapping(field(config, "targetGroupStickinessConfig") ?? null, "an object as targetGroupStickinessConfig");
  return { baseWeight, groups, isSticky: booleanOf(stickiness, "enabled") === true };
}

function groupOf(given: unknown): ForwardGroup {
  const group = mapping(given, "an object as target group");
  const arn = textOf(group, "targetGroupARN");
  const serviceName = textOf(group, "serviceName");
  const servicePort = field(group, "servicePort");
  const weight = integer(group, "weight");
  booleanOf(group, "decrypt");
  if ((arn === undefined) === (serviceName === undefined)) {
    throw new ActionError("expected either targetGroupARN or serviceName of each target group");
  }
  if (servicePort !== undefined && typeof servicePort !== "string" && !Number.isInteger(servicePort)) {
    throw new ActionError(`got ${shown(servicePort)} as servicePort, expected number or name of a port`);
  }
  if (serviceName !== undefined && servicePort === undefined) throw new ActionError(`got no servicePort of ${serviceName}`);
  if (weight !== undefined && (weight < 0 || weight > MAX_WEIGHT)) {
    throw new ActionError(`got ${weight} as weight, expected 0 to ${MAX_WEIGHT}`);
  }
  return { arn, serviceName, servicePort: servicePort as number | string | undefined, weight };
}

/** The last of the same name counts. */
function field(of: object, name: string): unknown {
  const found = Object.entries(of).findLast(([key]) => key.toLowerCase() === name.toLowerCase());
  return found?.[1] ?? undefined;
}

function textOf(of: object, name: string): string | undefined {
  const value = field(of, name);
  if (value === undefined || typeof value === "string") return value;
  throw new ActionError(`got ${shown(value)} as ${name}, expected text`);
}

function booleanOf(of: object, name: string): boolean | undefined {
  const value = field(of, name);
  if (value === undefined || typeof value === "boolean") return value;
  throw new ActionError(`got ${shown(value)} as ${name}, expected true or false`);
}

function integer(of: object, name: string): number | undefined {
  const value = field(of, name);
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= INT32_MAX) return value;
  throw new ActionError(`got ${shown(value)} as ${name}, expected a whole number`);
}

function list(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw new ActionError("expected a list of targetGroups");
}

function mapping(value: unknown, expected: string): object {
  // Go reads null as an object with nothing in it.
  if (value === null) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value;
  throw new ActionError(`got ${shown(value)}, expected ${expected}`);
}

/** A number that is written as a fraction or with an exponent is no whole one to Go, whatever its value. */
const asGo = (_: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" && !/^-?\d+$/.test(context?.source ?? "") ? Number.NaN : value;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, asGo);
  } catch {
    throw new ActionError(`got ${shown(text)}, expected JSON`);
  }
}
