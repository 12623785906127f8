import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Endpoints {
  /** Prometheus exposition text and its content type. */
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>;
  /** The page for people, with the headers that it is to be sent with. */
  readonly page: () => Promise<{ readonly html: string; readonly headers: Readonly<Record<string, string>> }>;
  /** The same for programs: a value to be sent as JSON. */
  readonly status: () => Promise<unknown>;
  /** Whether the first plan stands. */
  readonly ready: () => boolean;
  /** A request that could not be answered because the agent, not the client, is at fault. */
  readonly onError: (error: unknown) => void;
}

/** Clients at a time, scrapers and probes together; more are turned away by the kernel's RST, never queued. */
const MAX_CONNECTIONS = 64;
/** Milliseconds within which a client must have sent its whole request. */
const REQUEST_TIMEOUT_MS = 5_000;
/** Milliseconds without progress after which a client that does not read is let go. */
const IDLE_TIMEOUT_MS = 30_000;

/**
 * Serves the page (/), /api/v1/status, /metrics, /healthz (the process is alive) and /readyz (it has planned what it probes).
 *
 * @throws If the address cannot be listened on, with the address in the message.
 */
export async function startServer(
  address: { readonly host: string | undefined; readonly port: number },
  endpoints: Endpoints,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    answer(request, response, endpoints).catch((error: unknown) => {
      endpoints.onError(error);
      if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" });
      response.end("the agent could not answer; its log says why\n");
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(IDLE_TIMEOUT_MS);
  await listen(server, address);
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

async function answer(request: IncomingMessage, response: ServerResponse, endpoints: Endpoints): Promise<void> {
  const send = (status: number, text: string, headers: Readonly<Record<string, string>> = {}) => {
    response.writeHead(status, {
      "content-type": "text/plain; charset=utf-8",
      "content-length": Buffer.byteLength(text),
      ...headers,
    });
    response.end(request.method === "HEAD" ? undefined : text);
  };
  if (request.method !== "GET" && request.method !== "HEAD") {
    send(405, "only GET\n", { allow: "GET, HEAD" });
    return;
  }
  const [path] = (request.url ?? "").split("?");
  switch (path) {
    case "/metrics": {
      const { text, contentType } = await endpoints.metrics();
      send(200, text, { "content-type": contentType });
      return;
    }
    case "/healthz":
      send(200, "ok\n");
      return;
    case "/readyz":
      if (endpoints.ready()) send(200, "ok\n");
      else send(503, "not ready: nothing is planned before the first discovery snapshot\n");
      return;
    case "/api/v1/status":
      send(200, `${JSON.stringify(await endpoints.status())}\n`, {
        "content-type": "application/json",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
      });
      return;
    case "/": {
      const { html, headers } = await endpoints.page();
      send(200, html, headers);
      return;
    }
    default:
      send(404, "not found: /, /api/v1/status, /metrics, /healthz and /readyz are served here\n");
  }
}

function listen(server: Server, address: { readonly host: string | undefined; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new Error(`cannot listen on ${address.host ?? ""}:${address.port}: ${cause.message}`, { cause }));
    });
    server.listen({ port: address.port, ...(address.host === undefined ? {} : { host: address.host }) }, () => resolve());
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
