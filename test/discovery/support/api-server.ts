import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createKubeApi, type KubeApi } from "../../../src/discovery/api/kube-api.ts";

export interface FakeObject {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Answers a request instead of the server, and says so by returning true. */
export type Fault = (request: FakeRequest) => boolean;

export interface FakeRequest {
  /** `stream`: a list that comes as a watch; `document`: what a group or a version of it has. */
  readonly kind: "list" | "watch" | "stream" | "document";
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly response: ServerResponse;
  /** Ends the connection without a word (RST). */
  reset(): void;
}

/** Lists as streams: as current servers do, as those before 1.27, as those between that refuse. */
export type Streaming = "served" | "ignored" | "refused";

/**
 * A small API server: objects by path, pages, watches that send every event since a resource version, labels and field selectors
 * by name only. Faults come in front of it.
 */
export class ApiServer implements AsyncDisposable {
  readonly requests: FakeRequest[] = [];
  fault: Fault = () => false;
  streaming: Streaming = "served";
  readonly #server: Server;
  readonly #objects = new Map<string, { readonly path: string; readonly object: FakeObject }>();
  readonly #log: { readonly version: number; readonly path: string; readonly type: string; readonly object: FakeObject }[] = [];
  /** Paths of resources that are not always there, and are. */
  readonly #resources = new Set<string>();
  readonly #watches = new Set<{ readonly path: string; readonly query: URLSearchParams; readonly response: ServerResponse }>();
  #version = 1;
  #oldest = 0;

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.keepAliveTimeout = 60_000;
  }

  static async start(): Promise<ApiServer> {
    const server = new ApiServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  api(): KubeApi {
    return createKubeApi({ server: this.url, credentials: async () => ({ headers: {}, tls: {} }), userAgent: "test" });
  }

  openWatches(path: string): number {
    return [...this.#watches].filter((watch) => watch.path === path).length;
  }

  /** Adds a resource of a group: it is found in the group's documents from now on. */
  serve(path: string): void {
    this.#resources.add(path);
  }

  /** Takes a resource away, with its objects and its watches. */
  withdraw(path: string): void {
    this.#resources.delete(path);
    for (const [key, held] of this.#objects) if (held.path === path) this.#objects.delete(key);
    for (const watch of this.#watches) if (watch.path === path) watch.response.end();
  }

  count(kind: FakeRequest["kind"]): number {
    return this.requests.filter((request) => request.kind === kind).length;
  }

  put(path: string, object: FakeObject): void {
    const { namespace, name } = object.metadata;
    const key = `${path} ${namespace}/${name}`;
    if (isOptional(path)) this.serve(path);
    const versioned = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
    const type = this.#objects.has(key) ? "MODIFIED" : "ADDED";
    this.#objects.set(key, { path, object: versioned });
    this.#record(path, type, versioned);
  }

  delete(path: string, namespace: string, name: string): void {
    const key = `${path} ${namespace}/${name}`;
    const found = this.#objects.get(key);
    if (found === undefined) throw new Error(`no ${key}`);
    this.#objects.delete(key);
    const metadata = { ...found.object.metadata, resourceVersion: String(++this.#version) };
    this.#record(path, "DELETED", { ...found.object, metadata });
  }

  /** What happened so far can no longer be watched: whoever asks for an older version gets 410. */
  compact(): void {
    this.#oldest = this.#version;
  }

  /** Sends raw text on every open watch. */
  send(text: string): void {
    for (const { response } of this.#watches) response.write(text);
  }

  endWatches(how: "cleanly" | "reset"): void {
    for (const { response } of this.#watches) {
      if (how === "cleanly") response.end();
      else response.socket?.resetAndDestroy();
    }
    this.#watches.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams: query } = new URL(request.url ?? "/", this.url);
    const kind = kindOf(pathname, query);
    const reset = (): void => void response.socket?.resetAndDestroy();
    const asked: FakeRequest = { kind, path: pathname, query, headers: request.headers, response, reset };
    this.requests.push(asked);
    if (this.fault(asked)) return;
    if (kind === "document") this.#document(asked);
    else if (isOptional(pathname) && !this.#resources.has(pathname)) notFound(response);
    else if (kind === "list") this.#list(asked);
    else if (kind === "stream" && this.streaming === "refused") {
      sendJson(response, 422, { kind: "Status", code: 422, reason: "Invalid", message: "sendInitialEvents is forbidden" });
    } else this.#watch(asked);
  }

  #document({ path, response }: FakeRequest): void {
    const below = [...this.#resources].filter((resource) => resource.startsWith(`${path}/`));
    const names = [...new Set(below.map((resource) => resource.slice(path.length + 1).split("/")[0]))];
    if (names.length === 0) notFound(response);
    else if (path.split("/").length === 3) sendJson(response, 200, { versions: names.map((version) => ({ version })) });
    else sendJson(response, 200, { resources: names.map((name) => ({ name })) });
  }

  #list({ path, query, response }: FakeRequest): void {
    const objects = [...this.#objects.values()].filter((held) => held.path === path && selects(query, held.object));
    const start = Number(query.get("continue") ?? 0);
    const end = start + Number(query.get("limit") ?? objects.length);
    const more = end < objects.length ? { continue: String(end) } : {};
    const items = objects.slice(start, end).map(({ object }) => object);
    sendJson(response, 200, { metadata: { resourceVersion: String(this.#version), ...more }, items });
  }

  #watch({ kind, path, query, response }: FakeRequest): void {
    const since = Number(query.get("resourceVersion"));
    if (kind === "watch" && since < this.#oldest) {
      sendJson(response, 410, { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" });
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    if (kind === "stream") this.#sendInitial({ path, query, response });
    else
      for (const { version, path: changed, type, object } of this.#log) {
        if (version > since && changed === path && selects(query, object)) response.write(line(type, object));
      }
    const watch = { path, query, response };
    this.#watches.add(watch);
    response.on("close", () => this.#watches.delete(watch));
  }

  #sendInitial({ path, query, response }: Pick<FakeRequest, "path" | "query" | "response">): void {
    for (const held of this.#objects.values()) {
      if (held.path === path && selects(query, held.object)) response.write(line("ADDED", held.object));
    }
    if (this.streaming === "ignored") return;
    const annotations = { "k8s.io/initial-events-end": "true" };
    response.write(line("BOOKMARK", { metadata: { resourceVersion: String(this.#version), annotations } }));
  }

  #record(path: string, type: string, object: FakeObject): void {
    this.#log.push({ version: this.#version, path, type, object });
    for (const watch of this.#watches) {
      if (watch.path === path && selects(watch.query, object)) watch.response.write(line(type, object));
    }
  }
}

/** Everything of a group but the kinds that every server has. */
const isOptional = (path: string): boolean => path.startsWith("/apis/") && !path.startsWith("/apis/discovery.k8s.io/");

function kindOf(path: string, query: URLSearchParams): FakeRequest["kind"] {
  if (query.has("sendInitialEvents")) return "stream";
  if (query.has("watch")) return "watch";
  return isOptional(path) && path.split("/").length < 5 ? "document" : "list";
}

const notFound = (response: ServerResponse): void =>
  sendJson(response, 404, { kind: "Status", code: 404, reason: "NotFound", message: "the server could not find it" });

export const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;

export function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

function selects(query: URLSearchParams, object: FakeObject): boolean {
  const names = query.get("labelSelector")?.match(/^kubernetes\.io\/service-name in \((.*)\)$/)?.[1];
  return names === undefined || names.split(",").includes(object.metadata.labels?.["kubernetes.io/service-name"] ?? "");
}
