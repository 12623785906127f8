import * as v from "valibot";
import { Interner } from "./interner.ts";
import { entries, list, name, optionalText, parseAs, text } from "./schema.ts";

/** EndpointSlices, checked and cut to the fields that are used. */

export interface Endpoint {
  /** Name of the pod, else `@` and the address: a pod of a dual-stack Service is in a slice of each family. */
  readonly id: string;
  readonly node: string | undefined;
  readonly zone: string | undefined;
  readonly ready: boolean;
}

export interface EndpointSliceObject {
  readonly namespace: string;
  readonly name: string;
  /** Name of the Service, in the same namespace; `undefined`: a slice of no Service. */
  readonly serviceName: string | undefined;
  readonly endpoints: readonly Endpoint[];
}

const endpointSchema = v.object({
  addresses: list(text),
  conditions: v.nullish(v.object({ ready: v.nullish(v.boolean()), terminating: v.nullish(v.boolean()) })),
  nodeName: optionalText,
  zone: optionalText,
  targetRef: v.nullish(v.object({ kind: optionalText, namespace: optionalText, name: optionalText })),
});

const sliceSchema = v.object({
  metadata: v.object({ namespace: name, name, labels: entries }),
  endpoints: list(endpointSchema),
});

/**
 * A parser of EndpointSlices that keeps one copy of each name of a node and a zone.
 *
 * @returns what takes a slice and the names of the Services that are asked for, and gives `undefined` for a slice of any other.
 * @throws ObjectError (the parser) when it is no EndpointSlice.
 * @see Kubernetes API reference, EndpointSlice discovery.k8s.io/v1.
 */
export function sliceParser(): (object: unknown, wanted?: ReadonlySet<string>) => EndpointSliceObject | undefined {
  const interner = new Interner();
  const interned = (given: string | null | undefined): string | undefined => (given ? interner.of(given) : undefined);
  return (object, wanted) => {
    const { metadata, endpoints } = parseAs(sliceSchema, object, "EndpointSlice");
    const label = metadata.labels.find(([key]) => key === "kubernetes.io/service-name")?.[1];
    const serviceName = typeof label === "string" ? interned(label) : undefined;
    if (wanted !== undefined && !(serviceName !== undefined && wanted.has(serviceName))) return undefined;
    return {
      namespace: interner.of(metadata.namespace),
      name: metadata.name,
      serviceName,
      endpoints: endpoints.flatMap(({ addresses, conditions, nodeName, zone, targetRef }) => {
        const pod = targetRef?.kind === "Pod" && targetRef.name ? targetRef.name : undefined;
        const id = pod ?? (addresses[0] === undefined ? undefined : `@${addresses[0]}`);
        if (id === undefined) return [];
        // "nil should be interpreted as true", says the API of ready; a pod on its way out takes no new connections.
        const ready = (conditions?.ready ?? true) && conditions?.terminating !== true;
        return [{ id, node: interned(nodeName), zone: interned(zone), ready }];
      }),
    };
  };
}
