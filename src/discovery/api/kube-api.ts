import { createHash } from "node:crypto";
import { Agent, type Dispatcher, ProxyAgent, request } from "undici";

/** One answer of the API server, as it comes in. */
export interface KubeResponse {
  readonly status: number;
  /** The `Retry-After` header as it was sent. */
  readonly retryAfter: string | undefined;
  /** The `Date` header as it was sent. */
  readonly date: string | undefined;
  /** Bytes as they arrive. Leaving a loop over it early closes the connection; so does the signal of the request. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** The Kubernetes API, as far as discovery needs it: authenticated GETs whose answers may never end. */
export interface KubeApi {
  readonly server: string;
  /**
   * @param path - From the root of the API, such as `/api/v1/services`.
   * @returns Rejects when there is no answer: no credentials, no connection, or the signal.
   */
  get(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<KubeResponse>;
  close(): Promise<void>;
}

export interface TlsOptions {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly rejectUnauthorized?: boolean;
  readonly servername?: string;
}

/** What a request needs besides its path; asked for anew for each, because tokens and certificates rotate. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsOptions;
  /** URL of an HTTP proxy. */
  readonly proxy?: string;
}

export interface KubeApiOptions {
  /** Base URL; may have a path of its own. */
  readonly server: string;
  readonly credentials: () => Promise<Credentials>;
  readonly userAgent: string;
}

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Makes a client with connections of its own.
 *
 * It sets no time limit on answers: a watch is silent by nature, and who asks knows for how long it may be.
 */
export function createKubeApi({ server, credentials, userAgent }: KubeApiOptions): KubeApi {
  const base = server.replace(/\/+$/, "");
  let pool: { readonly key: string; readonly dispatcher: Dispatcher } | undefined;

  /** One pool for as long as what TLS needs stays the same; the old one lets its watches end. */
  function dispatcherFor(given: Credentials): Dispatcher {
    const key = fingerprint(given);
    if (pool?.key === key) return pool.dispatcher;
    const outdated = pool?.dispatcher;
    pool = { key, dispatcher: createDispatcher(given) };
    // Nobody waits for it: its last watch ends when the server says so, and what it could not do has failed in that watch.
    if (outdated !== undefined) outdated.close(() => {});
    return pool.dispatcher;
  }

  return {
    server,
    async get(path, query, signal) {
      signal.throwIfAborted();
      const given = await unlessAborted(credentials(), signal);
      const dispatcher = dispatcherFor(given);
      const { statusCode, headers, body } = await request(`${base}${path}?${new URLSearchParams(query)}`, {
        dispatcher,
        signal,
        headers: { ...given.headers, accept: "application/json", "user-agent": userAgent },
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      const first = (header: string | string[] | undefined) => (Array.isArray(header) ? header[0] : header);
      return { status: statusCode, retryAfter: first(headers["retry-after"]), date: first(headers.date), body };
    },
    async close() {
      await pool?.dispatcher.destroy();
    },
  };
}

function createDispatcher({ tls, proxy }: Credentials): Dispatcher {
  const connect = { ...tls, timeout: CONNECT_TIMEOUT_MS, keepAlive: true, keepAliveInitialDelay: 30_000 };
  // HTTP/1.1, so that a request that hangs can be given up together with its connection, and no other with it.
  const options = { allowH2: false, pipelining: 1 };
  if (proxy === undefined) return new Agent({ ...options, connect });
  return new ProxyAgent({ ...options, uri: proxy, requestTls: connect });
}

function fingerprint({ tls, proxy }: Credentials): string {
  const hash = createHash("sha256");
  for (const part of [tls.ca, tls.cert, tls.key]) hash.update(part ?? "").update("\0");
  return hash.update(JSON.stringify([tls.rejectUnauthorized, tls.servername, proxy])).digest("hex");
}

/** Credentials may come from a program that hangs. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
