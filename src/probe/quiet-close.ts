import type { Duplex } from "node:stream";

/** How long a peer has to answer our FIN before the descriptor is given up. */
const LINGER_MS = 1_000;

/** How much a peer may still say after our FIN. It bounds what an endless sender costs. */
const MAX_DRAIN_BYTES = 64 * 1024;

/** Of streams that may be connected again, and closed once more. */
const closes = new WeakMap<Duplex, QuietClose>();

/**
 * Closes a healthy connection without a reset: sends FIN and reads what is left.
 *
 * Closing with unread data makes Linux send a RST (RFC 2525, section 2.17; tcp_close in net/ipv4/tcp.c), and every RST that our
 * kernel sends is to mean a stray SYN-ACK and nothing else (design rule 11). A peer that goes on talking past the bound is
 * cut off, RST or not.
 *
 * @param keepOpen - What the connection is kept open for. Never rejects.
 */
export function closeQuietly(stream: Duplex, keepOpen?: Promise<void>): void {
  if (keepOpen !== undefined) {
    void keepOpen.then(() => closeQuietly(stream));
    return;
  }
  if (stream.destroyed) return;
  let close = closes.get(stream);
  if (close === undefined) {
    close = new QuietClose(stream);
    closes.set(stream, close);
  }
  close.begin();
}

class QuietClose {
  readonly #stream: Duplex;
  #drained = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => {
      this.#drained += chunk.length;
      if (this.#drained > MAX_DRAIN_BYTES) stream.destroy();
    });
    // The outcome stands already: what goes wrong from here on is the close itself, which is over either way.
    stream.on("error", () => stream.destroy());
    stream.on("end", () => stream.destroy());
    stream.on("close", () => {
      clearTimeout(this.#timer);
      this.#drained = 0;
    });
  }

  begin(): void {
    // Left to itself, it would end a later connection of the same stream.
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#stream.destroy(), LINGER_MS);
    this.#stream.end();
  }
}
