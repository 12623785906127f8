import type { Clock } from "../domain/clock.ts";
import type { KubeApi } from "./api/kube-api.ts";
import { Reflector, type ReflectorTiming } from "./api/reflector.ts";
import { type EndpointSliceObject, parseEndpointSlice } from "./objects/slice-object.ts";

export interface SliceWatchOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly timing: Partial<ReflectorTiming>;
  readonly onChange: () => void;
  readonly onError: (error: Error) => void;
  /** A callback threw: a fault of the program. */
  readonly onFault: (error: unknown) => void;
}

const LABEL = "kubernetes.io/service-name";
/** Proxies in front of API servers take 8 KiB of request line, and percent-encoding makes more of the commas. */
const MAX_SELECTOR_LENGTH = 4096;
/** A slice holds 100 endpoints and some 25 KB; parsing the JSON of a page holds the event loop. */
const PAGE_SIZE = 50;
/** A cluster that comes up makes its Services one by one; each new selector costs a list. */
const RESTART_SPACING_MS = 1_000;

/** One selector and the reflector that follows it. */
interface Subscription {
  /** `undefined`: the slices of all Services, because the names would not fit. */
  readonly names: ReadonlySet<string> | undefined;
  readonly reflector: Reflector<EndpointSliceObject>;
  readonly stop: () => void;
  objects: ReadonlyMap<string, EndpointSliceObject> | undefined;
}

/**
 * The EndpointSlices of a set of Services that changes.
 *
 * A selector cannot be changed while it is watched. So a new name starts a second subscription, and the one in use stays until
 * the new one has listed: nothing is lost meanwhile. Names that are not wanted any more stay selected until the next new one.
 */
export class SliceWatch {
  readonly #options: SliceWatchOptions;
  readonly #running = new Set<Promise<void>>();
  #wanted: ReadonlySet<string> = new Set();
  #current: Subscription | undefined;
  #next: Subscription | undefined;
  #lastStartMs = Number.NEGATIVE_INFINITY;
  #startPending = false;
  #firstStartMs: number | undefined;

  constructor(options: SliceWatchOptions) {
    this.#options = options;
  }

  /** Follows the slices of these Services, by name; nothing is asked for as long as there are none. */
  want(names: ReadonlySet<string>): void {
    this.#wanted = names;
    if (this.#startPending || this.#options.signal.aborted || covers(this.#next ?? this.#current, names)) return;
    const waitMs = this.#lastStartMs + RESTART_SPACING_MS - this.#options.clock.nowMs();
    if (waitMs <= 0) {
      this.#start();
      return;
    }
    this.#startPending = true;
    const cancel = this.#options.clock.after(waitMs, () => {
      this.#startPending = false;
      this.#options.signal.removeEventListener("abort", cancel);
      this.want(this.#wanted);
    });
    this.#options.signal.addEventListener("abort", cancel, { once: true });
  }

  /** Whether all slices of a Service of this name are among the objects. */
  isListed(name: string): boolean {
    return this.#current?.objects !== undefined && covers(this.#current, new Set([name]));
  }

  objects(): Iterable<EndpointSliceObject> {
    return this.#current?.objects?.values() ?? [];
  }

  /** On the clock: the last sign of life, or else since when one is owed; `undefined`: nothing was ever asked for. */
  lastContactMs(): number | undefined {
    return this.#current?.reflector.lastContactMs() ?? this.#firstStartMs;
  }

  /** Whether anything that is wanted is still to be listed for the first time. */
  get isPending(): boolean {
    return this.#wanted.size > 0 && this.#current === undefined;
  }

  /** Ends when the signal is aborted and every subscription has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  #start(): void {
    const { api, clock, random, signal, timing, onError, onFault } = this.#options;
    this.#lastStartMs = clock.nowMs();
    this.#firstStartMs ??= this.#lastStartMs;
    const { names, labelSelector } = selectorOf(this.#wanted);
    const controller = new AbortController();
    const stop = (): void => {
      signal.removeEventListener("abort", stop);
      controller.abort(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
    this.#next?.stop();
    const subscription: Subscription = {
      names,
      stop,
      objects: undefined,
      reflector: new Reflector<EndpointSliceObject>({
        api,
        resource: { path: "/apis/discovery.k8s.io/v1/endpointslices", query: { labelSelector } },
        pageSize: PAGE_SIZE,
        parse: parseEndpointSlice,
        clock,
        random,
        signal: controller.signal,
        timing,
        onChange: (objects) => this.#listed(subscription, objects),
        onError,
      }),
    };
    this.#next = subscription;
    const running = subscription.reflector.done.catch(onFault).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  #listed(subscription: Subscription, objects: ReadonlyMap<string, EndpointSliceObject>): void {
    subscription.objects = objects;
    if (subscription === this.#next) {
      this.#current?.stop();
      this.#current = subscription;
      this.#next = undefined;
    }
    this.#options.onChange();
  }
}

/** Whether a subscription brings the slices of all these Services. */
function covers(subscription: Subscription | undefined, names: ReadonlySet<string>): boolean {
  const selected = subscription?.names;
  if (subscription !== undefined && selected === undefined) return true;
  return [...names].every((name) => selected?.has(name));
}

function selectorOf(names: ReadonlySet<string>): { names: ReadonlySet<string> | undefined; labelSelector: string } {
  const labelSelector = `${LABEL} in (${[...names].sort().join(",")})`;
  if (labelSelector.length <= MAX_SELECTOR_LENGTH) return { names: new Set(names), labelSelector };
  return { names: undefined, labelSelector: LABEL };
}
