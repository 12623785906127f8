import type { ServerResponse } from "node:http";
import { ApiError } from "./api-error.ts";
import type { Verb } from "./routes.ts";
import { errorLine } from "./watch.ts";

/**
 * How the server misbehaves:
 * `refuse`: nobody listens, and open connections are gone; `reset`: open connections are reset once, then all is well;
 * `garbage`: half a line of JSON in watches, HTML for everything else; `error`: status 500; `too_many`: status 429 with
 * Retry-After; `hang`: it accepts and never answers; `gone`: every watch is answered with status 410; `gone_event`: the same as an
 * event in a stream of status 200.
 */
export const DISRUPTIONS = ["none", "refuse", "reset", "garbage", "error", "too_many", "hang", "gone", "gone_event"] as const;
export type Disruption = (typeof DISRUPTIONS)[number];

const RETRY_AFTER_SECONDS = 1;
export const HALF_A_LINE = '{"type":"MODIFIED","object":{"kind":"Serv';
const HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>\n";

export const goneLine = (): string => errorLine(gone());
const gone = (): ApiError => new ApiError("Expired", "too old resource version: compacted");

/**
 * Answers a request as the disruption wants it.
 *
 * @returns Whether the request is dealt with: answered, or never to be.
 * @throws ApiError where the disruption is an error that is answered as any other.
 */
export function disruptRequest(disruption: Disruption, verb: Verb | undefined, response: ServerResponse): boolean {
  const isWatch = verb === "watch";
  switch (disruption) {
    case "garbage":
      response.writeHead(200, { "content-type": isWatch ? "application/json" : "text/html" });
      response.end(isWatch ? HALF_A_LINE : HTML);
      return true;
    case "error":
      throw new ApiError("InternalError", "etcdserver: request timed out");
    case "too_many":
      response.setHeader("retry-after", RETRY_AFTER_SECONDS);
      throw new ApiError("TooManyRequests", "the server has received too many requests and has asked us to try again later", {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    case "hang":
      return true;
    case "gone":
      if (isWatch) throw gone();
      return false;
    case "gone_event":
      if (!isWatch) return false;
      response.writeHead(200, { "content-type": "application/json" });
      response.end(goneLine());
      return true;
    default:
      return false;
  }
}
