import { relistAgentsAfterMs } from "./agents-relist.ts";
import { Reflector, type ReflectorSurroundings } from "./api/reflector.ts";
import type { ReflectorTiming } from "./api/reflector-timing.ts";
import { type EndpointSliceObject, sliceParser } from "./objects/slice-object.ts";
import { MAX_SELECTORS, type SliceSelector, selectorsOf } from "./slice-selectors.ts";

export interface SliceWatchTiming extends ReflectorTiming {
  /** A cluster that comes up makes its Services one by one, and each new selector costs a list: so long between two of them. */
  readonly selectorSpacingMs: number;
}

export interface SliceWatchOptions extends ReflectorSurroundings {
  readonly timing: Partial<SliceWatchTiming>;
  /** The agents' own Service, whose slices are listed now and then where they are many. */
  readonly agentsService?: string | undefined;
  readonly onChange: () => void;
  readonly onError: (error: Error) => void;
  /** A callback threw: a fault of the program. */
  readonly onFault: (error: unknown) => void;
}

/** A slice holds 100 endpoints and some 25 KB; parsing the JSON of a page holds the event loop. */
const PAGE_SIZE = 25;
const SELECTOR_SPACING_MS = 1_000;

/** One selector and the reflector that follows it. */
interface Subscription {
  readonly names: ReadonlySet<string>;
  readonly reflector: Reflector<EndpointSliceObject>;
  readonly stop: () => void;
  /** `undefined`: not listed yet. */
  objects: ReadonlyMap<string, EndpointSliceObject> | undefined;
}

/**
 * The EndpointSlices of a set of Services that changes.
 *
 * A selector cannot be changed while it is watched. So new names get a subscription of their own, beside those that there are;
 * when there would be too many, all names are packed anew, and the old subscriptions stay in use until every new one has listed:
 * nothing is lost meanwhile. Names that are not wanted any more stay selected until then.
 */
export class SliceWatch {
  readonly #options: SliceWatchOptions;
  readonly #running = new Set<Promise<void>>();
  readonly #parse = sliceParser();
  #wanted: ReadonlySet<string> = new Set();
  /** In use. */
  #current: Subscription[] = [];
  /** To take the place of those in use. */
  #next: Subscription[] = [];
  #hasListed = false;
  #lastStartMs = Number.NEGATIVE_INFINITY;
  #startPending = false;
  #firstStartMs: number | undefined;

  constructor(options: SliceWatchOptions) {
    this.#options = options;
  }

  /** Follows the slices of these Services, by name; nothing is asked for as long as there are none. */
  want(names: ReadonlySet<string>): void {
    this.#wanted = names;
    const { clock, signal, timing } = this.#options;
    if (this.#startPending || signal.aborted || this.#uncovered().length === 0) return;
    const waitMs = this.#lastStartMs + (timing.selectorSpacingMs ?? SELECTOR_SPACING_MS) - clock.nowMs();
    if (waitMs <= 0) {
      this.#start();
      return;
    }
    this.#startPending = true;
    const cancel = clock.after(waitMs, () => {
      this.#startPending = false;
      signal.removeEventListener("abort", cancel);
      this.want(this.#wanted);
    });
    signal.addEventListener("abort", cancel, { once: true });
  }

  /** Whether all slices of a Service of this name are among the objects. */
  isListed(name: string): boolean {
    return this.#current.some(({ names, objects }) => objects !== undefined && names.has(name));
  }

  *objects(): Generator<EndpointSliceObject, void, void> {
    for (const { objects } of this.#current) if (objects !== undefined) yield* objects.values();
  }

  /** On the clock: the last sign of life of the stalest, or else since when one is owed; `undefined`: nothing was ever asked for. */
  lastContactMs(): number | undefined {
    const listed = this.#current.filter(({ objects }) => objects !== undefined);
    const contacts = listed.map(({ reflector }) => reflector.lastContactMs() ?? this.#firstStartMs ?? 0);
    return contacts.length === 0 ? this.#firstStartMs : Math.min(...contacts);
  }

  /** Whether anything that is wanted is still to be listed for the first time. */
  get isPending(): boolean {
    return this.#wanted.size > 0 && !this.#hasListed;
  }

  /** Ends when the signal is aborted and every subscription has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Names that are wanted, and that nothing brings or is about to bring. */
  #uncovered(): readonly string[] {
    const covering = this.#next.length > 0 ? this.#next : this.#current;
    return [...this.#wanted].filter((name) => !covering.some(({ names }) => names.has(name)));
  }

  #start(): void {
    this.#lastStartMs = this.#options.clock.nowMs();
    this.#firstStartMs ??= this.#lastStartMs;
    const added = this.#selectorsOf(this.#uncovered());
    const inUse = this.#next.length > 0 ? this.#next : this.#current;
    if (inUse.length + added.length <= MAX_SELECTORS) {
      inUse.push(...added.map((selector) => this.#subscribe(selector)));
      return;
    }
    for (const { stop } of this.#next) stop();
    this.#next = this.#selectorsOf([...this.#wanted]).map((selector) => this.#subscribe(selector));
  }

  /** The agents' own Service apart from the others: it is not always watched. */
  #selectorsOf(names: readonly string[]): readonly SliceSelector[] {
    const { agentsService } = this.#options;
    return [names.filter((name) => name !== agentsService), names.filter((name) => name === agentsService)].flatMap(selectorsOf);
  }

  #subscribe({ names, labelSelector }: SliceSelector): Subscription {
    const { api, clock, random, signal, timing, onError, onFault } = this.#options;
    const controller = new AbortController();
    const stop = (): void => {
      signal.removeEventListener("abort", stop);
      controller.abort(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
    const subscription: Subscription = {
      names,
      stop,
      objects: undefined,
      reflector: new Reflector<EndpointSliceObject>({
        api,
        resource: { path: "/apis/discovery.k8s.io/v1/endpointslices", query: { labelSelector } },
        pageSize: PAGE_SIZE,
        // A selector for all slices brings those of Services that nobody asked for, too.
        parse: (object) => this.#parse(object, names),
        clock,
        random,
        signal: controller.signal,
        timing,
        ...(names.has(this.#options.agentsService ?? "")
          ? { relistAfterMs: (objects) => relistAgentsAfterMs(objects.values()) }
          : {}),
        onChange: (objects) => this.#listed(subscription, objects),
        onError,
      }),
    };
    const running = subscription.reflector.done.catch(onFault).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return subscription;
  }

  #listed(subscription: Subscription, objects: ReadonlyMap<string, EndpointSliceObject>): void {
    subscription.objects = objects;
    const areListed = (subscriptions: readonly Subscription[]): boolean =>
      subscriptions.length > 0 && subscriptions.every((each) => each.objects !== undefined);
    if (areListed(this.#next)) {
      for (const { stop } of this.#current) stop();
      this.#current = this.#next;
      this.#next = [];
    }
    this.#hasListed ||= areListed(this.#current);
    this.#options.onChange();
  }
}
