/**
 * A DNS server for many names, in a process of its own: every name has an address, but those that begin with `dead` get no answer
 * at all, as from a resolver whose own servers hang.
 *
 *     node bench/dns-farm.ts ADDRESS
 *
 * It prints a line when it is ready.
 */
import { createSocket } from "node:dgram";
import { decodeQuery, encodeResponse, RCODES, TYPE_A } from "../lab/dns/message.ts";

const PORT = 53;
const MAX_UDP_BYTES = 512;
const ANSWER = { rcode: RCODES.noError, addresses: ["10.0.32.1"], ttlSeconds: 60 } as const;

const host = process.argv[2];
if (host === undefined) throw new Error("dns-farm: got no argument, expected the address to listen on");
const socket = createSocket("udp4");
socket.on("message", (packet, { address, port }) => {
  const decoded = decodeQuery(packet);
  if (decoded.kind !== "query" || decoded.query.question.name.startsWith("dead")) return;
  const answer = decoded.query.question.type === TYPE_A ? ANSWER : { ...ANSWER, addresses: [] };
  socket.send(encodeResponse(decoded.query, answer, MAX_UDP_BYTES), port, address);
});
socket.bind(PORT, host, () => console.log("ready"));
