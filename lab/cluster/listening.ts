import { once } from "node:events";
import type { Server } from "node:http";
import type { Socket } from "node:net";

const MAX_CONNECTIONS = 2_000;

/** A server that can stop listening and start again on the same port, and knows its connections. */
export class Listening {
  readonly #server: Server;
  readonly #host: string;
  readonly #sockets = new Set<Socket>();
  #port: number;

  constructor(server: Server, host: string, port: number) {
    this.#server = server;
    this.#host = host;
    this.#port = port;
    server.maxConnections = MAX_CONNECTIONS;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  /** The port that was asked for, or was given at the first start. */
  get port(): number {
    return this.#port;
  }

  /** Does nothing when it listens already. @throws Error of the system when the port is taken. */
  async start(): Promise<void> {
    if (this.#server.listening) return;
    this.#server.listen(this.#port, this.#host);
    await once(this.#server, "listening");
    const address = this.#server.address();
    if (address !== null && typeof address === "object") this.#port = address.port;
  }

  /** Stops listening and resets what is open. Does nothing when it has stopped already. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.resetConnections();
    await closed;
  }

  resetConnections(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }
}
