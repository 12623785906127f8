import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { ApiError, statusOf } from "./api-error.ts";
import { type Disruption, disruptRequest, goneLine, HALF_A_LINE } from "./disruption.ts";
import { DOCUMENTS } from "./documents.ts";
import { KINDS } from "./kinds.ts";
import { listPage } from "./list.ts";
import { Listening } from "./listening.ts";
import type { KubeObject } from "./objects.ts";
import { type ObjectRoute, type Route, routeOf } from "./routes.ts";
import type { Store } from "./store.ts";
import { includeObjectOf, preferredForm, tableOf } from "./tables.ts";
import { startWatch, type Watch } from "./watch.ts";
import { type Body, create, patch, remove, update } from "./writes.ts";

export interface ApiServerOptions {
  readonly store: Store;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Time between the bookmarks of a watch that asked for them. */
  readonly bookmarkEveryMs: number;
  readonly now: () => Date;
  /** The bearer token that every request must show; `undefined`: none is asked for. */
  readonly token?: string;
  /** A fault of the server itself, which the client only sees as status 500. */
  readonly onError: (error: unknown) => void;
}

/** The lab's Kubernetes API server: what `kubectl` and list-and-watch clients need of one, over plain HTTP. */
export interface ApiServer {
  readonly port: number;
  /** Requests so far by kind: `list services`, `watch endpointslices`, `discovery`, … Refused ones are not among them. */
  readonly counts: ReadonlyMap<string, number>;
  readonly openWatches: number;
  /**
   * Makes the server misbehave, or well again with `none`. Open watches end as the disruption has it; with `hang` they go silent,
   * and stay so for good, as behind a router that has forgotten them.
   */
  disrupt(disruption: Disruption): Promise<void>;
  close(): Promise<void>;
}

/** As the real one's bound on a request. @see k8s.io/apiserver, server/config.go, MaxRequestBodyBytes. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;
const MAX_WATCHES = 1_000;

/** @throws Error of the system when address and port cannot be had. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, bookmarkEveryMs, now, token, onError } = options;
  const counts = new Map<string, number>();
  const watches = new Set<Watch>();
  let disruption: Disruption = "none";

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://lab.invalid");
    const document = DOCUMENTS.get(url.pathname);
    const route = document === undefined ? routeOf(request.method ?? "", url.pathname, url.searchParams) : undefined;
    const kind = route === undefined ? "discovery" : `${route.verb} ${route.resource}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (disruptRequest(disruption, route?.verb, response)) return;
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      throw new ApiError("Unauthorized", "Unauthorized");
    }
    if (route === undefined) send(response, 200, document);
    else await serve(route, url.searchParams, request, response);
  }

  async function serve(route: Route, query: URLSearchParams, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = preferredForm(request.headers.accept ?? "");
    if (form === "none") throw new ApiError("NotAcceptable", "only application/json is there, and Tables of meta.k8s.io/v1");
    const table = (objects: readonly KubeObject[], metadata: object) =>
      tableOf(route.resource, objects, { metadata, now: now(), includeObject: includeObjectOf(query.get("includeObject")) });
    const show = (object: KubeObject) =>
      form === "table" ? table([object], { resourceVersion: object.metadata.resourceVersion }) : object;

    if (route.verb === "watch") {
      if (watches.size >= MAX_WATCHES) throw new ApiError("TooManyRequests", `more than ${MAX_WATCHES} watches`);
      const onEnd = (watch: Watch) => watches.delete(watch);
      watches.add(startWatch(store, route, query, response, { bookmarkEveryMs, render: show, onEnd }));
    } else if (route.verb === "list") {
      const { items, metadata } = listPage(store, route, query);
      const { kind, apiVersion } = KINDS[route.resource];
      send(response, 200, form === "table" ? table(items, metadata) : { kind: `${kind}List`, apiVersion, metadata, items });
    } else if (route.verb === "create") {
      send(response, 201, show(create(store, route, await bodyOf(request, query))));
    } else {
      const { namespace = "", name = "" } = route;
      const object = { ...route, namespace, name };
      const body = route.verb === "get" ? undefined : await bodyOf(request, query);
      send(response, 200, body === undefined ? show(store.get(route.resource, namespace, name)) : change(object, body, show));
    }
  }

  function change(route: ObjectRoute, body: Body, show: (object: KubeObject) => unknown): unknown {
    if (route.verb === "delete") return remove(store, route, body);
    return show(route.verb === "patch" ? patch(store, route, body) : update(store, route, body));
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (!(error instanceof ApiError)) onError(error);
      sendError(response, error);
    });
  });
  const listening = new Listening(server, options.host, options.port);
  await listening.start();

  return {
    get port() {
      return listening.port;
    },
    counts,
    get openWatches() {
      return watches.size;
    },
    async disrupt(next) {
      disruption = next === "reset" ? "none" : next;
      if (next === "refuse") return listening.stop();
      if (next === "hang") for (const watch of watches) watch.silence();
      if (next === "garbage") for (const watch of watches) watch.endWith(HALF_A_LINE);
      if (next === "gone" || next === "gone_event") for (const watch of watches) watch.endWith(goneLine());
      if (next === "reset" || next === "error" || next === "too_many") listening.resetConnections();
      await listening.start();
    },
    close: () => listening.stop(),
  };
}

/** @throws ApiError for a body that is too large or no JSON, and for a dry run, which the lab would do for real. */
async function bodyOf(request: IncomingMessage, query: URLSearchParams): Promise<Body> {
  if (query.has("dryRun")) throw new ApiError("BadRequest", "dryRun: the lab has no dry runs");
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new ApiError("RequestEntityTooLarge", `body: expected at most ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  const contentType = request.headers["content-type"] ?? "application/json";
  if (text === "" && request.method === "DELETE") return { value: undefined, contentType };
  if (!/json\s*(;|$)/i.test(contentType)) throw new ApiError("UnsupportedMediaType", `body: got ${contentType}, expected JSON`);
  try {
    return { value: JSON.parse(text), contentType };
  } catch (cause) {
    throw new ApiError("BadRequest", `body: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(`${JSON.stringify(body)}\n`);
}

function sendError(response: ServerResponse, error: unknown): void {
  const apiError = error instanceof ApiError ? error : new ApiError("InternalError", String(error));
  if (response.headersSent) response.destroy();
  else send(response, apiError.code, statusOf(apiError));
}
