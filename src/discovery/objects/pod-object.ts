import * as v from "valibot";
import { list, name, optionalText, parseAs, port } from "./schema.ts";

/** A pod of the agents, cut to what tells where it is and how to ask it. */
export interface PodObject {
  readonly name: string;
  /** `undefined`: not scheduled. */
  readonly node: string | undefined;
  /** The container's port of the name asked for; `undefined`: none has that name. */
  readonly port: number | undefined;
  readonly isEnding: boolean;
  /** RFC 3339, of one length: it can be compared as text. */
  readonly createdAt: string;
}

const podSchema = v.object({
  metadata: v.object({ name, creationTimestamp: optionalText, deletionTimestamp: optionalText }),
  spec: v.object({
    nodeName: v.nullish(v.union([name, v.literal("")])),
    containers: list(v.object({ ports: list(v.object({ name: optionalText, containerPort: port })) })),
  }),
});

/**
 * @throws ObjectError when it is no Pod.
 * @see Kubernetes API reference, Pod v1.
 */
export function parsePod(object: unknown, portName: string): PodObject {
  const { metadata, spec } = parseAs(podSchema, object, "Pod");
  return {
    name: metadata.name,
    node: spec.nodeName || undefined,
    port: spec.containers.flatMap(({ ports }) => ports).find((each) => each.name === portName)?.containerPort,
    isEnding: Boolean(metadata.deletionTimestamp),
    createdAt: metadata.creationTimestamp ?? "",
  };
}
