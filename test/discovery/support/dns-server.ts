import { createSocket, type Socket } from "node:dgram";

/** What a name answers: records by type, an RCODE, or nothing at all. */
export type DnsAnswer =
  | { readonly a?: readonly string[]; readonly aaaa?: readonly string[]; readonly ttl?: number; readonly delayMs?: number }
  | "NXDOMAIN"
  | "SERVFAIL"
  | "silence";

const RCODES = { NXDOMAIN: 3, SERVFAIL: 2 } as const;
const TYPES = new Map([
  [1, "A"],
  [28, "AAAA"],
]);
const NAME_POINTER = 0xc00c;

/** A small authoritative DNS server over UDP (RFC 1035): it answers what the test says, and remembers what it was asked. */
export class DnsServer implements AsyncDisposable {
  readonly answers = new Map<string, DnsAnswer>();
  /** `A name`, in the order in which they came. */
  readonly questions: string[] = [];
  /** What every other name answers. */
  otherwise: DnsAnswer = "NXDOMAIN";
  readonly #socket: Socket = createSocket("udp4");
  readonly #delayed = new Set<NodeJS.Timeout>();

  /** @param host - Where it listens; port 0: any that is free. */
  static async start(host = "127.0.0.1", port = 0): Promise<DnsServer> {
    const server = new DnsServer();
    server.#socket.on("message", (message, peer) => {
      const { reply, delayMs } = server.#reply(message);
      if (reply === undefined) return;
      const send = () => server.#socket.send(reply, peer.port, peer.address);
      if (delayMs === 0) send();
      else server.#later(delayMs, send);
    });
    await new Promise<void>((resolve) => server.#socket.bind(port, host, resolve));
    return server;
  }

  get address(): string {
    const { address, port } = this.#socket.address();
    return `${address}:${port}`;
  }

  asked(question: string): number {
    return this.questions.filter((candidate) => candidate === question).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#delayed) clearTimeout(timer);
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  #later(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#delayed.delete(timer);
      run();
    }, ms);
    this.#delayed.add(timer);
  }

  #reply(message: Buffer): { readonly reply: Buffer | undefined; readonly delayMs: number } {
    const labels: string[] = [];
    let offset = 12;
    for (let length = message.readUInt8(offset); length > 0; length = message.readUInt8(offset)) {
      labels.push(message.toString("latin1", offset + 1, offset + 1 + length));
      offset += 1 + length;
    }
    const name = labels.join(".");
    const type = TYPES.get(message.readUInt16BE(offset + 1)) ?? "other";
    this.questions.push(`${type} ${name}`);
    const answer = this.answers.get(name) ?? this.otherwise;
    if (answer === "silence") return { reply: undefined, delayMs: 0 };
    const question = message.subarray(12, offset + 5);
    if (typeof answer === "string") return { reply: Buffer.concat([header(message, RCODES[answer], 0), question]), delayMs: 0 };
    const addresses = (type === "A" ? answer.a : type === "AAAA" ? answer.aaaa : undefined) ?? [];
    const records = addresses.map((address) => record(type === "A" ? 1 : 28, answer.ttl ?? 60, bytesOf(address)));
    return { reply: Buffer.concat([header(message, 0, records.length), question, ...records]), delayMs: answer.delayMs ?? 0 };
  }
}

function header(question: Buffer, rcode: number, answers: number): Buffer {
  const bytes = Buffer.alloc(12);
  question.copy(bytes, 0, 0, 2);
  bytes.writeUInt16BE(0x8580 | rcode, 2);
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt16BE(answers, 6);
  return bytes;
}

function record(type: number, ttl: number, data: Buffer): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16BE(NAME_POINTER, 0);
  bytes.writeUInt16BE(type, 2);
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt32BE(ttl, 6);
  bytes.writeUInt16BE(data.length, 10);
  return Buffer.concat([bytes, data]);
}

/** IPv4, or IPv6 with one `::` after its first group. */
function bytesOf(address: string): Buffer {
  if (!address.includes(":")) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail = ""] = address.split("::");
  const groups = (text: string): number[] =>
    text
      .split(":")
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  const [start, end] = [groups(head), groups(tail)];
  const all = [...start, ...Array.from({ length: 8 - start.length - end.length }, () => 0), ...end];
  const bytes = Buffer.alloc(16);
  for (const [i, group] of all.entries()) bytes.writeUInt16BE(group, i * 2);
  return bytes;
}
