import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { decodeQuery, encodeRefusal, encodeResponse } from "./message.ts";
import { answerTo, checkedRecords, type DnsFault, type DnsRecords } from "./zone.ts";

export interface DnsServerOptions {
  readonly host: string;
  /** 0: any port that is free for both UDP and TCP. */
  readonly port: number;
  /** From 0 to 1, 1 excluded. */
  readonly random: () => number;
  /** A socket that failed. The server goes on. */
  readonly onError: (error: Error) => void;
}

/** The lab's resolver: it knows the names that it was given, and no others. */
export interface DnsServer {
  readonly port: number;
  /** Queries that came in, answered or not. */
  readonly queries: number;
  /**
   * Replaces all records at once.
   *
   * @throws RangeError for a record that DNS cannot carry; then the old ones stay.
   */
  setRecords(records: DnsRecords): void;
  setFault(fault: DnsFault): void;
  /** Safe to repeat. */
  close(): Promise<void>;
}

/** What every resolver takes over UDP (RFC 1035 section 4.2.1). */
const MAX_UDP_BYTES = 512;
const MAX_TCP_BYTES = 65_535;
const MAX_TCP_CONNECTIONS = 256;
/** RFC 7766 section 6.2.3 asks for "a few seconds". */
const TCP_IDLE_MS = 5_000;
const PORT_ATTEMPTS = 10;

/** @throws Error of the system when the address and port cannot be had. */
export async function startDnsServer({ host, port, random, onError }: DnsServerOptions): Promise<DnsServer> {
  let records: DnsRecords = new Map();
  let fault: DnsFault = "none";
  let queries = 0;

  function respond(packet: Buffer, maxBytes: number): Buffer | undefined {
    queries += 1;
    if (fault === "silent") return undefined;
    const decoded = decodeQuery(packet);
    if (decoded.kind === "ignored") return undefined;
    if (decoded.kind === "refused") return encodeRefusal(decoded.header, decoded.rcode);
    return encodeResponse(decoded.query, answerTo(decoded.query.question, records, fault, random), maxBytes);
  }

  const { udp, tcp, bound } = await bind(host, port);
  udp.on("message", (packet, { address, port: clientPort }) => {
    const response = respond(packet, MAX_UDP_BYTES);
    if (response !== undefined) udp.send(response, clientPort, address);
  });
  udp.on("error", onError);
  const sockets = new Set<Socket>();
  tcp.maxConnections = MAX_TCP_CONNECTIONS;
  tcp.on("error", onError);
  tcp.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    serveTcp(socket, (packet) => respond(packet, MAX_TCP_BYTES), onError);
  });

  let closed: Promise<void> | undefined;
  async function shut(): Promise<void> {
    udp.close();
    tcp.close();
    for (const socket of sockets) socket.destroy();
    await Promise.all([once(udp, "close"), once(tcp, "close")]);
  }

  return {
    port: bound,
    get queries() {
      return queries;
    },
    setRecords(next) {
      records = checkedRecords(next);
    },
    setFault(next) {
      fault = next;
    },
    close: () => {
      closed ??= shut();
      return closed;
    },
  };
}

/** UDP and TCP on the same port. With port 0 the one that TCP got may be taken for UDP; then another one is tried. */
async function bind(host: string, port: number) {
  for (let attempt = 1; ; attempt++) {
    const tcp = createServer();
    const udp = createSocket("udp4");
    try {
      tcp.listen(port, host);
      await once(tcp, "listening");
      const address = tcp.address();
      if (address === null || typeof address === "string") throw new Error(`DNS on ${host}: the socket has no port`);
      udp.bind(address.port, host);
      await once(udp, "listening");
      return { udp, tcp, bound: address.port };
    } catch (error) {
      udp.close();
      tcp.close();
      if (port !== 0 || attempt >= PORT_ATTEMPTS) throw error;
    }
  }
}

/** Messages over TCP carry their length in two bytes before them (RFC 1035 section 4.2.2). */
function serveTcp(socket: Socket, respond: (packet: Buffer) => Buffer | undefined, onError: (error: Error) => void): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
  socket.on("error", onError);
  socket.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2) {
      const end = 2 + pending.readUInt16BE(0);
      if (pending.length < end) return;
      const response = respond(pending.subarray(2, end));
      pending = pending.subarray(end);
      if (response === undefined) continue;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(response.length);
      socket.write(Buffer.concat([length, response]));
    }
  });
}
