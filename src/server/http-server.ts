import { constants } from "node:crypto";
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { type SecureContextOptions, TLSSocket } from "node:tls";
import type { TlsMaterial } from "./tls-files.ts";

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

/** How long a client may take, in milliseconds. */
export interface ServerTimes {
  /** Within this it must have sent its whole request. */
  readonly requestMs: number;
  /** How often the server looks for those who have not. Node looks every half minute, unless it is told otherwise. */
  readonly checkEveryMs: number;
  /** Within this its TLS handshake must have ended. */
  readonly handshakeMs: number;
  /** Without progress for so long, a client that does not read is let go. */
  readonly idleMs: number;
}

const TIMES: ServerTimes = { requestMs: 5_000, checkEveryMs: 1_000, handshakeMs: 5_000, idleMs: 30_000 };

/** What anyone may ask who can reach the port: the kubelet, which asks, has no certificate to show. */
const OPEN_PATHS: ReadonlySet<string> = new Set(["/healthz", "/readyz"]);

export interface RunningServer {
  readonly port: number;
  /** New connections get these certificates; for a server that was started with some. */
  readonly useTls: (tls: TlsMaterial) => void;
  readonly close: () => Promise<void>;
}

/**
 * Serves the page (/), /api/v1/status, /metrics, /healthz (the process is alive) and /readyz (it has planned what it probes).
 *
 * @param tls - With it nothing is served but TLS; with authorities of clients in it only the two paths for the kubelet are, unless
 *   the client shows a certificate of theirs.
 * @param times - Instead of the usual ones.
 * @throws If the address cannot be listened on, with the address in the message.
 */
export async function startServer(
  address: { readonly host: string | undefined; readonly port: number },
  endpoints: Endpoints,
  tls?: TlsMaterial,
  times: Partial<ServerTimes> = {},
): Promise<RunningServer> {
  const { requestMs, checkEveryMs, handshakeMs, idleMs } = { ...TIMES, ...times };
  const needsCertificate = tls?.clientCa !== undefined;
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response, endpoints, needsCertificate).catch((error: unknown) => {
      endpoints.onError(error);
      if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" });
      response.end("the agent could not answer; its log says why\n");
    });
  };
  const limits = {
    requestTimeout: requestMs,
    headersTimeout: requestMs,
    connectionsCheckingInterval: checkEveryMs,
    handshakeTimeout: handshakeMs,
  };
  const secure = tls === undefined ? undefined : createHttpsServer({ ...limits, ...tlsOptionsOf(tls) }, onRequest);
  const server: Server = secure ?? createHttpServer(limits, onRequest);
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(idleMs);
  // Those in the middle of their handshake are not known to the HTTP server.
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await listen(server, address);
  return {
    port: (server.address() as AddressInfo).port,
    useTls: (next) => secure?.setSecureContext(contextOf(next)),
    close: () => close(server, sockets),
  };
}

/** @see RFC 9325, section 3.1.1 (versions), section 3.3 (resumption: a session would outlive what its certificate was checked against). */
const contextOf = ({ cert, key, clientCa }: TlsMaterial): SecureContextOptions => ({
  cert,
  key,
  ca: clientCa,
  minVersion: "TLSv1.2",
  secureOptions: constants.SSL_OP_NO_TICKET,
});

const tlsOptionsOf = (tls: TlsMaterial) => ({
  ...contextOf(tls),
  requestCert: tls.clientCa !== undefined,
  // Who shows none, or a wrong one, may still ask for the paths that are open to all: it is decided by the request.
  rejectUnauthorized: false,
});

/** Whether a client may have what it asks for: anyone the open paths, the others who showed a certificate that holds. */
const isPermitted = ({ socket }: IncomingMessage, path: string): boolean =>
  OPEN_PATHS.has(path) || (socket instanceof TLSSocket && socket.authorized);

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  endpoints: Endpoints,
  needsCertificate: boolean,
): Promise<void> {
  // A connection a request: a certificate is checked whenever it is used, against the authorities of that moment.
  if (needsCertificate) response.setHeader("connection", "close");
  const send = (status: number, text: string, headers: Readonly<Record<string, string>> = {}) => {
    response.writeHead(status, {
      "content-type": "text/plain; charset=utf-8",
      "content-length": Buffer.byteLength(text),
      // What is in it others wrote: it is to be read as what it is sent as.
      "x-content-type-options": "nosniff",
      ...headers,
    });
    response.end(request.method === "HEAD" ? undefined : text);
  };
  const [path = ""] = (request.url ?? "").split("?");
  if (needsCertificate && !isPermitted(request, path)) {
    send(403, "a client certificate is needed that holds: /healthz and /readyz only are open to all\n");
    return;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    send(405, "only GET\n", { allow: "GET, HEAD" });
    return;
  }
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

function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}
