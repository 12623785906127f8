import { once } from "node:events";
import { createServer } from "node:net";

/** A TCP port of loopback that nothing listens on: for programs that do not say which one they got. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error(`port: got ${address}, expected one of TCP`);
  return address.port;
}
