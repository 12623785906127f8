import { createSocket } from "node:dgram";
import { once } from "node:events";
import { RCODE, readQuestion, TYPE_A, writeAnswer } from "./dns-message.ts";

export interface DnsRecord {
  readonly addresses: readonly string[];
  readonly ttlSeconds: number;
}

export type DnsFault = "none" | "silent" | "servfail" | "nxdomain";

export interface DnsServer {
  readonly port: number;
  /** Replaces every record. Names in lower case, without a dot at the end. */
  setRecords(records: ReadonlyMap<string, DnsRecord>): void;
  setFault(fault: DnsFault): void;
  close(): Promise<void>;
}

/**
 * The VPC's resolver: answers for the NLBs' names over UDP, their addresses in random order, and knows no other name.
 *
 * A name that is known answers other types than A with no data, as Route 53 does for an NLB without IPv6.
 *
 * @param options.random - Uniform in [0, 1).
 */
export async function startDnsServer(options: {
  readonly host: string;
  readonly port: number;
  readonly random: () => number;
}): Promise<DnsServer> {
  let records: ReadonlyMap<string, DnsRecord> = new Map();
  let fault: DnsFault = "none";
  const socket = createSocket("udp4");
  socket.on("message", (message, from) => {
    const question = readQuestion(message);
    if (question === undefined || fault === "silent") return;
    const record = records.get(question.name);
    const answer = (rcode: number, addresses: readonly string[] = []) =>
      socket.send(writeAnswer(question, rcode, addresses, record?.ttlSeconds ?? 0), from.port, from.address);
    if (fault === "servfail") answer(RCODE.serverFailure);
    else if (fault === "nxdomain" || record === undefined) answer(RCODE.nameError);
    else answer(RCODE.ok, question.type === TYPE_A ? shuffled(record.addresses, options.random) : []);
  });
  socket.bind(options.port, options.host);
  await once(socket, "listening");
  return {
    port: socket.address().port,
    setRecords: (next) => {
      records = next;
    },
    setFault: (next) => {
      fault = next;
    },
    close: async () => {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}

/** Fisher-Yates. */
function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [result[i], result[j]];
    if (a !== undefined && b !== undefined) [result[i], result[j]] = [b, a];
  }
  return result;
}
