import * as v from "valibot";
import { describeIssue, shown } from "../problems.ts";
import type { KubeApi, KubeResponse } from "./kube-api.ts";
import { CutLineError, LineTooLongError, ndjsonLines } from "./ndjson.ts";

/** An answer that is no list or no watch: the status, and what the server says about it. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** How long the server asks to be left alone; 0 when it does not. */
  readonly retryAfterMs: number;
  /** The API server's own word for it, such as `Forbidden`; `undefined`: the answer is somebody else's. */
  readonly reason: string | undefined;
  constructor(message: string, status: number, retryAfterMs = 0, reason?: string) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.reason = reason;
  }
}

/** The resource version is of no use any more: only a new list helps. */
export class OutdatedError extends Error {
  override readonly name = "OutdatedError";
}

/** One kind of object of the API, and which of them. */
export interface Resource {
  /** Such as `/api/v1/services`. */
  readonly path: string;
  /** `fieldSelector`, `labelSelector`. */
  readonly query: Readonly<Record<string, string>>;
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: unknown;
}

const MIB = 1024 * 1024;
/** etcd takes 1.5 MiB an object, in a denser notation than JSON. */
const MAX_LINE_BYTES = 8 * MIB;
const MAX_PAGE_BYTES = 64 * MIB;
const MAX_PAGES = 2_000;
const MAX_ERROR_BYTES = 64 * 1024;
const MAX_DOCUMENT_BYTES = 4 * MIB;
const GONE = 410;
const EVENT_TYPES = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"] as const;

const pageSchema = v.object({
  metadata: v.object({ resourceVersion: v.pipe(v.string(), v.nonEmpty("a resource version")), continue: v.nullish(v.string()) }),
  items: v.nullable(v.array(v.unknown())),
});
const eventSchema = v.object({ type: v.picklist(EVENT_TYPES), object: v.unknown() });
const statusSchema = v.object({ code: v.nullish(v.number()), reason: v.nullish(v.string()), message: v.nullish(v.string()) });

export interface Page {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
}

/**
 * Lists a resource page by page, so that a large list is never in memory as a whole.
 *
 * @param limit - Objects per page. The server may send more.
 * @throws OutdatedError when the continue token expired on the way, ApiError for any other answer that is no page.
 * @see Kubernetes API concepts, "Retrieving large results sets in chunks".
 */
export async function* listPages(
  api: KubeApi,
  resource: Resource,
  limit: number,
  signal: AbortSignal,
): AsyncGenerator<Page, void, void> {
  const what = `list ${resource.path}`;
  let token: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const query = { ...resource.query, limit: String(limit), ...(token === undefined ? {} : { continue: token }) };
    const response = await api.get(resource.path, query, signal);
    if (response.status !== 200) throw await errorOf(response, what);
    const bytes = await readAll(response.body, MAX_PAGE_BYTES);
    if (bytes.length > MAX_PAGE_BYTES)
      throw new ApiError(`${what}: a page is longer than ${MAX_PAGE_BYTES} bytes`, response.status);
    const page = v.safeParse(pageSchema, parseJson(bytes.toString("utf8"), what));
    if (!page.success) throw new ApiError(`${what}: ${describeIssue(page.issues[0])}`, response.status);
    yield { items: page.output.items ?? [], resourceVersion: page.output.metadata.resourceVersion };
    token = page.output.metadata.continue || undefined;
    if (token === undefined) return;
  }
  throw new ApiError(`${what}: more than ${MAX_PAGES} pages`, 200);
}

export interface WatchOptions {
  /** `undefined`: the state that there is comes first, as ADDED events, then a bookmark that says so, then what changes. */
  readonly resourceVersion: string | undefined;
  readonly timeoutSeconds: number;
  /** The server accepted the watch. */
  readonly onOpen: () => void;
}

/**
 * Watches a resource, from a resource version or from the state that there is, until the server ends the stream.
 *
 * @throws OutdatedError when the version is too old, or an event too large to be read (a list has room for it); ApiError for any
 * other answer that is no event; whatever the connection throws.
 * @see Kubernetes API concepts, "Efficient detection of changes" and "Streaming lists".
 */
export async function* watchEvents(
  api: KubeApi,
  resource: Resource,
  { resourceVersion, timeoutSeconds, onOpen }: WatchOptions,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, void, void> {
  const what = `watch ${resource.path}`;
  const query = {
    ...resource.query,
    watch: "1",
    allowWatchBookmarks: "true",
    ...(resourceVersion === undefined
      ? { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" }
      : { resourceVersion }),
    timeoutSeconds: String(timeoutSeconds),
  };
  const response = await api.get(resource.path, query, signal);
  if (response.status !== 200) throw await errorOf(response, what);
  onOpen();
  try {
    for await (const line of ndjsonLines(response.body, MAX_LINE_BYTES)) {
      const event = v.safeParse(eventSchema, parseJson(line, what));
      if (!event.success) throw new ApiError(`${what}: ${describeIssue(event.issues[0])}`, response.status);
      const { type, object } = event.output;
      if (type === "ERROR") throw statusError(object, what, 0, 0);
      yield { type, object };
    }
  } catch (error) {
    if (error instanceof CutLineError) throw new ApiError(`${what}: ${error.message}`, response.status);
    if (error instanceof LineTooLongError) throw new OutdatedError(`${what}: ${error.message}`, { cause: error });
    throw error;
  }
}

/**
 * Reads one small document, such as what a group of the API has.
 *
 * @throws ApiError for any answer that is no JSON.
 */
export async function getDocument(api: KubeApi, path: string, signal: AbortSignal): Promise<unknown> {
  const what = `get ${path}`;
  return parseJson(await getText(api, path, { what, maxBytes: MAX_DOCUMENT_BYTES }, signal), what);
}

/**
 * Reads one answer as the text that it is.
 *
 * @param bounds - What it is called in errors, and how long it may be.
 * @throws ApiError when it is longer, or has another status than 200.
 */
export async function getText(
  api: KubeApi,
  path: string,
  { what, maxBytes }: { readonly what: string; readonly maxBytes: number },
  signal: AbortSignal,
): Promise<string> {
  const response = await api.get(path, {}, signal);
  if (response.status !== 200) throw await errorOf(response, what);
  const bytes = await readAll(response.body, maxBytes);
  if (bytes.length > maxBytes) throw new ApiError(`${what}: longer than ${maxBytes} bytes`, response.status);
  return bytes.toString("utf8");
}

async function errorOf(response: KubeResponse, what: string): Promise<Error> {
  const retryAfterMs = parseRetryAfter(response);
  const text = (await readAll(response.body, MAX_ERROR_BYTES)).toString("utf8");
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // Proxies answer in HTML or not at all; then the text is all there is to say.
  }
  return statusError(body, what, response.status, retryAfterMs);
}

function statusError(body: unknown, what: string, status: number, retryAfterMs: number): Error {
  const parsed = v.safeParse(statusSchema, body);
  const { code, reason, message } = parsed.success ? parsed.output : { code: status, reason: undefined, message: undefined };
  const known = status === 0 ? (code ?? 0) : status;
  const text = `${what}: status ${known}: ${shown(message ?? reason ?? body)}`;
  if (known === GONE || reason === "Expired" || reason === "Gone") return new OutdatedError(text);
  return new ApiError(text, known, retryAfterMs, reason ?? undefined);
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(`${what}: got ${shown(text)}, expected JSON`, 200);
  }
}

/**
 * Seconds, as API servers say it, or a date, as proxies may; then the clock that counts is the one that wrote it.
 *
 * @see RFC 9110 section 10.2.3.
 */
function parseRetryAfter({ retryAfter = "", date = "" }: KubeResponse): number {
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const waitMs = Date.parse(retryAfter) - Date.parse(date);
  return waitMs > 0 ? waitMs : 0;
}

/** Reads a body to its end, or to the end of the chunk that exceeds the bound: whoever calls sees it by the length. */
async function readAll(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) break;
  }
  return Buffer.concat(chunks);
}
