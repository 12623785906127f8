import type { ServerResponse } from "node:http";
import type { KubeObject } from "./objects.ts";
import type { Selects } from "./selectors.ts";
import type { Collection, StoreEvent } from "./store.ts";

/** A line of a watch stream. */
export interface WatchLine {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: unknown;
}

/** What an event is to somebody who only sees selected objects: one that leaves the selection is gone for them. */
export function selected(event: StoreEvent, selects: Selects): WatchLine | undefined {
  const is = event.type !== "DELETED" && selects(event.object);
  const was = event.previous !== undefined && selects(event.previous);
  if (is) return { type: was ? "MODIFIED" : "ADDED", object: event.object };
  return was ? { type: "DELETED", object: event.object } : undefined;
}

export interface WatchOptions {
  readonly since: number;
  readonly selects: Selects;
  readonly bookmarkKind: Pick<KubeObject, "kind" | "apiVersion"> | undefined;
  readonly bookmarkEveryMs: number;
  readonly timeoutMs: number;
  readonly version: () => number;
  readonly render: (line: WatchLine) => string;
}

/**
 * Streams what changes to one client until it goes, its time is up, or the server cuts it.
 *
 * @throws ApiError 410 before anything is written, when the history does not reach back.
 */
export function streamWatch(collection: Collection, response: ServerResponse, options: WatchOptions): void {
  const { since, selects, bookmarkKind, bookmarkEveryMs, timeoutMs, version, render } = options;
  const missed = collection.eventsSince(since);
  response.writeHead(200, { "content-type": "application/json" });
  response.flushHeaders();
  const write = (event: StoreEvent) => {
    const line = selected(event, selects);
    if (line !== undefined) response.write(render(line));
  };
  for (const event of missed) write(event);
  const unsubscribe = collection.subscribe(write);
  const bookmark = setInterval(() => {
    if (bookmarkKind === undefined) return;
    response.write(render({ type: "BOOKMARK", object: { ...bookmarkKind, metadata: { resourceVersion: String(version()) } } }));
  }, bookmarkEveryMs);
  const timeout = setTimeout(() => response.end(), timeoutMs);
  response.once("close", () => {
    unsubscribe();
    clearInterval(bookmark);
    clearTimeout(timeout);
  });
}
