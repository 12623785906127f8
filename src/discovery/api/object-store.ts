import * as v from "valibot";

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

const keySchema = v.object({
  metadata: v.object({ namespace: v.nullish(v.string(), ""), name: v.pipe(v.string(), v.nonEmpty()) }),
});

/**
 * The objects of one resource by `namespace/name`, cut to what is used.
 *
 * An object that does not parse is left out, and the one it replaces goes with it: what is not known is not there. It is
 * reported once, not with each event of its.
 */
export class ObjectStore<T> {
  readonly #parse: ParseObject<T>;
  readonly #onError: (error: Error) => void;
  #objects = new Map<string, T>();
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
    const leftOut = new Map<string, string>();
    return {
      set: (object) => this.#put(object, objects, leftOut),
      delete: (object) => remove(object, objects, leftOut),
      commit: () => {
        this.#objects = objects;
        this.#leftOut = leftOut;
      },
    };
  }

  set(object: unknown): void {
    this.#put(object, this.#objects, this.#leftOut);
  }

  delete(object: unknown): void {
    remove(object, this.#objects, this.#leftOut);
  }

  #put(object: unknown, objects: Map<string, T>, leftOut: Map<string, string>): void {
    const key = keyOf(object) ?? "";
    try {
      if (key === "") throw new Error("an object without a name");
      const parsed = this.#parse(object);
      if (parsed === undefined) objects.delete(key);
      else objects.set(key, parsed);
      leftOut.delete(key);
    } catch (cause) {
      const message = `${key || "?"} is left out: ${cause instanceof Error ? cause.message : String(cause)}`;
      const reported = this.#leftOut.get(key) === message || leftOut.get(key) === message;
      objects.delete(key);
      leftOut.set(key, message);
      if (!reported) this.#onError(new Error(message, { cause }));
    }
  }
}

function remove(object: unknown, ...maps: readonly Map<string, unknown>[]): void {
  const key = keyOf(object);
  if (key !== undefined) for (const map of maps) map.delete(key);
}

function keyOf(object: unknown): string | undefined {
  const parsed = v.safeParse(keySchema, object);
  return parsed.success ? `${parsed.output.metadata.namespace}/${parsed.output.metadata.name}` : undefined;
}
