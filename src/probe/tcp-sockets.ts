import { connect, Socket, type TcpNetConnectOpts } from "node:net";

/** What is told of a connect, each from within its event. */
export interface ConnectEvents {
  /** The SYN is about to leave. */
  readonly attempted: () => void;
  readonly connected: () => void;
  readonly failed: (error: Error) => void;
}

/** Opens one TCP connection to one address: no second address family, no retry. The socket is the caller's to close. */
export type Connect = (address: string, port: number, events: ConnectEvents) => Socket;

const optionsOf = (address: string, port: number): TcpNetConnectOpts => ({ host: address, port, autoSelectFamily: false });

/** A socket for one connection, which others may go on to read and to write. */
export const connectOnce: Connect = (address, port, events) => {
  const socket = connect({ ...optionsOf(address, port), noDelay: true });
  socket.once("connectionAttempt", events.attempted);
  socket.once("connect", events.connected);
  socket.on("error", events.failed);
  return socket;
};

/** So many wait for their next connection at most: more than begin and end in one turn, at 3 KB each. */
const MAX_IDLE = 64;

/**
 * Sockets for connections on which nothing is said. Each connection is a new one, with a descriptor and a source port of its own; what
 * Node.js puts around it is kept for the next one: to build and to collect it is a quarter of what a connection costs.
 *
 * It takes that the address is no name, whose lookup could outlast its connection, and that nobody reads, writes or ends the socket while it
 * connects: Node.js would put that off until it has connected, if only the next time.
 *
 * @see https://nodejs.org/api/net.html, socket.connect(): a socket may connect again after its "close".
 */
export class TcpSockets {
  readonly #idle: KeptSocket[] = [];

  /** Sockets that wait for their next connection. */
  get idle(): number {
    return this.#idle.length;
  }

  readonly connect: Connect = (address, port, events) => {
    const kept = this.#idle.pop() ?? new KeptSocket((ended) => this.#keep(ended));
    kept.connect(address, port, events);
    return kept.socket;
  };

  #keep(ended: KeptSocket): void {
    if (this.#idle.length < MAX_IDLE) this.#idle.push(ended);
  }
}

class KeptSocket {
  readonly socket = new Socket();
  #events: ConnectEvents | undefined;

  /** @param onClosed - Nothing of the connection is left but other listeners of "close": it may connect again from the next turn on. */
  constructor(onClosed: (kept: KeptSocket) => void) {
    const { socket } = this;
    socket.on("connectionAttempt", () => this.#events?.attempted());
    socket.on("connect", () => this.#events?.connected());
    socket.on("error", (error) => this.#events?.failed(error));
    socket.on("close", () => {
      this.#events = undefined;
      onClosed(this);
    });
  }

  connect(address: string, port: number, events: ConnectEvents): void {
    this.#events = events;
    this.socket.connect(optionsOf(address, port));
  }
}
