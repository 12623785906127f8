import type { Clock } from "../../domain/clock.ts";
import { ApiError, listPages, OutdatedError, type Resource, watchEvents } from "./api-requests.ts";
import { Backoff } from "./backoff.ts";
import { IdleGuard } from "./idle-guard.ts";
import type { KubeApi } from "./kube-api.ts";
import { ObjectStore, type ParseObject } from "./object-store.ts";
import { sleep } from "./sleep.ts";

export interface ReflectorTiming {
  /** An answer in which nothing comes for this long is given up. */
  readonly idleMs: number;
  /**
   * How long a watch may last, drawn from this range for each. Shorter than the idle deadline, because bookmarks come about once
   * a minute: a quiet watch ends in good order before it could be taken for a dead one.
   */
  readonly watchSeconds: readonly [min: number, max: number];
  /** Wait after the first trouble; doubled with each that follows. */
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** A watch that lasted this long was no trouble: the next wait is short again. */
  readonly healthyMs: number;
  /** Longest that a server's `Retry-After` is obeyed. */
  readonly retryAfterMaxMs: number;
  /** How long to wait before an optional resource that is not to be had is asked for again, drawn from its upper half. */
  readonly unavailableMs: number;
}

export const REFLECTOR_TIMING: ReflectorTiming = {
  idleMs: 60_000,
  watchSeconds: [30, 45],
  backoffBaseMs: 500,
  backoffMaxMs: 30_000,
  healthyMs: 10_000,
  retryAfterMaxMs: 60_000,
  unavailableMs: 10 * 60_000,
};

/** Why an optional resource is not to be had: the server does not know it, or does not let us read it. */
export type Unavailable = "missing" | "forbidden";

export interface ReflectorOptions<T> {
  readonly api: KubeApi;
  /** Or what finds it, before each list: which version of it the server has may change. `undefined`: it has none. */
  readonly resource: Resource | ((signal: AbortSignal) => Promise<Resource | undefined>);
  /** Objects per page of a list. JSON of a page is parsed in one go, and holds the event loop: 1 MB takes some 5 ms. */
  readonly pageSize?: number;
  readonly parse: ParseObject<T>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly timing?: Partial<ReflectorTiming>;
  /** After each list and each event: all objects by `namespace/name`. The map is live until the next list. */
  readonly onChange: (objects: ReadonlyMap<string, T>) => void;
  /** Each list or watch that failed, and each object that does not parse, once. */
  readonly onError: (error: Error) => void;
  /**
   * Makes the resource optional: that it is not to be had is no error, but told here, once until that changes. Its objects are
   * none then (and `onChange` says so), and it is asked for again now and then.
   */
  readonly onUnavailable?: (why: Unavailable, message: string) => void;
}

const DEFAULT_PAGE_SIZE = 500;
/** How long the objects of a list may hold the event loop at a stretch: attempts that start meanwhile start late. */
const MAX_STRETCH_MS = 4;

/**
 * Mirrors one resource of the API server: lists it, then watches it, for good.
 *
 * Whatever happens, it comes back by itself: after any trouble it waits, longer each time, and resumes from the last resource
 * version; only when the server no longer knows that version does it list anew. Objects stay as they were until a list is
 * complete, so that a server in trouble empties nothing.
 */
export class Reflector<T> {
  readonly #options: ReflectorOptions<T>;
  readonly #timing: ReflectorTiming;
  readonly #backoff: Backoff;
  readonly #store: ObjectStore<T>;
  /** Where the next watch starts; `undefined`: a list is due. */
  #resourceVersion: string | undefined;
  #lastContactMs: number | undefined;
  #unavailable: Unavailable | undefined;
  /** What was last listed, and is watched. */
  #resource: Resource | undefined;
  /** Ends when the signal is aborted; rejects only with what a callback threw. */
  readonly done: Promise<void>;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#timing = { ...REFLECTOR_TIMING, ...options.timing };
    const { backoffBaseMs, backoffMaxMs } = this.#timing;
    this.#backoff = new Backoff({ baseMs: backoffBaseMs, maxMs: backoffMaxMs, random: options.random });
    this.#store = new ObjectStore(options.parse, options.onError);
    this.done = this.#run();
  }

  /** The last sign of life (a list that was completed, a watch that was accepted, an event) on the clock; `undefined`: none yet. */
  lastContactMs(): number | undefined {
    return this.#lastContactMs;
  }

  async #run(): Promise<void> {
    const { signal, clock } = this.#options;
    while (!signal.aborted) {
      const waitMs = await this.#listAndWatch();
      await sleep(waitMs, clock, signal);
    }
  }

  /** One round: a list if one is due, and one watch. @returns milliseconds to wait before the next. */
  async #listAndWatch(): Promise<number> {
    const { signal, clock, onError } = this.#options;
    const watch = { openedMs: undefined as number | undefined };
    let trouble: unknown;
    try {
      this.#resourceVersion ??= await this.#list();
      if (this.#resource !== undefined) await this.#watch(this.#resource, this.#resourceVersion, watch);
    } catch (error) {
      // What a callback threw is no trouble with the server, but a fault of the program: it must not be waited away.
      if (error instanceof CallbackError) throw error.cause;
      if (signal.aborted) return 0;
      const why = this.#options.onUnavailable === undefined ? undefined : unavailability(error);
      if (why !== undefined) return this.#setUnavailable(why, asError(error).message);
      trouble = error;
      if (error instanceof OutdatedError) this.#resourceVersion = undefined;
      this.#call(() => onError(asError(error)));
    }
    const healthy = watch.openedMs !== undefined && clock.nowMs() - watch.openedMs >= this.#timing.healthyMs;
    if (healthy) this.#backoff.reset();
    if (healthy && trouble === undefined) return 0;
    const asked = trouble instanceof ApiError ? Math.min(trouble.retryAfterMs, this.#timing.retryAfterMaxMs) : 0;
    return asked + this.#backoff.nextMs();
  }

  /** Without its objects, which are none of ours to see. @returns milliseconds to wait before asking again. */
  #setUnavailable(why: Unavailable, message: string): number {
    const { onUnavailable, onChange, clock, random } = this.#options;
    this.#resourceVersion = undefined;
    // An answer all the same: the server is there.
    this.#lastContactMs = clock.nowMs();
    if (this.#unavailable !== why) {
      this.#unavailable = why;
      this.#store.startReplacement().commit();
      this.#call(() => {
        onUnavailable?.(why, message);
        onChange(this.#store.objects);
      });
    }
    return this.#timing.unavailableMs * (0.5 + random() / 2);
  }

  async #list(): Promise<string> {
    const { api, pageSize, clock, signal, onChange } = this.#options;
    using guard = new IdleGuard(this.#timing.idleMs, clock, signal);
    const resource = await this.#findResource(guard.signal);
    const replacement = this.#store.startReplacement();
    let resourceVersion = "";
    for await (const page of listPages(touching(api, guard), resource, pageSize ?? DEFAULT_PAGE_SIZE, guard.signal)) {
      let stretchMs = clock.nowMs();
      for (const item of page.items) {
        this.#call(() => replacement.add(item));
        if (clock.nowMs() - stretchMs < MAX_STRETCH_MS) continue;
        await sleep(0, clock, guard.signal);
        guard.signal.throwIfAborted();
        stretchMs = clock.nowMs();
      }
      // All pages are of one version; should they not be, the watch must start at the oldest.
      resourceVersion ||= page.resourceVersion;
    }
    replacement.commit();
    this.#resource = resource;
    this.#unavailable = undefined;
    this.#lastContactMs = clock.nowMs();
    this.#call(() => onChange(this.#store.objects));
    return resourceVersion;
  }

  async #findResource(signal: AbortSignal): Promise<Resource> {
    const { resource } = this.#options;
    const found = typeof resource === "function" ? await resource(signal) : resource;
    if (found === undefined) throw new ApiError("the server does not have this resource", NOT_FOUND);
    return found;
  }

  async #watch(resource: Resource, resourceVersion: string, watch: { openedMs: number | undefined }): Promise<void> {
    const { api, clock, random, signal } = this.#options;
    const [min, max] = this.#timing.watchSeconds;
    using guard = new IdleGuard(this.#timing.idleMs, clock, signal);
    const timeoutSeconds = Math.max(1, Math.round(min + random() * (max - min)));
    const onOpen = (): void => {
      watch.openedMs = clock.nowMs();
      this.#lastContactMs = watch.openedMs;
    };
    const events = watchEvents(touching(api, guard), resource, { resourceVersion, timeoutSeconds, onOpen }, guard.signal);
    for await (const { type, object } of events) {
      this.#lastContactMs = clock.nowMs();
      this.#apply(type, object);
    }
  }

  #apply(type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK", object: unknown): void {
    this.#resourceVersion = resourceVersionOf(object) ?? this.#resourceVersion;
    if (type === "BOOKMARK") return;
    this.#call(() => {
      if (type === "DELETED") this.#store.delete(object);
      else this.#store.set(object);
      this.#options.onChange(this.#store.objects);
    });
  }

  #call(callback: () => void): void {
    try {
      callback();
    } catch (cause) {
      throw new CallbackError("a callback threw", { cause });
    }
  }
}

class CallbackError extends Error {}

/** The same API, with the guard touched by whatever comes in. */
function touching(api: KubeApi, guard: IdleGuard): KubeApi {
  return {
    ...api,
    async get(path, query, signal) {
      const response = await api.get(path, query, signal);
      guard.touch();
      return { ...response, body: touchingBody(response.body, guard) };
    },
  };
}

async function* touchingBody(body: AsyncIterable<Uint8Array>, guard: IdleGuard): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of body) {
    guard.touch();
    yield chunk;
  }
}

function resourceVersionOf(object: unknown): string | undefined {
  const metadata = typeof object === "object" && object !== null && "metadata" in object ? object.metadata : undefined;
  const version = typeof metadata === "object" && metadata !== null && "resourceVersion" in metadata && metadata.resourceVersion;
  return typeof version === "string" && version !== "" ? version : undefined;
}

const NOT_FOUND = 404;
const FORBIDDEN = 403;

function unavailability(error: unknown): Unavailable | undefined {
  const status = error instanceof ApiError ? error.status : undefined;
  if (status === NOT_FOUND) return "missing";
  return status === FORBIDDEN ? "forbidden" : undefined;
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
