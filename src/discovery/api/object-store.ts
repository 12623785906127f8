import * as v from "valibot";
import { printable } from "../problems.ts";

/**
 * Cuts one object of the API to what is used.
 *
 * @returns `undefined` for one that is of no interest: it takes no room.
 * @throws Error when it is not what its kind promises.
 */
export type ParseObject<T> = (object: unknown) => T | undefined;

/** The next contents of a store while they are built; the present ones stay in use until `commit`. */
export interface Replacement {
  set(object: unknown): void;
  delete(object: unknown): void;
  commit(): void;
}

/** Of the name of an object that is left out: more than a namespace and a name can have. */
const MAX_SHOWN = 320;

const keySchema = v.object({
  metadata: v.object({ namespace: v.nullish(v.string(), ""), name: v.pipe(v.string(), v.nonEmpty()) }),
});

/**
 * The objects of one resource by `namespace/name`, cut to what is used.
 *
 * An object that does not parse is left out, and the one it replaces goes with it: what is not known is not there. It is
 * reported once, not with each event of its. One whose resource version is that of the one at hand is that one: a new list makes
 * no new objects of what did not change.
 */
export class ObjectStore<T> {
  readonly #parse: ParseObject<T>;
  readonly #onError: (error: Error) => void;
  #objects = new Map<string, T>();
  #versions = new Map<string, string>();
  /** Why each object that was left out was; no larger than the resource. */
  #leftOut = new Map<string, string>();

  constructor(parse: ParseObject<T>, onError: (error: Error) => void) {
    this.#parse = parse;
    this.#onError = onError;
  }

  get objects(): ReadonlyMap<string, T> {
    return this.#objects;
  }

  startReplacement(): Replacement {
    const objects = new Map<string, T>();
    const versions = new Map<string, string>();
    const leftOut = new Map<string, string>();
    return {
      set: (object) => this.#put(object, { objects, versions, leftOut }),
      delete: (object) => remove(object, { objects, versions, leftOut }),
      commit: () => {
        this.#objects = objects;
        this.#versions = versions;
        this.#leftOut = leftOut;
      },
    };
  }

  set(object: unknown): void {
    this.#put(object, this.#contents);
  }

  delete(object: unknown): void {
    remove(object, this.#contents);
  }

  get #contents(): Contents<T> {
    return { objects: this.#objects, versions: this.#versions, leftOut: this.#leftOut };
  }

  #put(object: unknown, into: Contents<T>): void {
    const key = keyOf(object) ?? "";
    const { objects, versions, leftOut } = into;
    try {
      if (key === "") throw new Error("an object without a name");
      const version = resourceVersionOf(object);
      const known = version !== undefined && this.#versions.get(key) === version ? this.#objects.get(key) : undefined;
      const parsed = known ?? this.#parse(object);
      remove(object, into);
      if (parsed === undefined) return;
      objects.set(key, parsed);
      if (version !== undefined) versions.set(key, version);
    } catch (cause) {
      const message = `${key === "" ? "?" : printable(key, MAX_SHOWN)} is left out: ${cause instanceof Error ? cause.message : String(cause)}`;
      const reported = this.#leftOut.get(key) === message || leftOut.get(key) === message;
      remove(object, into);
      leftOut.set(key, message);
      if (!reported) this.#onError(new Error(message, { cause }));
    }
  }
}

/** By `namespace/name`. */
interface Contents<T> {
  readonly objects: Map<string, T>;
  readonly versions: Map<string, string>;
  readonly leftOut: Map<string, string>;
}

function remove(object: unknown, { objects, versions, leftOut }: Contents<unknown>): void {
  const key = keyOf(object);
  if (key === undefined) return;
  objects.delete(key);
  versions.delete(key);
  leftOut.delete(key);
}

/** The resource version of an object, or of a bookmark; `undefined`: it has none. */
export function resourceVersionOf(object: unknown): string | undefined {
  const metadata = typeof object === "object" && object !== null && "metadata" in object ? object.metadata : undefined;
  const version = typeof metadata === "object" && metadata !== null && "resourceVersion" in metadata && metadata.resourceVersion;
  return typeof version === "string" && version !== "" ? version : undefined;
}

/** `namespace/name` of an object; `undefined`: it has no name. */
export function keyOf(object: unknown): string | undefined {
  const parsed = v.safeParse(keySchema, object);
  return parsed.success ? `${parsed.output.metadata.namespace}/${parsed.output.metadata.name}` : undefined;
}
