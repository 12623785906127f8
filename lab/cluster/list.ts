import { ApiError } from "./api-error.ts";
import { isRecord, type KubeObject, keyOf } from "./objects.ts";
import { type Route, selectionOf, wholeNumber } from "./routes.ts";
import type { Store } from "./store.ts";

export interface Page {
  readonly items: readonly KubeObject[];
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
}

/** Where a list goes on: the moment at which it began, and the last object of the page before. */
interface ContinueToken {
  readonly version: number;
  readonly after: string;
}

/**
 * One page of a list. All pages of a list are of the moment at which it began, whatever has changed since.
 *
 * @throws ApiError Expired when that moment is forgotten; Timeout for a version that is not there yet; BadRequest.
 * @see Kubernetes API concepts, "Retrieving large results sets in chunks" and "Resource versions".
 */
export function listPage(store: Store, route: Route, query: URLSearchParams): Page {
  refuseInitialEvents(query);
  const selects = selectionOf(route, query);
  const limit = wholeNumber(query, "limit") || Number.POSITIVE_INFINITY;
  const token = parseToken(query.get("continue") ?? "");
  const version = token?.version ?? exactVersion(store, query, limit) ?? store.version;
  const objects = version === store.version ? store.list(route.resource) : listPast(store, route, version, token !== undefined);
  const left = objects.filter((object) => selects(object) && (token === undefined || keyOf(object.metadata) > token.after));
  const items = left.slice(0, limit);
  const last = items.at(-1);
  const metadata = { resourceVersion: String(version) };
  if (last === undefined || items.length === left.length) return { items, metadata };
  return {
    items,
    metadata: {
      ...metadata,
      continue: encodeToken({ version, after: keyOf(last.metadata) }),
      remainingItemCount: left.length - items.length,
    },
  };
}

function listPast(store: Store, { resource }: Route, version: number, isContinued: boolean): readonly KubeObject[] {
  try {
    return store.listAt(resource, version);
  } catch (error) {
    if (!isContinued || !(error instanceof ApiError) || error.reason !== "Expired") throw error;
    throw new ApiError(
      "Expired",
      "The provided continue parameter is too old to display a consistent list result. Start a new list",
    );
  }
}

/** The version that is asked for exactly: said so, or implied by a limit. Any other is satisfied by the latest state. */
function exactVersion(store: Store, query: URLSearchParams, limit: number): number | undefined {
  const version = wholeNumber(query, "resourceVersion");
  const match = query.get("resourceVersionMatch") ?? "";
  if (!["", "Exact", "NotOlderThan"].includes(match) || (match !== "" && version === undefined)) {
    throw new ApiError(
      "BadRequest",
      `resourceVersionMatch: got ${JSON.stringify(match)}, expected Exact or NotOlderThan and a version`,
    );
  }
  if (version === undefined || version === 0) return undefined;
  requirePresent(store, version);
  return match === "Exact" || (match === "" && limit !== Number.POSITIVE_INFINITY) ? version : undefined;
}

/** @throws ApiError Timeout: the API server waits a while for a version of the future, and gives up. */
export function requirePresent(store: Store, version: number): void {
  if (version <= store.version) return;
  const message = `Timeout: Too large resource version: ${version}, current: ${store.version}`;
  throw new ApiError("Timeout", message, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

/** @throws ApiError Invalid. @see k8s.io/apimachinery, meta/internalversion/validation/validation.go. */
function refuseInitialEvents(query: URLSearchParams): void {
  if (!query.has("sendInitialEvents")) return;
  throw new ApiError(
    "Invalid",
    'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list',
  );
}

const encodeToken = (token: ContinueToken): string => Buffer.from(JSON.stringify(token)).toString("base64url");

function parseToken(text: string): ContinueToken | undefined {
  if (text === "") return undefined;
  try {
    const token: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    if (isRecord(token) && Number.isSafeInteger(token.version) && typeof token.after === "string") {
      return { version: Number(token.version), after: token.after };
    }
  } catch {
    // Said below: what is no JSON is as little a token of ours as any other text.
  }
  throw new ApiError("BadRequest", "continue key is not valid: expected the token of a page before");
}
