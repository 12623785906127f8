import * as v from "valibot";
import type { Backend } from "../../domain/service.ts";
import { Interner } from "./interner.ts";
import { labels, list, mapping, name, optionalText, parseAs, text } from "./schema.ts";

/**
 * EndpointSlices, checked and cut to the fields that are used. Large clusters have a hundred thousand endpoints: two columns
 * instead of an object each, and endpoints that are alike share one.
 */
export interface EndpointSliceObject {
  readonly namespace: string;
  readonly name: string;
  /** Name of the Service, in the same namespace; `undefined`: a slice of no Service. */
  readonly serviceName: string | undefined;
  /** Name of each endpoint's pod, else `@` and the address: a pod of a dual-stack Service is in a slice of each family. */
  readonly ids: readonly string[];
  /** What each endpoint is to us, in the same order. */
  readonly backends: readonly Backend[];
}

const endpointSchema = mapping({
  addresses: list(text),
  conditions: v.nullish(
    mapping({ ready: v.nullish(v.boolean()), serving: v.nullish(v.boolean()), terminating: v.nullish(v.boolean()) }),
  ),
  nodeName: optionalText,
  zone: optionalText,
  targetRef: v.nullish(mapping({ kind: optionalText, namespace: optionalText, name: optionalText })),
});

const sliceSchema = mapping({
  metadata: mapping({ namespace: name, name, labels }),
  endpoints: list(endpointSchema),
});

/**
 * A parser of EndpointSlices that keeps one copy of whatever endpoints have in common.
 *
 * @returns what takes a slice and the names of the Services that are asked for, and gives `undefined` for a slice of any other.
 * @throws ObjectError (the parser) when it is no EndpointSlice.
 * @see Kubernetes API reference, EndpointSlice discovery.k8s.io/v1.
 */
export function sliceParser(): (object: unknown, wanted?: ReadonlySet<string>) => EndpointSliceObject | undefined {
  const names = new Interner<string>();
  const backends = new Interner<Backend>();
  return (object, wanted) => {
    const { metadata, endpoints } = parseAs(sliceSchema, object, "EndpointSlice");
    const label = metadata.labels.find(([key]) => key === "kubernetes.io/service-name")?.[1];
    const serviceName = label === undefined ? undefined : names.of(label, () => label);
    if (wanted !== undefined && !(serviceName !== undefined && wanted.has(serviceName))) return undefined;
    const identified = endpoints.flatMap((endpoint) => {
      const id = idOf(endpoint);
      return id === undefined ? [] : [{ id, endpoint }];
    });
    return {
      namespace: names.of(metadata.namespace, () => metadata.namespace),
      name: metadata.name,
      serviceName,
      ids: identified.map(({ id }) => id),
      backends: identified.map(({ endpoint }) => {
        const [node, zone, ready] = [endpoint.nodeName || undefined, endpoint.zone || undefined, isReady(endpoint)];
        const unready = ready && endpoint.conditions?.serving === false ? { isPublishedUnready: true as const } : {};
        // Names hold no line breaks: the schema has seen to it.
        const key = `${node ?? ""}\n${zone ?? ""}\n${ready}${unready.isPublishedUnready ?? ""}`;
        return backends.of(key, () => ({ node, zone, ready, ...unready }));
      }),
    };
  };
}

type GivenEndpoint = v.InferOutput<typeof endpointSchema>;

function idOf({ targetRef, addresses: [address] }: GivenEndpoint): string | undefined {
  if (targetRef?.kind === "Pod" && targetRef.name) return targetRef.name;
  return address === undefined ? undefined : `@${address}`;
}

/** "nil should be interpreted as true", says the API of ready; a pod on its way out takes no new connections. */
const isReady = ({ conditions }: GivenEndpoint): boolean => (conditions?.ready ?? true) && conditions?.terminating !== true;
