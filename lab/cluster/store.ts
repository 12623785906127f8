import { isDeepStrictEqual } from "node:util";
import { ApiError } from "./api-error.ts";
import { KINDS, RESOURCES, type ResourceName } from "./kinds.ts";
import { type KubeObject, keyOf } from "./objects.ts";

export type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

/** One change of one object. */
export interface Change {
  readonly type: ChangeType;
  readonly version: number;
  /** The object after the change; of a deletion, its last state under the version of the deletion. */
  readonly object: KubeObject;
  /** The object before the change, which a selector needs to tell who comes and who goes. `undefined` for ADDED. */
  readonly previous: KubeObject | undefined;
}

export interface StoreOptions {
  readonly now: () => Date;
  readonly uid: () => string;
  /** Changes remembered per resource; 1,000 if absent. What is older is gone, as after etcd's compaction. */
  readonly history?: number;
}

interface Collection {
  readonly objects: Map<string, KubeObject>;
  readonly changes: Change[];
  readonly listeners: Set<(change: Change) => void>;
  /** What came up to this version is not remembered. */
  compacted: number;
}

/** Objects per resource: far more than the lab has nodes, and a bound on a client gone wild. */
const MAX_OBJECTS = 10_000;

/**
 * The lab's etcd: objects by resource, with one counter of versions for all and the history of their changes.
 *
 * Everything that changes an object goes through here, so that each change has a version and every watch sees it.
 */
export class Store {
  readonly #options: Required<StoreOptions>;
  readonly #collections: Readonly<Record<ResourceName, Collection>>;
  #version = 1;

  constructor(options: StoreOptions) {
    this.#options = { history: 1_000, ...options };
    const empty = (): Collection => ({ objects: new Map(), changes: [], listeners: new Set(), compacted: 0 });
    this.#collections = Object.fromEntries(RESOURCES.map((resource) => [resource, empty()])) as Record<ResourceName, Collection>;
  }

  /** The version of the latest change. */
  get version(): number {
    return this.#version;
  }

  /** All objects, by namespace and name. */
  list(resource: ResourceName): readonly KubeObject[] {
    return sorted(this.#collections[resource].objects);
  }

  /**
   * All objects as they were at a version.
   *
   * @throws ApiError Expired when the history does not reach back that far.
   */
  listAt(resource: ResourceName, version: number): readonly KubeObject[] {
    const objects = new Map(this.#collections[resource].objects);
    for (const { type, object, previous } of this.changesSince(resource, version).toReversed()) {
      if (type === "ADDED" || previous === undefined) objects.delete(keyOf(object.metadata));
      else objects.set(keyOf(object.metadata), previous);
    }
    return sorted(objects);
  }

  find(resource: ResourceName, namespace: string, name: string): KubeObject | undefined {
    return this.#collections[resource].objects.get(keyOf({ namespace, name }));
  }

  /** @throws ApiError NotFound. */
  get(resource: ResourceName, namespace: string, name: string): KubeObject {
    const object = this.find(resource, namespace, name);
    if (object === undefined) throw new ApiError("NotFound", `${title(resource)} "${name}" not found`, details(resource, name));
    return object;
  }

  /** @throws ApiError AlreadyExists, or Forbidden when there are too many objects. */
  create(resource: ResourceName, object: KubeObject): KubeObject {
    const { objects } = this.#collections[resource];
    const { name } = object.metadata;
    if (objects.has(keyOf(object.metadata))) {
      throw new ApiError("AlreadyExists", `${title(resource)} "${name}" already exists`, details(resource, name));
    }
    if (objects.size >= MAX_OBJECTS) throw new ApiError("Forbidden", `exceeded quota: at most ${MAX_OBJECTS} ${resource}`);
    const creationTimestamp = `${this.#options.now().toISOString().slice(0, 19)}Z`;
    return this.#write(resource, "ADDED", object, { uid: this.#options.uid(), creationTimestamp, generation: 1 });
  }

  /**
   * Replaces an object. One that says nothing new changes nothing, not even the version, as with etcd.
   *
   * @throws ApiError NotFound; Conflict when the object carries a version or uid that is not the present one.
   */
  replace(resource: ResourceName, object: KubeObject): KubeObject {
    const { namespace, name, resourceVersion, uid } = object.metadata;
    const previous = this.get(resource, namespace, name);
    const present = previous.metadata;
    if ((resourceVersion ?? present.resourceVersion) !== present.resourceVersion || (uid ?? present.uid) !== present.uid) {
      throw new ApiError(
        "Conflict",
        `Operation cannot be fulfilled on ${title(resource)} "${name}": the object has been modified; ` +
          "please apply your changes to the latest version and try again",
        details(resource, name),
      );
    }
    const { generation = 1 } = present;
    const next = identified(object, present);
    if (isDeepStrictEqual(next, previous)) return previous;
    const sameIntent = isDeepStrictEqual(intentOf(next), intentOf(previous));
    return this.#write(resource, "MODIFIED", next, { generation: generation + (sameIntent ? 0 : 1) }, previous);
  }

  /** @throws ApiError NotFound; Conflict when the object is not the one with that uid any more. */
  delete(resource: ResourceName, namespace: string, name: string, uid?: string): KubeObject {
    const previous = this.get(resource, namespace, name);
    if (uid !== undefined && uid !== previous.metadata.uid) {
      throw new ApiError("Conflict", `${title(resource)} "${name}": got uid ${uid}, it is ${previous.metadata.uid}`);
    }
    return this.#write(resource, "DELETED", previous, {}, previous);
  }

  /** @throws ApiError Expired when the history does not reach back that far. */
  changesSince(resource: ResourceName, version: number): readonly Change[] {
    const { changes, compacted } = this.#collections[resource];
    if (version < compacted) throw new ApiError("Expired", `too old resource version: ${version} (${compacted})`);
    return changes.filter((change) => change.version > version);
  }

  /** Forgets all changes, so that whoever asks for versions before the present one is told that they are gone. */
  compact(): void {
    for (const collection of Object.values(this.#collections)) {
      collection.changes.length = 0;
      collection.compacted = this.#version;
    }
  }

  /** @returns A function that ends the subscription. */
  subscribe(resource: ResourceName, listener: (change: Change) => void): () => void {
    const { listeners } = this.#collections[resource];
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  #write(
    resource: ResourceName,
    type: ChangeType,
    object: KubeObject,
    metadata: Partial<KubeObject["metadata"]>,
    previous?: KubeObject,
  ): KubeObject {
    const { objects, changes, listeners } = this.#collections[resource];
    const version = ++this.#version;
    // A copy: what the caller does with its object later is no change of ours.
    const stored = structuredClone({
      ...object,
      metadata: { ...object.metadata, ...metadata, resourceVersion: String(version) },
    });
    if (type === "DELETED") objects.delete(keyOf(stored.metadata));
    else objects.set(keyOf(stored.metadata), stored);
    const change = { type, version, object: stored, previous };
    changes.push(change);
    const forgotten = changes.length > this.#options.history ? changes.shift() : undefined;
    if (forgotten !== undefined) this.#collections[resource].compacted = forgotten.version;
    for (const listener of listeners) listener(change);
    return stored;
  }
}

const sorted = (objects: ReadonlyMap<string, KubeObject>): readonly KubeObject[] =>
  [...objects].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);

/** The object with the metadata that no client may change. */
const identified = (object: KubeObject, { uid, creationTimestamp, generation, resourceVersion }: KubeObject["metadata"]) => ({
  ...object,
  metadata: { ...object.metadata, uid, creationTimestamp, generation, resourceVersion } as KubeObject["metadata"],
});

/** What a generation counts: neither metadata nor status. */
const intentOf = ({ metadata: _, status: __, ...intent }: KubeObject): object => intent;

const title = (resource: ResourceName): string =>
  KINDS[resource].group === "" ? resource : `${resource}.${KINDS[resource].group}`;

const details = (resource: ResourceName, name: string) => ({ name, group: KINDS[resource].group, kind: resource });
