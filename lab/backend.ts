/**
 * A backend pod's program: `node lab/backend.ts --name web-1`.
 *
 * HTTP on 8080 answers with the pod's name and the client's address as the pod saw it, which shows whether preservation and
 * masquerading did what they should. TCP on 9000 says nothing, and ends when the client does. One line on standard output says
 * that both listen; after that it is quiet. Ends on SIGTERM.
 */
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { parseArgs } from "node:util";
import { BACKEND_HTTP_PORT, BACKEND_TCP_PORT } from "./topology.ts";

/** Larger than any burst of the lab: a connection that finds the queue full loses its SYN and looks like packet loss. */
const BACKLOG = 4096;

const { values } = parseArgs({ options: { name: { type: "string", default: "backend" } } });

const http = createHttpServer((request, response) => {
  response.setHeader("content-type", "text/plain");
  response.end(`${values.name} saw ${request.socket.remoteAddress}\n`);
});

const tcpSockets = new Set<Socket>();
const tcp = createTcpServer((socket) => {
  tcpSockets.add(socket);
  socket.once("close", () => tcpSockets.delete(socket));
  // Read to the end, so that the answer to the client's FIN is a FIN and not a reset.
  socket.resume();
  // A client may reset whenever it likes; the socket closes itself.
  socket.on("error", () => {});
});

async function listen(server: Server, port: number): Promise<void> {
  server.listen({ port, host: "0.0.0.0", backlog: BACKLOG });
  await once(server, "listening");
}

process.once("SIGTERM", () => {
  http.close();
  http.closeAllConnections();
  tcp.close();
  for (const socket of tcpSockets) socket.destroy();
});

await Promise.all([listen(http, BACKEND_HTTP_PORT), listen(tcp, BACKEND_TCP_PORT)]);
process.stdout.write(`${values.name} listens on ${BACKEND_HTTP_PORT} and ${BACKEND_TCP_PORT}\n`);
