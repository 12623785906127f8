/**
 * What an NLB does on a listener that terminates TLS: it completes the handshake by itself, and then opens a connection of its own to a
 * target, from the client's address where that is preserved.
 *
 * The connection is a real one. It leaves from an address of the lab's own that stands for the client's and becomes it on the way out
 * (lab/rules/nlb.ts), so that what kube-proxy and the client's node make of it is theirs. What AWS does once it fails is not documented:
 * here the client's connection ends where the target refuses, and stays, idle, where nothing answers.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { legAddress, TLS_ADDRESS } from "../topology.ts";
import { CERTIFICATE, PRIVATE_KEY } from "./certificate.ts";
import type { TlsEnd } from "./tls-ends.ts";

const BACKLOG = 4096;

export class TlsListeners {
  readonly #ends = new Map<number, TlsEnd>();
  readonly #servers = new Map<number, Server>();
  readonly #sockets = new Set<Socket>();

  /** Serves these from now on. Connections that are open stay with their targets. @throws Error of the system when it cannot listen. */
  async serve(ends: readonly TlsEnd[]): Promise<void> {
    this.#ends.clear();
    for (const end of ends) this.#ends.set(end.port, end);
    await Promise.all(ends.filter(({ port }) => !this.#servers.has(port)).map(({ port }) => this.#listen(port)));
  }

  /** Safe to repeat. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const servers = [...this.#servers.values()];
    this.#servers.clear();
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  async #listen(port: number): Promise<void> {
    const server = createServer({ cert: CERTIFICATE, key: PRIVATE_KEY }, (client) => this.#forward(client, port));
    this.#servers.set(port, server);
    server.on("connection", (socket) => this.#keep(socket));
    server.listen({ host: TLS_ADDRESS, port, backlog: BACKLOG });
    await once(server, "listening");
  }

  #forward(client: TLSSocket, port: number): void {
    client.on("error", () => client.destroy());
    const end = this.#ends.get(port);
    const target = end?.targets[Math.floor(Math.random() * end.targets.length)];
    if (end === undefined || target === undefined || client.remoteAddress === undefined) {
      client.destroy();
      return;
    }
    const localAddress = legAddress(end.preserveClientIp ? client.remoteAddress : end.address);
    const leg = connect({ host: target.address, port: target.port, localAddress });
    this.#keep(leg);
    leg.on("close", () => client.destroySoon());
    client.on("close", () => leg.destroy());
    client.pipe(leg).pipe(client);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#sockets.delete(socket));
  }
}
