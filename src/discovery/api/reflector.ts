import type { Clock } from "../../domain/clock.ts";
import type { ResourceState } from "../../domain/resources.ts";
import { ApiError, listPages, OutdatedError, type Resource, type WatchEvent, watchEvents } from "./api-requests.ts";
import { Backoff } from "./backoff.ts";
import { IdleGuard } from "./idle-guard.ts";
import type { KubeApi } from "./kube-api.ts";
import { ObjectStore, type ParseObject, type Replacement, resourceVersionOf } from "./object-store.ts";
import { REFLECTOR_TIMING, type ReflectorTiming } from "./reflector-timing.ts";
import { sleep } from "./sleep.ts";
import { endsInitialEvents, StreamingLists, StreamingRefused } from "./streaming-lists.ts";
import { Stretch } from "./stretch.ts";

/** What a reflector needs of the world around it. */
export interface ReflectorSurroundings {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

export interface ReflectorOptions<T> extends ReflectorSurroundings {
  /** Or what finds it, before each list: which version of it the server has may change. `undefined`: it has none. */
  readonly resource: Resource | ((signal: AbortSignal) => Promise<Resource | undefined>);
  /** Objects per page of a list. JSON of a page is parsed in one go, and holds the event loop: 1 MB takes some 5 ms. */
  readonly pageSize?: number;
  readonly parse: ParseObject<T>;
  readonly timing?: Partial<ReflectorTiming>;
  /** Milliseconds until these objects are listed anew instead of being watched; `undefined`, or absent: they are watched. */
  readonly relistAfterMs?: (objects: ReadonlyMap<string, T>) => number | undefined;
  /** After each list and each event: all objects by `namespace/name`. The map is live until the next list. */
  readonly onChange: (objects: ReadonlyMap<string, T>) => void;
  /** Each list or watch that failed, and each object that does not parse, once. */
  readonly onError: (error: Error) => void;
  /**
   * Makes the resource optional: that it is not to be had is no error, but a state, told once until it changes and before
   * `onChange`. Its objects are none then, and it is asked for again now and then.
   */
  readonly onState?: (state: ResourceState, message: string) => void;
}

const DEFAULT_PAGE_SIZE = 500;

/**
 * Mirrors one resource of the API server: lists it, then watches it, for good.
 *
 * A list comes as a stream that goes on as the watch, where the server has that, else page by page. Whatever happens, it comes
 * back by itself: after any trouble it waits, longer each time, and resumes from the last resource version; only when the server
 * no longer knows that version does it list anew. Objects stay as they were until a list is complete, so that a server in
 * trouble empties nothing.
 */
export class Reflector<T> {
  readonly #options: ReflectorOptions<T>;
  readonly #timing: ReflectorTiming;
  readonly #backoff: Backoff;
  readonly #streaming: StreamingLists;
  readonly #store: ObjectStore<T>;
  /** Where the next watch starts; `undefined`: a list is due. */
  #resourceVersion: string | undefined;
  #lastContactMs: number | undefined;
  /** When the next list is due, where objects are not watched. */
  #relistMs: number | undefined;
  #state: ResourceState | undefined;
  /** What was last listed, and is watched. */
  #resource: Resource | undefined;
  /** Ends when the signal is aborted; rejects only with what a callback threw. */
  readonly done: Promise<void>;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#timing = { ...REFLECTOR_TIMING, ...options.timing };
    const { backoffBaseMs, backoffMaxMs } = this.#timing;
    this.#backoff = new Backoff({ baseMs: backoffBaseMs, maxMs: backoffMaxMs, random: options.random });
    this.#streaming = new StreamingLists(options.clock, options.random, this.#timing.pagesForMs);
    this.#store = new ObjectStore(options.parse, options.onError);
    this.done = this.#run();
  }

  /**
   * The last sign of life (a list that was completed, a watch that was accepted, an event) on the clock; `undefined`: none yet. As long as a
   * list that is to be made anew is not due, there is none to miss.
   */
  lastContactMs(): number | undefined {
    return this.#lastContactMs && Math.max(this.#lastContactMs, Math.min(this.#options.clock.nowMs(), this.#relistMs ?? 0));
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
    const { signal, clock, random, onError } = this.#options;
    const watch = { openedMs: undefined as number | undefined };
    let trouble: unknown;
    try {
      if (this.#resourceVersion === undefined) await this.#start(watch);
      const relistAfterMs = this.#relistAfterMs();
      if (relistAfterMs !== undefined) {
        // Spread, so that agents that started together do not ask together.
        const waitMs = relistAfterMs * (0.75 + random() / 2);
        this.#resourceVersion = undefined;
        this.#relistMs = clock.nowMs() + waitMs;
        this.#backoff.reset();
        return waitMs;
      }
      if (this.#resource !== undefined && this.#resourceVersion !== undefined) {
        await this.#watch(this.#resource, this.#resourceVersion, watch);
      }
    } catch (error) {
      // What a callback threw is no trouble with the server, but a fault of the program: it must not be waited away.
      if (error instanceof CallbackError) throw error.cause;
      if (signal.aborted || error instanceof StreamingRefused) return 0;
      const state = this.#options.onState === undefined ? undefined : unavailability(error);
      if (state !== undefined) return this.#setUnavailable(state, asError(error).message);
      trouble = error;
      this.#call(() => onError(asError(error)));
    }
    if (trouble instanceof OutdatedError) {
      this.#resourceVersion = undefined;
      // All agents hear of it at once, and a list costs the server more than anything else.
      return Math.max(random() * this.#timing.relistJitterMs, this.#backoff.nextMs());
    }
    const healthy = watch.openedMs !== undefined && clock.nowMs() - watch.openedMs >= this.#timing.healthyMs;
    if (healthy) this.#backoff.reset();
    if (healthy && trouble === undefined) return 0;
    const asked = trouble instanceof ApiError ? Math.min(trouble.retryAfterMs, this.#timing.retryAfterMaxMs) : 0;
    return asked + this.#backoff.nextMs();
  }

  /** Only once there is a list: what failed is asked for again as soon as anything that failed. */
  #relistAfterMs(): number | undefined {
    return this.#resourceVersion === undefined ? undefined : this.#options.relistAfterMs?.(this.#store.objects);
  }

  /** Without its objects, which are none of ours to see. @returns milliseconds to wait before asking again. */
  #setUnavailable(state: ResourceState, message: string): number {
    const { onState, onChange, clock, random } = this.#options;
    this.#resourceVersion = undefined;
    // An answer all the same: the server is there.
    this.#lastContactMs = clock.nowMs();
    if (this.#state !== state) {
      this.#state = state;
      this.#store.startReplacement().commit();
      this.#call(() => {
        onState?.(state, message);
        onChange(this.#store.objects);
      });
    }
    return this.#timing.unavailableMs * (0.5 + random() / 2);
  }

  /** Lists, and, where the list is a stream, watches until that ends. */
  async #start(watch: { openedMs: number | undefined }): Promise<void> {
    const resource = await this.#findResource();
    this.#resource = resource;
    if (!this.#streaming.isWorthTrying) {
      await this.#list(resource);
      return;
    }
    try {
      await this.#watch(resource, undefined, watch);
    } catch (error) {
      const isIncomplete = this.#resourceVersion === undefined && !this.#options.signal.aborted;
      if (isIncomplete && !(error instanceof CallbackError)) this.#streaming.failed(error);
      throw error;
    }
  }

  async #findResource(): Promise<Resource> {
    const { resource, clock, signal } = this.#options;
    if (typeof resource !== "function") return resource;
    using guard = new IdleGuard(this.#timing.idleMs, clock, signal);
    const found = await resource(guard.signal);
    if (found === undefined) throw new ApiError("the server does not have this resource", NOT_FOUND);
    return found;
  }

  async #list(resource: Resource): Promise<void> {
    const { api, pageSize, clock, signal } = this.#options;
    using guard = new IdleGuard(this.#timing.idleMs, clock, signal);
    const replacement = this.#store.startReplacement();
    const stretch = new Stretch(clock);
    let resourceVersion: string | undefined;
    for await (const page of listPages(touching(api, guard), resource, pageSize ?? DEFAULT_PAGE_SIZE, guard.signal)) {
      stretch.restart();
      for (const item of page.items) {
        this.#call(() => replacement.set(item));
        await stretch.breathe(guard.signal);
      }
      // All pages are of one version; should they not be, the watch must start at the oldest.
      resourceVersion ??= page.resourceVersion;
    }
    this.#listed(replacement, resourceVersion);
  }

  #listed(replacement: Replacement, resourceVersion: string | undefined): void {
    const { clock, onState, onChange } = this.#options;
    replacement.commit();
    this.#resourceVersion = resourceVersion;
    this.#lastContactMs = clock.nowMs();
    const isNew = this.#state !== "watched";
    this.#state = "watched";
    this.#call(() => {
      if (isNew) onState?.("watched", "");
      onChange(this.#store.objects);
    });
  }

  /** @param from - `undefined`: from the state that there is, which comes first. */
  async #watch(resource: Resource, from: string | undefined, watch: { openedMs: number | undefined }): Promise<void> {
    const { api, clock, random, signal } = this.#options;
    const [min, max] = this.#timing.watchSeconds;
    const { idleMs, streamSilenceMs } = this.#timing;
    using guard = new IdleGuard(from === undefined ? Math.min(streamSilenceMs, idleMs) : idleMs, clock, signal);
    const timeoutSeconds = Math.max(1, Math.round(min + random() * (max - min)));
    const contactBeforeMs = this.#lastContactMs;
    const onOpen = (): void => {
      watch.openedMs = clock.nowMs();
      this.#lastContactMs = watch.openedMs;
    };
    let hasEvents = false;
    let initial = from === undefined ? this.#store.startReplacement() : undefined;
    const stretch = new Stretch(clock);
    try {
      for await (const event of watchEvents(
        touching(api, guard),
        resource,
        { resourceVersion: from, timeoutSeconds, onOpen },
        guard.signal,
      )) {
        hasEvents = true;
        this.#lastContactMs = clock.nowMs();
        if (initial === undefined) this.#apply(event);
        else if (this.#isInitial(initial, event)) await stretch.breathe(guard.signal);
        else {
          this.#listed(initial, resourceVersionOf(event.object));
          this.#streaming.worked();
          initial = undefined;
          if (this.#relistAfterMs() !== undefined) return;
          guard.relax(idleMs);
        }
      }
    } catch (error) {
      // Whoever takes a watch and then says nothing that an API server would say is none: a proxy in front of it, for instance.
      if (!hasEvents && error instanceof ApiError && error.status === OK) this.#lastContactMs = contactBeforeMs;
      throw error;
    }
    if (initial !== undefined) throw new ApiError(`watch ${resource.path}: the stream ended before the list was complete`, 200);
  }

  /** Takes one event of a list that comes as a stream. @returns false for the one that ends it. */
  #isInitial(initial: Replacement, { type, object }: WatchEvent): boolean {
    if (type === "BOOKMARK") {
      if (endsInitialEvents(object) && resourceVersionOf(object) !== undefined) return false;
      throw new StreamingRefused("a bookmark came before the end of the initial events: the server does not know them");
    }
    this.#call(() => {
      if (type === "DELETED") initial.delete(object);
      else initial.set(object);
    });
    return true;
  }

  #apply({ type, object }: WatchEvent): void {
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

const OK = 200;
const NOT_FOUND = 404;
const FORBIDDEN = 403;

function unavailability(error: unknown): ResourceState | undefined {
  const status = error instanceof ApiError ? error.status : undefined;
  if (status === NOT_FOUND) return "missing";
  return status === FORBIDDEN ? "forbidden" : undefined;
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
