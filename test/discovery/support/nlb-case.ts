import { type ControllerContext, DEFAULT_CONTEXT, type Scheme } from "../../../src/domain/controller-context.ts";
import { canHairpin, type LoadBalancer } from "../../../src/domain/load-balancer.ts";
import type { Switch, TargetType } from "../../../src/domain/target-group.ts";
import { parseVersion } from "../../../src/domain/version.ts";

/** What the operator says, or what is known besides the Service; of versions any may be tried. */
export interface CaseContext {
  readonly lbcVersion?: readonly string[];
  readonly ccmVersion?: readonly string[];
  readonly lbcTargetType?: TargetType;
  readonly lbcScheme?: Scheme;
  readonly lbcClass?: string;
  readonly lbcLoadBalancerOnly?: boolean;
  readonly lbcTcpUdpListener?: boolean;
  readonly lbcIpTargets?: boolean;
  readonly lbcServiceController?: boolean;
  readonly existingScheme?: Scheme;
}

/** A Service as the API server sends it, and what it implies in one line, as `describe` says it. */
export type NlbCase = readonly [name: string, object: unknown, expected: string, context?: CaseContext];

/** Every context that a case is to be tried in. */
export function contextsOf({ lbcVersion, ccmVersion, existingScheme, ...flags }: CaseContext): readonly {
  readonly context: ControllerContext;
  readonly existingScheme?: Scheme;
}[] {
  const versions = (texts: readonly string[] | undefined) =>
    texts?.map((text) => parseVersion(text) ?? fail(text)) ?? [undefined];
  return versions(lbcVersion).flatMap((lbc) =>
    versions(ccmVersion).map((ccm) => ({
      context: { ...DEFAULT_CONTEXT, ...flags, lbcVersion: lbc, ccmVersion: ccm },
      ...(existingScheme === undefined ? {} : { existingScheme }),
    })),
  );
}

/** `lbc, internal, instance, 80 on (default), cross-zone off (default): can` */
export function describeLoadBalancer(loadBalancer: LoadBalancer): string {
  const { controller, isNlb, internal, ports, refusals } = loadBalancer;
  const words: string[] = [controller];
  if (!isNlb) words.push("no NLB");
  words.push(internal.enabled === undefined ? "scheme unknown" : internal.enabled ? "internal" : "internet-facing");
  if (isNlb) {
    words.push(common(ports.map(({ targetGroup }) => targetGroup.targetType ?? "target type unknown")));
    for (const { port, targetGroup } of ports) words.push(`${port} ${switchText(targetGroup.preserveClientIp)}`);
    words.push(`cross-zone ${common(ports.map(({ targetGroup }) => switchText(targetGroup.crossZone)))}`);
  }
  const possible = canHairpin(loadBalancer);
  const verdict = possible === undefined ? "unknown" : possible ? "can" : "cannot";
  return `${words.join(", ")}: ${verdict}${refusals.length > 0 ? ", refused" : ""}`;
}

const common = (values: readonly string[]): string => [...new Set(values)].join(" and ");

const switchText = ({ enabled, origin }: Switch): string =>
  enabled === undefined ? "unknown" : `${enabled ? "on" : "off"} (${origin})`;

function fail(text: string): never {
  throw new Error(`${text} is no version`);
}
