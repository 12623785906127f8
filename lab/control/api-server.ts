import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { DOCUMENTS } from "./documents.ts";
import type { KubeObject } from "./objects.ts";
import { applyPatch } from "./patch.ts";
import { fieldSelector, labelSelector } from "./selectors.ts";
import { ApiError, type Collection, type Store } from "./store.ts";
import { tableOf } from "./tables.ts";
import { streamWatch, type WatchLine } from "./watch.ts";

const MAX_BODY_BYTES = 1024 * 1024;
const DEFAULT_WATCH_SECONDS = 1_800;

/** How the server misbehaves. `refuse`: nobody listens; `hang`: it accepts and says nothing. */
export type Disruption = "none" | "refuse" | "garbage" | "error" | "too_many" | "hang" | "gone";

export interface ApiServer {
  readonly port: number;
  /** Requests so far: `list services`, `watch endpointslices`, … */
  readonly counts: ReadonlyMap<string, number>;
  /** Switches a fault on, or all off. Every open connection is reset, as when a server restarts. */
  disrupt(mode: Disruption): Promise<void>;
  close(): Promise<void>;
}

const RESOURCES = {
  services: { kind: "Service", apiVersion: "v1" },
  endpointslices: { kind: "EndpointSlice", apiVersion: "discovery.k8s.io/v1" },
} as const;
type ResourceName = keyof typeof RESOURCES;

const PATH =
  /^(?:\/api\/v1|\/apis\/discovery\.k8s\.io\/v1)(?:\/namespaces\/([^/]+))?\/(services|endpointslices)(?:\/([^/]+))?(?:\/(status))?$/;

/** Serves the store as a Kubernetes API server does, as far as `kubectl` and list-and-watch clients go. Plain HTTP, no access control. */
export async function startApiServer(options: {
  readonly store: Store;
  readonly host: string;
  readonly port: number;
  readonly bookmarkEveryMs: number;
}): Promise<ApiServer> {
  const { store, host } = options;
  const counts = new Map<string, number>();
  const sockets = new Set<Socket>();
  let mode: Disruption = "none";
  const server = createServer((request, response) => {
    if (disrupted(mode, response)) return;
    handle(request, response, { ...options, counts }).catch((error: unknown) => fail(response, error));
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await listen(server, options.port, host);
  const { port } = server.address() as AddressInfo;
  const stop = () => new Promise<void>((resolve) => (server.listening ? server.close(() => resolve()) : resolve()));
  const reset = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port,
    counts,
    disrupt: async (next) => {
      mode = next;
      if (next === "gone") store.compact();
      const stopped = next === "refuse" ? stop() : undefined;
      reset();
      await stopped;
      if (next !== "refuse" && !server.listening) await listen(server, port, host);
    },
    close: async () => {
      const stopped = stop();
      reset();
      await stopped;
    },
  };
}

const listen = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });

/** @returns whether the fault that is switched on has taken the request. */
function disrupted(mode: Disruption, response: ServerResponse): boolean {
  switch (mode) {
    case "hang":
      return true;
    case "garbage":
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"kind":"ServiceList","metadata":{"resourceVersion":"7"},"items":[{"metadata":\n<html>');
      return true;
    case "error":
      fail(response, new Error("etcdserver: request timed out"));
      return true;
    case "too_many":
      response.setHeader("retry-after", "1");
      fail(response, new ApiError(429, "TooManyRequests", "too many requests, please try again later"));
      return true;
    default:
      return false;
  }
}

interface Context {
  readonly store: Store;
  readonly bookmarkEveryMs: number;
  readonly counts: Map<string, number>;
}

async function handle(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  const url = new URL(request.url ?? "/", "http://lab");
  const document = DOCUMENTS[url.pathname];
  if (document !== undefined) {
    send(response, 200, document);
    return;
  }
  const match = PATH.exec(url.pathname);
  if (match?.[2] === undefined) throw new ApiError(404, "NotFound", `the server could not find ${url.pathname}`);
  const [, namespace, resource, name, subresource] = match;
  const collection = context.store[resource as ResourceName];
  const watches = ["1", "true"].includes(url.searchParams.get("watch") ?? "");
  const verb =
    request.method === "GET" ? (watches ? "watch" : name === undefined ? "list" : "get") : (request.method ?? "").toLowerCase();
  context.counts.set(`${verb} ${resource}`, (context.counts.get(`${verb} ${resource}`) ?? 0) + 1);
  const view = { url, request, response, context, collection, resource: resource as ResourceName, namespace, name };
  switch (verb) {
    case "watch":
    case "list":
      return listOrWatch(view, watches);
    case "get":
      return reply(view, [collection.get(namespace ?? "", name ?? "")]);
    case "delete":
      return reply(view, [collection.delete(namespace ?? "", name ?? "")]);
    default:
      return reply(view, [await write(view, verb, subresource)]);
  }
}

interface View {
  readonly url: URL;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly context: Context;
  readonly collection: Collection;
  readonly resource: ResourceName;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

function listOrWatch(view: View, watches: boolean): void {
  const { url, collection, namespace, name, resource, response, context } = view;
  const query = url.searchParams;
  if (query.get("sendInitialEvents") !== null) {
    throw new ApiError(422, "Invalid", "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled");
  }
  const selectors = [labelSelector(query.get("labelSelector") ?? ""), fieldSelector(query.get("fieldSelector") ?? "")];
  const selects = (object: KubeObject) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (name === undefined || object.metadata.name === name) &&
    selectors.every((selector) => selector(object));
  const since = query.get("resourceVersion") ?? "";
  if (!watches) {
    listPage(view, collection.list().filter(selects));
    return;
  }
  const asTable = wantsTable(view.request);
  const render = (line: WatchLine) => {
    const object =
      asTable && line.type !== "BOOKMARK" ? tableOf(resource, [line.object as KubeObject], context.store.version) : line.object;
    return `${JSON.stringify({ type: line.type, object })}\n`;
  };
  streamWatch(collection, response, {
    since: since === "" || since === "0" ? context.store.version : Number(since),
    selects,
    bookmarkKind: query.get("allowWatchBookmarks") === "true" ? RESOURCES[resource] : undefined,
    bookmarkEveryMs: context.bookmarkEveryMs,
    timeoutMs: Number(query.get("timeoutSeconds") ?? DEFAULT_WATCH_SECONDS) * 1000,
    version: () => context.store.version,
    render,
  });
}

/** One page of a list; `continue` carries the version the list began at and where to go on. */
function listPage(view: View, objects: readonly KubeObject[]): void {
  const { url, resource, response, context, request } = view;
  const limit = Number(url.searchParams.get("limit") ?? 0) || objects.length;
  const [startText, versionText] = (url.searchParams.get("continue") ?? "").split("@");
  const version = versionText === undefined ? context.store.version : Number(versionText);
  // Pages of one list are to be of one moment; objects that have changed since cannot be served as they were.
  if (version < context.store.version && versionText !== undefined) {
    throw new ApiError(410, "Expired", "the provided continue parameter is too old");
  }
  const start = Number(startText ?? 0);
  const page = objects.slice(start, start + limit);
  if (wantsTable(request)) {
    send(response, 200, tableOf(resource, page, version));
    return;
  }
  const next =
    start + limit < objects.length
      ? { continue: `${start + limit}@${version}`, remainingItemCount: objects.length - start - limit }
      : {};
  const { kind, apiVersion } = RESOURCES[resource];
  send(response, 200, { kind: `${kind}List`, apiVersion, metadata: { resourceVersion: String(version), ...next }, items: page });
}

async function write(view: View, verb: string, subresource: string | undefined): Promise<KubeObject> {
  const { request, collection, namespace = "", name, resource } = view;
  const body: unknown = JSON.parse(await readBody(request));
  if (verb === "post") {
    const object = body as KubeObject;
    return collection.put({ ...RESOURCES[resource], ...object, metadata: { ...object.metadata, namespace } });
  }
  const present = collection.get(namespace, name ?? "");
  if (verb === "patch") return collection.put(applyPatch(present, body, request.headers["content-type"] ?? "") as KubeObject);
  if (verb !== "put") throw new ApiError(405, "MethodNotAllowed", `${verb} is not supported`);
  // The status of a Service is written by its own path, and only there.
  const object = body as KubeObject & { status?: unknown };
  return collection.put((subresource === "status" ? { ...present, status: object.status } : object) as KubeObject);
}

function reply(view: View, objects: readonly KubeObject[]): void {
  const [object] = objects;
  send(view.response, 200, wantsTable(view.request) ? tableOf(view.resource, objects, view.context.store.version) : object);
}

const wantsTable = (request: IncomingMessage): boolean => (request.headers.accept ?? "").includes("as=Table");

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new ApiError(413, "RequestEntityTooLarge", `expected at most ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

/** Every error as the Status object that clients of Kubernetes read. */
function fail(response: ServerResponse, error: unknown): void {
  const { code, reason } = error instanceof ApiError ? error : { code: 500, reason: "InternalError" };
  const message = error instanceof Error ? error.message : String(error);
  if (response.headersSent) response.destroy();
  else send(response, code, { kind: "Status", apiVersion: "v1", status: "Failure", message, reason, code });
}
