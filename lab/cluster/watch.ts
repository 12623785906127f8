import type { ServerResponse } from "node:http";
import { ApiError, statusOf } from "./api-error.ts";
import { KINDS } from "./kinds.ts";
import { requirePresent } from "./list.ts";
import type { KubeObject } from "./objects.ts";
import { type Route, selectionOf, wholeNumber } from "./routes.ts";
import { selectedChange } from "./selectors.ts";
import type { Change, ChangeType, Store } from "./store.ts";

/** What a client is sent: one event as one line of JSON. */
export interface WatchEvent {
  readonly type: ChangeType | "BOOKMARK" | "ERROR";
  readonly object: unknown;
}

/** One client's open watch. */
export interface Watch {
  /** Sends text as it is, and ends the stream. */
  endWith(text: string): void;
  /** Sends nothing any more, and keeps the connection open: a half-open connection, as the client sees it. */
  silence(): void;
}

export interface WatchOptions {
  readonly bookmarkEveryMs: number;
  /** How objects are shown: as they are, or as a Table. */
  readonly render: (object: KubeObject) => unknown;
  readonly onEnd: (watch: Watch) => void;
}

const DEFAULT_SECONDS = 1_800;
const MAX_SECONDS = 24 * 3_600;
/** A client that does not read is cut off at this many bytes waiting for it. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/**
 * Streams changes to one client until it goes, its `timeoutSeconds` are up, or it stops reading.
 *
 * Without `resourceVersion`, or with 0, the present objects come first, as ADDED; with `sendInitialEvents` they come whatever
 * version is asked for, and a bookmark says when they are all there. A version that is forgotten is answered with
 * an ERROR event of 410 in a stream of status 200, as API servers do that serve watches from their cache.
 *
 * @throws ApiError before anything is sent: BadRequest, Invalid, or Timeout for a version that is not there yet.
 * @see Kubernetes API concepts, "Efficient detection of changes".
 */
export function startWatch(
  store: Store,
  route: Route,
  query: URLSearchParams,
  response: ServerResponse,
  options: WatchOptions,
): Watch {
  const sendsInitial = wantsInitialEvents(query);
  const { resource } = route;
  const selects = selectionOf(route, query);
  const since = wholeNumber(query, "resourceVersion") ?? 0;
  requirePresent(store, since);
  const seconds = Math.min(wholeNumber(query, "timeoutSeconds") || DEFAULT_SECONDS, MAX_SECONDS);
  const wantsBookmarks = ["1", "true"].includes(query.get("allowWatchBookmarks") ?? "");

  const send = (event: WatchEvent): void => {
    response.write(eventLine(event));
    if (response.writableLength > MAX_WAITING_BYTES) response.destroy();
  };
  const sendChange = (change: Change): void => {
    const seen = selectedChange(change, selects);
    if (seen !== undefined) send({ type: seen.type, object: options.render(seen.object) });
  };
  const bookmarkOf = (annotations?: Readonly<Record<string, string>>): WatchEvent => {
    const { kind, apiVersion } = KINDS[resource];
    const metadata = { resourceVersion: String(store.version), ...(annotations === undefined ? {} : { annotations }) };
    return { type: "BOOKMARK", object: { kind, apiVersion, metadata } };
  };
  const stops: (() => void)[] = [];
  const stop = (): void => {
    for (const each of stops.splice(0)) each();
  };
  const watch: Watch = {
    endWith(text) {
      stop();
      response.end(text);
    },
    silence: stop,
  };

  response.writeHead(200, { "content-type": "application/json" });
  response.flushHeaders();
  response.once("close", () => {
    stop();
    options.onEnd(watch);
  });
  try {
    if (sendsInitial || (since === 0 && !query.has("sendInitialEvents"))) {
      for (const object of store.list(resource).filter(selects)) send({ type: "ADDED", object: options.render(object) });
      if (sendsInitial && wantsBookmarks) send(bookmarkOf(INITIAL_EVENTS_END));
    } else if (since > 0) {
      for (const change of store.changesSince(resource, since)) sendChange(change);
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    watch.endWith(errorLine(error));
    return watch;
  }
  stops.push(store.subscribe(resource, sendChange));
  stops.push(after(seconds * 1000, () => watch.endWith("")));
  if (wantsBookmarks) {
    const bookmark = setInterval(() => send(bookmarkOf()), options.bookmarkEveryMs);
    stops.push(() => clearInterval(bookmark));
  }
  return watch;
}

/** @see KEP-3157, Kubernetes API concepts, "Streaming lists": on by default since 1.34. */
const INITIAL_EVENTS_END = { "k8s.io/initial-events-end": "true" } as const;

/** @throws ApiError Invalid. @see k8s.io/apimachinery, meta/internalversion/validation/validation.go. */
function wantsInitialEvents(query: URLSearchParams): boolean {
  const match = query.get("resourceVersionMatch") ?? "";
  const forbidden = (field: string, why: string): ApiError =>
    new ApiError("Invalid", `ListOptions.meta.k8s.io "" is invalid: ${field}: Forbidden: ${why}`);
  if (!query.has("sendInitialEvents")) {
    if (match === "") return false;
    throw forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  }
  if (match !== "NotOlderThan") {
    throw forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
  return ["1", "true"].includes(query.get("sendInitialEvents") ?? "");
}

const eventLine = (event: WatchEvent): string => `${JSON.stringify(event)}\n`;

/** The event by which a watch that has begun is told of an error. */
export const errorLine = (error: ApiError): string => eventLine({ type: "ERROR", object: statusOf(error) });

function after(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
}
