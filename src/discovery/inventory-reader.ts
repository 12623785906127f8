import type { Clock } from "../domain/clock.ts";
import type { OptionalResourceName } from "../domain/resources.ts";
import { ApiError, listPages } from "./api/api-requests.ts";
import { GroupVersions } from "./api/group-versions.ts";
import { IdleGuard } from "./api/idle-guard.ts";
import type { KubeApi } from "./api/kube-api.ts";
import { keyOf } from "./api/object-store.ts";
import { ObjectError } from "./objects/schema.ts";
import { OPTIONAL_KINDS } from "./optional-resources.ts";
import { printable } from "./problems.ts";

export interface InventoryReaderOptions {
  readonly api: KubeApi;
  /** Empty: all of them. */
  readonly namespaces: readonly string[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

type Parse<T> = (object: unknown) => T;
type Query = Readonly<Record<string, string>>;

const PAGE_SIZE = 500;
/** A slice can hold a thousand endpoints, and a Node a hundred images: pages of them are to stay within a few megabytes. */
const SMALL_PAGES: Readonly<Record<string, number>> = { endpointslices: 50, nodes: 100 };
/** A server that has not answered by then is taken to be out of reach. */
const SILENCE_MS = 15_000;
const FORBIDDEN = 403;
const NOT_FOUND = 404;
/** Of the name of an object that is left out: more than a namespace and a name can have. */
const MAX_SHOWN = 320;
/** What is left out is said so often; a cluster can be full of it. */
const MAX_NOTES = 50;

/** Lists resources once, in the namespaces that are asked for, and notes what cannot be had. */
export class InventoryReader {
  readonly #options: InventoryReaderOptions;
  readonly #versions: GroupVersions;
  readonly #notes: string[] = [];

  constructor(options: InventoryReaderOptions) {
    this.#options = options;
    this.#versions = new GroupVersions(options.api, options.clock);
  }

  get notes(): readonly string[] {
    return this.#notes;
  }

  /** @throws ApiError, or what the connection throws. */
  async list<T>(prefix: string, plural: string, query: Query, parse: Parse<T>, isNamespaced = true): Promise<readonly T[]> {
    const { api, namespaces, clock, signal } = this.#options;
    const scopes = isNamespaced && namespaces.length > 0 ? namespaces.map((namespace) => `/namespaces/${namespace}`) : [""];
    const found: T[] = [];
    for (const scope of scopes) {
      using guard = new IdleGuard(SILENCE_MS, clock, signal);
      const resource = { path: `${prefix}${scope}/${plural}`, query };
      const limit = SMALL_PAGES[plural] ?? PAGE_SIZE;
      for await (const { items } of listPages(api, resource, limit, guard.signal)) {
        guard.touch();
        for (const item of items) {
          try {
            found.push(parse(item));
          } catch (error) {
            if (!(error instanceof ObjectError)) throw error;
            this.#note(`${plural} ${printable(keyOf(item) ?? "without a name", MAX_SHOWN)} is left out: ${error.message}.`);
          }
        }
      }
    }
    return found;
  }

  /** @returns `undefined`, and a note, where it may not be read. */
  async tryList<T>(
    prefix: string,
    plural: string,
    query: Query,
    parse: Parse<T>,
    { isNamespaced = true }: { readonly isNamespaced?: boolean } = {},
  ): Promise<readonly T[] | undefined> {
    try {
      return await this.list(prefix, plural, query, parse, isNamespaced);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== FORBIDDEN) throw error;
      this.#note(`${plural} may not be listed: ${CONSEQUENCES[plural] ?? "what they say is not known"}.`);
      return undefined;
    }
  }

  /** @param onRead - Told of each object, with what the server sent. @returns none where the cluster has no such kind; `undefined`, and a note, where it may not be read. */
  async tryListOptional(
    name: OptionalResourceName,
    onRead: (parsed: object, original: object) => void = () => {},
  ): Promise<readonly { readonly namespace?: string; readonly name: string }[] | undefined> {
    const { group, plural, versions, parse } = OPTIONAL_KINDS[name];
    const { clock, signal } = this.#options;
    try {
      using guard = new IdleGuard(SILENCE_MS, clock, signal);
      const version = await this.#versions.find(group, plural, versions, guard.signal);
      if (version === undefined) return [];
      const isNamespaced = name !== "gatewayclasses";
      const read = (object: unknown): { readonly name: string } => {
        const parsed = parse(object);
        onRead(parsed, object as object);
        return parsed;
      };
      return await this.tryList(`/apis/${group}/${version}`, plural, {}, read, { isNamespaced });
    } catch (error) {
      // It went between the question and the list.
      if (error instanceof ApiError && error.status === NOT_FOUND) return [];
      throw error;
    }
  }

  #note(sentence: string): void {
    if (this.#notes.length < MAX_NOTES) this.#notes.push(sentence);
    else this.#notes[MAX_NOTES] = "More is left out than is said here.";
  }
}

const CONSEQUENCES: Readonly<Record<string, string>> = {
  nodes: "how many targets there are, and so the exposure of instance targets, is not known",
  endpointslices: "where backends are, and so the exposure, is not known",
  gateways: "NLBs of Gateways are not in the list",
  gatewayclasses: "NLBs of Gateways are not in the list",
  targetgroupbindings: "Services that are bound by hand to NLBs made elsewhere are not in the list",
};
