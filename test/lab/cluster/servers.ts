/** An API server of its own for a test, and what a test says to it: raw HTTP, no client library. */
import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { type ApiServer, type ApiServerOptions, startApiServer } from "../../../lab/cluster/api-server.ts";
import type { KubeObject } from "../../../lab/cluster/objects.ts";
import { Store } from "../../../lab/cluster/store.ts";
import { PATIENCE_MS } from "../../support/waiting.ts";

export const NOW = new Date("2026-03-01T12:00:00Z");

/** A value inside JSON, by its path: `items.0.metadata.name`; `undefined` where the path leads nowhere. */
export function at(json: unknown, path: string): unknown {
  let value = json;
  for (const key of path.split(".")) {
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  }
  return value;
}

/** Names of the objects of a list. */
export const namesIn = (list: unknown): readonly unknown[] => {
  const items = at(list, "items");
  return Array.isArray(items) ? items.map((item) => at(item, "metadata.name")) : [];
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** `undefined` where the body is no JSON object. */
  readonly json: unknown;
}

export interface TestServer {
  readonly store: Store;
  readonly server: ApiServer;
  readonly url: string;
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  watch(path: string, headers?: Record<string, string>): Promise<WatchReader>;
}

/** Starts a server that ends with the test. */
export async function startServer(
  t: TestContext,
  options: Partial<Pick<ApiServerOptions, "bookmarkEveryMs" | "token">> & { readonly history?: number } = {},
): Promise<TestServer> {
  const { history = 1_000, ...given } = options;
  const store = new Store({ now: () => NOW, uid: randomUUID, history });
  const server = await startApiServer({
    store,
    host: "127.0.0.1",
    port: 0,
    bookmarkEveryMs: 60_000,
    now: () => new Date(NOW.getTime() + 180_000),
    onError: (error) => {
      throw error;
    },
    ...given,
  });
  const url = `http://127.0.0.1:${server.port}`;
  const readers: WatchReader[] = [];
  t.after(async () => {
    await server.close();
    await Promise.all(readers.map((reader) => reader.close()));
  });
  return {
    store,
    server,
    url,
    async request(method, path, body = undefined, headers = {}) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { "content-type": "application/json", connection: "close", ...headers },
        signal: AbortSignal.timeout(PATIENCE_MS),
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: text.startsWith("{") ? JSON.parse(text) : undefined,
      };
    },
    async watch(path, headers = {}) {
      const response = await fetch(`${url}${path}`, { headers: { connection: "close", ...headers } });
      const reader = new WatchReader(response);
      readers.push(reader);
      return reader;
    },
  };
}

/** Reads the lines of a watch one by one. */
export class WatchReader {
  readonly status: number;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = "";

  constructor(response: Response) {
    this.status = response.status;
    if (response.body === null) throw new Error("watch: the response has no body");
    this.#reader = response.body.getReader();
  }

  /** The next event. @returns `undefined` at the end of the stream. @throws Error when none comes in time. */
  async next(withinMs = PATIENCE_MS): Promise<unknown> {
    while (!this.#text.includes("\n")) {
      const { done, value } = await this.#read(withinMs);
      if (done) return undefined;
      this.#text += Buffer.from(value).toString("utf8");
    }
    const end = this.#text.indexOf("\n");
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return JSON.parse(line);
  }

  /** `type name` of the next `count` events. */
  async brief(count: number): Promise<readonly string[]> {
    const seen: string[] = [];
    while (seen.length < count) {
      const event = await this.next();
      seen.push(
        event === undefined
          ? "END"
          : `${at(event, "type")} ${at(event, "object.metadata.name") ?? at(event, "object.code") ?? ""}`.trim(),
      );
    }
    return seen;
  }

  /** What has come of a line that has not ended. */
  get rest(): string {
    return this.#text;
  }

  async close(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  async #read(withinMs: number) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`watch: nothing came within ${withinMs} ms`)), withinMs);
    });
    try {
      return await Promise.race([this.#reader.read(), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

export const SERVICES = "/api/v1/services";
export const SLICES = "/apis/discovery.k8s.io/v1/endpointslices";
export const IN_SHOP = "/api/v1/namespaces/shop/services";

/** A Service as a client would send it. */
export const serviceBody = (name: string, overrides: { readonly labels?: object; readonly spec?: object } = {}) => ({
  metadata: { name, ...(overrides.labels === undefined ? {} : { labels: overrides.labels }) },
  spec: { type: "LoadBalancer", ports: [{ name: "http", port: 80 }], ...overrides.spec },
});

/** An object as the store takes it, without any of the API server's checks. */
export const storeObject = (
  name: string,
  fields: { readonly labels?: Record<string, string>; readonly spec?: object } = {},
): KubeObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "shop", ...(fields.labels === undefined ? {} : { labels: fields.labels }) },
  spec: { type: "ClusterIP", ...fields.spec },
});
