import * as v from "valibot";
import { SCHEMES, type Scheme } from "../../domain/controller-context.ts";
import { type NodeSelector, TARGET_TYPES, type TargetType } from "../../domain/target-group.ts";
import { MAX_ANNOTATION_LENGTH } from "./annotations.ts";
import { labelSelectorSchema, labelsOf } from "./label-selector.ts";
import { list, mapping, name, optionalText, parseAs, text, textUpTo } from "./schema.ts";

/** The AWS Load Balancer Controller's configuration objects of the Gateway API, cut to the fields that are used. */

export interface LoadBalancerConfigurationObject {
  readonly namespace: string;
  readonly name: string;
  /** Honoured on the configuration of a class only: whose values win where both have one. */
  readonly prefersGateway: boolean;
  readonly scheme: Scheme | undefined;
  readonly attributes: ReadonlyMap<string, string>;
  /** `ipv4`, `dualstack`: of the load balancer. */
  readonly ipAddressType: string | undefined;
  /** TargetGroupConfiguration for whatever Services say nothing themselves. */
  readonly defaultTargetGroups: string | undefined;
}

/** What a TargetGroupConfiguration says; `undefined`: it does not say. Its `ipAddressType` is read by no controller. */
export interface TargetGroupProps {
  readonly targetType: TargetType | undefined;
  readonly attributes: ReadonlyMap<string, string>;
  /** `labels` as in `TargetGroup`; the whole `undefined`: no selector is given. */
  readonly nodeSelector: { readonly labels: NodeSelector | undefined } | undefined;
  readonly multiCluster: boolean | undefined;
  /** Protocol of the target group, where it is not to be the route's own. */
  readonly protocol: string | undefined;
}

export interface TargetGroupConfigurationObject {
  readonly namespace: string;
  readonly name: string;
  /** Name of the Service that it is for; `undefined`: it is a default that a LoadBalancerConfiguration refers to. */
  readonly serviceName: string | undefined;
  readonly props: TargetGroupProps;
  readonly routes: readonly {
    readonly kind: string;
    readonly namespace: string | undefined;
    readonly name: string | undefined;
    readonly props: TargetGroupProps;
  }[];
}

const metadata = mapping({ namespace: name, name });
const attributesSchema = list(mapping({ key: text, value: textUpTo(MAX_ANNOTATION_LENGTH) }));
const attributesOf = (given: v.InferOutput<typeof attributesSchema>): ReadonlyMap<string, string> =>
  new Map(given.map(({ key, value }) => [key.trim(), value.trim()]));

const loadBalancerSchema = mapping({
  metadata,
  spec: v.nullish(
    mapping({
      mergingMode: optionalText,
      scheme: v.nullish(v.picklist(SCHEMES, SCHEMES.join(" or "))),
      ipAddressType: optionalText,
      loadBalancerAttributes: attributesSchema,
      defaultTargetGroupConfiguration: v.nullish(mapping({ name })),
    }),
  ),
});

/** @throws ObjectError when it is no LoadBalancerConfiguration. @see aws-load-balancer-controller, Gateway API guide. */
export function parseLoadBalancerConfiguration(object: unknown): LoadBalancerConfigurationObject {
  const { metadata, spec } = parseAs(loadBalancerSchema, object, "LoadBalancerConfiguration");
  return {
    ...metadata,
    prefersGateway: spec?.mergingMode === "prefer-gateway",
    scheme: spec?.scheme ?? undefined,
    ipAddressType: spec?.ipAddressType ?? undefined,
    attributes: attributesOf(spec?.loadBalancerAttributes ?? []),
    defaultTargetGroups: spec?.defaultTargetGroupConfiguration?.name,
  };
}

const propsSchema = mapping({
  targetType: v.nullish(v.picklist(TARGET_TYPES, TARGET_TYPES.join(" or "))),
  targetGroupAttributes: attributesSchema,
  nodeSelector: v.nullish(labelSelectorSchema),
  enableMultiCluster: v.nullish(v.boolean()),
  protocol: optionalText,
});
const targetGroupSchema = mapping({
  metadata,
  spec: v.nullish(
    mapping({
      targetReference: v.nullish(mapping({ kind: v.nullish(text, "Service"), name })),
      defaultConfiguration: v.nullish(propsSchema),
      routeConfigurations: list(
        mapping({
          routeIdentifier: v.nullish(mapping({ kind: text, namespace: optionalText, name: optionalText })),
          /** The first release wrote `KIND:NAMESPACE:NAME`. */
          identifier: optionalText,
          targetGroupProps: v.nullish(propsSchema),
        }),
      ),
    }),
  ),
});

/** @throws ObjectError when it is no TargetGroupConfiguration. @see aws-load-balancer-controller, Gateway API guide. */
export function parseTargetGroupConfiguration(object: unknown): TargetGroupConfigurationObject {
  const { metadata, spec } = parseAs(targetGroupSchema, object, "TargetGroupConfiguration");
  const reference = spec?.targetReference ?? undefined;
  return {
    ...metadata,
    serviceName: reference?.kind === "Service" ? reference.name : undefined,
    props: propsOf(spec?.defaultConfiguration),
    routes: (spec?.routeConfigurations ?? []).map(({ routeIdentifier, identifier, targetGroupProps }) => {
      const [kind = "", namespace = "", routeName = ""] = (identifier ?? "").split(":");
      return {
        kind: routeIdentifier?.kind ?? kind,
        namespace: (routeIdentifier?.namespace ?? namespace) || undefined,
        name: (routeIdentifier?.name ?? routeName) || undefined,
        props: propsOf(targetGroupProps),
      };
    }),
  };
}

function propsOf(given: v.InferOutput<typeof propsSchema> | null | undefined): TargetGroupProps {
  const selector = given?.nodeSelector ?? undefined;
  return {
    targetType: given?.targetType ?? undefined,
    attributes: attributesOf(given?.targetGroupAttributes ?? []),
    nodeSelector: selector === undefined ? undefined : { labels: labelsOf(selector) },
    multiCluster: given?.enableMultiCluster ?? undefined,
    protocol: given?.protocol ?? undefined,
  };
}
