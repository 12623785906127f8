import { randomUUID } from "node:crypto";
import type { KubeObject } from "./objects.ts";

/** Events kept per resource; a watch that wants older ones is told 410 Gone, as etcd's compaction does. */
const HISTORY = 1_000;

export type EventType = "ADDED" | "MODIFIED" | "DELETED";

export interface StoreEvent {
  readonly type: EventType;
  readonly version: number;
  readonly object: KubeObject;
  /** The object before the change: a selector needs both to tell who comes and who goes. */
  readonly previous: KubeObject | undefined;
}

/** The API server's answer to a request it cannot fulfil. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: number;
  readonly reason: string;
  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

/** All objects of one resource, with the history of their changes. Versions come from one counter for all resources. */
export class Collection {
  readonly #objects = new Map<string, KubeObject>();
  readonly #history: StoreEvent[] = [];
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #nextVersion: () => number;
  readonly #now: () => Date;
  #compacted = 0;

  constructor(nextVersion: () => number, now: () => Date) {
    this.#nextVersion = nextVersion;
    this.#now = now;
  }

  list(): readonly KubeObject[] {
    return [...this.#objects.values()].sort((a, b) =>
      keyOf(a.metadata.namespace, a.metadata.name) < keyOf(b.metadata.namespace, b.metadata.name) ? -1 : 1,
    );
  }

  /** @throws ApiError 404. */
  get(namespace: string, name: string): KubeObject {
    const object = this.#objects.get(keyOf(namespace, name));
    if (object === undefined) throw new ApiError(404, "NotFound", `"${name}" not found in namespace "${namespace}"`);
    return object;
  }

  /**
   * Creates or replaces.
   *
   * @throws ApiError 409 when the object carries a resourceVersion that is not the present one.
   */
  put(object: KubeObject): KubeObject {
    const { namespace, name, resourceVersion } = object.metadata;
    const previous = this.#objects.get(keyOf(namespace, name));
    if (previous !== undefined && resourceVersion !== undefined && resourceVersion !== previous.metadata.resourceVersion) {
      throw new ApiError(409, "Conflict", `"${name}": the object has been modified; apply your changes to the latest version`);
    }
    const version = this.#nextVersion();
    const stored: KubeObject = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: previous?.metadata.uid ?? randomUUID(),
        creationTimestamp: previous?.metadata.creationTimestamp ?? `${this.#now().toISOString().slice(0, 19)}Z`,
        resourceVersion: String(version),
      },
    };
    this.#objects.set(keyOf(namespace, name), stored);
    this.#emit({ type: previous === undefined ? "ADDED" : "MODIFIED", version, object: stored, previous });
    return stored;
  }

  /** @throws ApiError 404. */
  delete(namespace: string, name: string): KubeObject {
    const previous = this.get(namespace, name);
    const version = this.#nextVersion();
    const object = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(version) } };
    this.#objects.delete(keyOf(namespace, name));
    this.#emit({ type: "DELETED", version, object, previous });
    return object;
  }

  /** @throws ApiError 410 when the history does not reach back that far. */
  eventsSince(version: number): readonly StoreEvent[] {
    if (version < this.#compacted)
      throw new ApiError(410, "Expired", `too old resource version: ${version} (${this.#compacted})`);
    return this.#history.filter((event) => event.version > version);
  }

  compact(version: number): void {
    this.#history.length = 0;
    this.#compacted = version;
  }

  /** @returns a function that ends the subscription. */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #emit(event: StoreEvent): void {
    this.#history.push(event);
    const dropped = this.#history.length > HISTORY ? this.#history.shift() : undefined;
    if (dropped !== undefined) this.#compacted = dropped.version;
    for (const listener of this.#listeners) listener(event);
  }
}

/** The lab's etcd: Services and EndpointSlices. */
export class Store {
  #version = 1;
  readonly services: Collection;
  readonly endpointslices: Collection;

  constructor(now: () => Date) {
    const next = () => ++this.#version;
    this.services = new Collection(next, now);
    this.endpointslices = new Collection(next, now);
  }

  get version(): number {
    return this.#version;
  }

  /** Forgets all history, so that every watch of the past is told 410; a list made from now on is young enough. */
  compact(): void {
    this.#version += 1;
    for (const collection of [this.services, this.endpointslices]) collection.compact(this.#version);
  }
}
