/**
 * A service mesh's proxy, as far as a client of the pod can tell: `node lab/environments/sidecar.ts 15001=10.0.35.1:80,15002=…`.
 *
 * It accepts whatever is redirected to it, at once, and only then connects to where it was meant to go; if that does not come about, it closes what
 * it has accepted. One line on standard output says that it listens. Ends on SIGTERM.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

const [FIRST_PORT, PORTS] = [20_000, 10_000];
/** Of Envoy, by default. */
const CONNECT_TIMEOUT_MS = 10_000;
const BACKLOG = 4096;

let turn = 0;

function serve(client: Socket, host: string, port: number): void {
  const upstream = connect({ host, port, localPort: FIRST_PORT + (turn++ % PORTS) });
  const timer = setTimeout(() => upstream.destroy(), CONNECT_TIMEOUT_MS);
  upstream.once("connect", () => clearTimeout(timer));
  for (const socket of [client, upstream]) {
    socket.on("error", () => {});
    socket.once("close", () => {
      clearTimeout(timer);
      client.destroy();
      upstream.destroy();
    });
  }
  client.pipe(upstream).pipe(client);
}

const routes = (process.argv[2] ?? "").split(",").map((route) => {
  const [, listener, host = "", port] = /^(\d+)=([\d.]+):(\d+)$/.exec(route) ?? [];
  if (listener === undefined) throw new Error(`sidecar: got ${JSON.stringify(route)}, expected PORT=ADDRESS:PORT`);
  return { listener: Number(listener), host, port: Number(port) };
});
const servers = routes.map(({ listener, host, port }) =>
  createServer({ allowHalfOpen: true }, (client) => serve(client, host, port)).listen({ port: listener, backlog: BACKLOG }),
);
process.once("SIGTERM", () => process.exit());
await Promise.all(servers.map((server) => once(server, "listening")));
process.stdout.write(`listens for ${routes.length} destinations\n`);
