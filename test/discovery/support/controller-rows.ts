import { readFileSync } from "node:fs";
import { parseService, type ServiceObject } from "../../../src/discovery/objects/service-object.ts";
import type { Surroundings } from "../../../src/discovery/rules/load-balancer.ts";
import { type ControllerContext, DEFAULT_CONTEXT, type Scheme } from "../../../src/domain/controller-context.ts";
import type { Origin, TargetType } from "../../../src/domain/target-group.ts";
import { parseVersion } from "../../../src/domain/version.ts";

/**
 * What the controllers' own code made of Services: the AWS Load Balancer Controller at commit 225f4456 and cloud-provider-aws 1.37.1,
 * both executed. An annotation that begins with `~` begins with the prefix of both.
 */
const PREFIX = "service.beta.kubernetes.io/aws-load-balancer-";

/** `null`: not known, or not applicable. */
interface RowSwitch {
  readonly enabled: boolean | null;
  readonly origin: Origin;
}

/** One Service, and what becomes of it. Where it is refused, all but that tells what it would be without the offending annotation. */
export interface ControllerRow {
  readonly name: string;
  readonly service: unknown;
  readonly others?: readonly unknown[];
  readonly context?: {
    readonly lbcVersion?: string;
    readonly ccmVersion?: string;
    readonly lbcDefaultTargetType?: TargetType;
    readonly lbcDefaultScheme?: Scheme;
    readonly lbcLoadBalancerClass?: string;
    readonly lbcLoadBalancerOnly?: boolean;
    readonly lbcTcpUdpGate?: boolean;
    readonly existingLbScheme?: Scheme;
  };
  readonly expect: {
    readonly isNlb: boolean;
    readonly controller: string;
    readonly reconcileError: boolean;
    readonly internal: boolean | null;
    readonly targetType: TargetType | null;
    readonly preserveClientIp: RowSwitch & { readonly byPort?: Readonly<Record<string, RowSwitch>> };
    readonly crossZone: RowSwitch;
    readonly hairpinPossible: boolean | null;
    readonly tlsPorts?: readonly number[];
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly ipFamily?: 4 | 6;
    readonly notes?: string;
  };
}

/** The model that the AWS Load Balancer Controller builds of one Service, with its flags as they come. */
export interface ModelRow {
  readonly name: string;
  readonly service: unknown;
  readonly controller: {
    readonly handled: boolean;
    readonly refused?: string;
    readonly scheme?: Scheme;
    readonly attributes?: Readonly<Record<string, string>>;
    readonly listeners?: readonly {
      readonly port: number;
      readonly protocol: string;
      readonly targetType: TargetType;
      readonly targetProtocol: string;
      readonly targetGroupAttributes: Readonly<Record<string, string>>;
      readonly nodeSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
    }[];
  };
}

function rowsOf<Row>(file: string): readonly Row[] {
  const text = readFileSync(new URL(`../fixtures/${file}`, import.meta.url), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line, (_, value) => (isAnnotated(value) ? withPrefix(value) : value)));
}

interface Annotated {
  readonly annotations: Readonly<Record<string, string>>;
}

const isAnnotated = (value: unknown): value is Annotated =>
  typeof value === "object" && value !== null && "annotations" in value && !Array.isArray(value);

const withPrefix = (metadata: Annotated): Annotated => ({
  ...metadata,
  annotations: Object.fromEntries(Object.entries(metadata.annotations).map(([key, text]) => [key.replace(/^~/, PREFIX), text])),
});

export const CONTROLLER_ROWS = rowsOf<ControllerRow>("controllers.jsonl");
export const MODEL_ROWS = rowsOf<ModelRow>("lbc-model.jsonl");

/** A row's Service as it is parsed, and all that is known besides it. */
export function situationOf({ service, others = [], context = {} }: ControllerRow): {
  readonly service: ServiceObject;
  readonly surroundings: Surroundings;
} {
  const parsed = parseService(service);
  const known = new Map([parsed, ...others.map(parseService)].map((one) => [one.name, one]));
  const { existingLbScheme } = context;
  return {
    service: parsed,
    surroundings: {
      context: contextOf(context),
      serviceOf: ({ name }) => known.get(name),

      ...(existingLbScheme === undefined ? {} : { existingScheme: existingLbScheme }),
    },
  };
}

function contextOf(given: NonNullable<ControllerRow["context"]>): ControllerContext {
  const { lbcVersion, ccmVersion, ...flags } = given;
  return {
    ...DEFAULT_CONTEXT,
    lbcVersion: lbcVersion === undefined ? undefined : leastOf(lbcVersion),
    ccmVersion: ccmVersion === undefined ? undefined : leastOf(ccmVersion),
    lbcTargetType: flags.lbcDefaultTargetType ?? DEFAULT_CONTEXT.lbcTargetType,
    lbcScheme: flags.lbcDefaultScheme ?? DEFAULT_CONTEXT.lbcScheme,
    lbcClass: flags.lbcLoadBalancerClass ?? DEFAULT_CONTEXT.lbcClass,
    lbcLoadBalancerOnly: flags.lbcLoadBalancerOnly ?? DEFAULT_CONTEXT.lbcLoadBalancerOnly,
    lbcTcpUdpListener: flags.lbcTcpUdpGate ?? DEFAULT_CONTEXT.lbcTcpUdpListener,
  };
}

/** `>=2.14.1`: that version will do. */
const leastOf = (range: string) => parseVersion(range.replace(">=", ""));
