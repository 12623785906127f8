import * as v from "valibot";
import type { Clock } from "../../domain/clock.ts";
import { ApiError, getDocument } from "./api-requests.ts";
import type { KubeApi } from "./kube-api.ts";

const groupSchema = v.object({ versions: v.array(v.object({ version: v.string() })) });
const resourcesSchema = v.object({ resources: v.array(v.object({ name: v.string() })) });

/** Resources of one group are asked for together, and each asks which versions there are. */
const FRESH_MS = 5_000;
const NOT_FOUND = 404;

/**
 * Which versions of which resources the API server has.
 *
 * @see Kubernetes API concepts, "API discovery": `/apis/GROUP` and `/apis/GROUP/VERSION`, which every authenticated user may read.
 */
export class GroupVersions {
  readonly #api: KubeApi;
  readonly #clock: Clock;
  /** Answers by path, for as long as they are fresh. */
  readonly #answers = new Map<string, { readonly atMs: number; readonly names: Promise<ReadonlySet<string>> }>();

  constructor(api: KubeApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  /**
   * The first of these versions of the group that has the resource.
   *
   * @returns `undefined` when none has. Rejects when the server does not say.
   */
  async find(group: string, resource: string, versions: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    const served = await this.#names(`/apis/${group}`, signal);
    for (const version of versions) {
      if (served.has(version) && (await this.#names(`/apis/${group}/${version}`, signal)).has(resource)) return version;
    }
    return undefined;
  }

  #names(path: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const known = this.#answers.get(path);
    if (known !== undefined && this.#clock.nowMs() - known.atMs < FRESH_MS) return known.names;
    const names = this.#ask(path, signal);
    this.#answers.set(path, { atMs: this.#clock.nowMs(), names });
    // Whoever asks hears of it; the next to ask asks anew.
    names.catch(() => this.#answers.delete(path));
    return names;
  }

  async #ask(path: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
    try {
      const document = await getDocument(this.#api, path, signal);
      const group = v.safeParse(groupSchema, document);
      if (group.success) return new Set(group.output.versions.map(({ version }) => version));
      const resources = v.safeParse(resourcesSchema, document);
      if (resources.success) return new Set(resources.output.resources.map(({ name }) => name));
      throw new ApiError(`get ${path}: expected a list of versions or resources`, 200);
    } catch (error) {
      if (error instanceof ApiError && error.status === NOT_FOUND) return new Set();
      throw error;
    }
  }
}
