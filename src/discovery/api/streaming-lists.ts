import * as v from "valibot";
import type { Clock } from "../../domain/clock.ts";
import { ApiError, OutdatedError } from "./api-requests.ts";
import { IdleError } from "./idle-guard.ts";

/** The server does not send lists as streams: no trouble, for it has pages. */
export class StreamingRefused extends Error {
  override readonly name = "StreamingRefused";
}

const bookmarkSchema = v.object({
  metadata: v.object({ annotations: v.object({ "k8s.io/initial-events-end": v.literal("true") }) }),
});

/** Whether a bookmark is the one that ends the initial events. @see KEP-3157, Kubernetes API concepts, "Streaming lists". */
export const endsInitialEvents = (bookmark: unknown): boolean => v.is(bookmarkSchema, bookmark);

/** A proxy that cuts every long answer is no reason to try for ever. */
const MAX_FAILURES = 2;
const OK = 200;
const BAD_REQUEST = 400;
const UNPROCESSABLE = 422;

/** Remembers, for a while, that a server does not send lists as streams: control planes are upgraded, and downgraded. */
export class StreamingLists {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #pagesForMs: number;
  #pagesUntilMs = Number.NEGATIVE_INFINITY;
  #failures = 0;

  constructor(clock: Clock, random: () => number, pagesForMs: number) {
    this.#clock = clock;
    this.#random = random;
    this.#pagesForMs = pagesForMs;
  }

  get isWorthTrying(): boolean {
    return this.#clock.nowMs() >= this.#pagesUntilMs;
  }

  worked(): void {
    this.#failures = 0;
  }

  /**
   * A list did not come to its end as a stream.
   *
   * @throws StreamingRefused where pages are the way to go on, at once.
   */
  failed(error: unknown): void {
    const status = error instanceof ApiError ? error.status : undefined;
    const refused =
      error instanceof StreamingRefused ||
      // Silent, or of an object so large that a stream has no room for it.
      error instanceof IdleError ||
      error instanceof OutdatedError ||
      status === BAD_REQUEST ||
      status === UNPROCESSABLE;
    // The server is in trouble, or does not let us: pages would fare no better.
    if (!refused && status !== undefined && status !== OK) return;
    this.#failures++;
    if (!refused && this.#failures < MAX_FAILURES) return;
    this.#failures = 0;
    this.#pagesUntilMs = this.#clock.nowMs() + this.#pagesForMs * (0.5 + this.#random() / 2);
    if (refused) throw new StreamingRefused("the server does not send lists as streams", { cause: error });
  }
}
