/** The DNS wire format (RFC 1035 section 4.1), as much of it as a server of A records needs. */

export const TYPE_A = 1;
export const CLASS_IN = 1;

/** Response codes, RFC 1035 section 4.1.1. */
export const RCODES = { noError: 0, formatError: 1, serverFailure: 2, nameError: 3, notImplemented: 4 } as const;
export type Rcode = (typeof RCODES)[keyof typeof RCODES];

export interface Question {
  /** As the client wrote it, without the final dot. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** The question section as it came: an answer must repeat it, letter case included. */
  readonly bytes: Buffer;
}

interface Header {
  readonly id: number;
  readonly opcode: number;
  readonly recursionDesired: boolean;
}

export type Query = Header & { readonly question: Question };

/** What came in: a query, one that can only be refused, or nothing that may be answered at all. */
export type Decoded =
  | { readonly kind: "query"; readonly query: Query }
  | { readonly kind: "refused"; readonly header: Header; readonly rcode: Rcode }
  | { readonly kind: "ignored" };

const HEADER_BYTES = 12;
const MAX_LABEL = 63;
const MAX_NAME = 255;
const QR = 0x8000;
const AUTHORITATIVE = 0x0400;
const TRUNCATED = 0x0200;
const RECURSION_DESIRED = 0x0100;
/** In an answer, a pointer to the name of the question, which always follows the header. */
const POINTER_TO_QUESTION = 0xc000 | HEADER_BYTES;
const ADDRESS_BYTES = 4;

/**
 * Reads a query. Records after the question (EDNS, RFC 6891) are not read: a server that does not know EDNS answers without.
 *
 * A response is ignored, so that two servers never answer each other without end; so is what is too short to have an id.
 */
export function decodeQuery(packet: Buffer): Decoded {
  if (packet.length < HEADER_BYTES) return { kind: "ignored" };
  const flags = packet.readUInt16BE(2);
  if ((flags & QR) !== 0) return { kind: "ignored" };
  const header = {
    id: packet.readUInt16BE(0),
    opcode: (flags >> 11) & 0xf,
    recursionDesired: (flags & RECURSION_DESIRED) !== 0,
  };
  if (header.opcode !== 0) return { kind: "refused", header, rcode: RCODES.notImplemented };
  const question = packet.readUInt16BE(4) === 1 ? readQuestion(packet) : undefined;
  if (question === undefined) return { kind: "refused", header, rcode: RCODES.formatError };
  return { kind: "query", query: { ...header, question } };
}

function readQuestion(packet: Buffer): Question | undefined {
  const labels: string[] = [];
  let offset = HEADER_BYTES;
  for (;;) {
    const length = packet[offset];
    // Longer than a label may be: a compression pointer too, which has nothing to point to in the first name of a message.
    if (length === undefined || length > MAX_LABEL) return undefined;
    offset += 1;
    if (length === 0) break;
    if (offset + length > packet.length || offset + length - HEADER_BYTES > MAX_NAME) return undefined;
    labels.push(packet.toString("latin1", offset, offset + length));
    offset += length;
  }
  if (offset + 4 > packet.length) return undefined;
  return {
    name: labels.join("."),
    type: packet.readUInt16BE(offset),
    class: packet.readUInt16BE(offset + 2),
    bytes: packet.subarray(HEADER_BYTES, offset + 4),
  };
}

export interface Answer {
  readonly rcode: Rcode;
  /** IPv4 addresses in the order in which they are sent. */
  readonly addresses: readonly string[];
  readonly ttlSeconds: number;
}

/**
 * Writes the response to a query.
 *
 * @param maxBytes - A longer response is sent without its records and marked as truncated (RFC 2181 section 9): the client asks
 * again over TCP.
 */
export function encodeResponse(query: Query, { rcode, addresses, ttlSeconds }: Answer, maxBytes: number): Buffer {
  const records = addresses.map((address) => encodeRecord(address, ttlSeconds));
  const bytes = HEADER_BYTES + query.question.bytes.length + records.reduce((sum, { length }) => sum + length, 0);
  const fits = bytes <= maxBytes;
  const header = encodeHeader(query, { rcode, questions: 1, answers: fits ? records.length : 0, truncated: !fits });
  return Buffer.concat([header, query.question.bytes, ...(fits ? records : [])]);
}

/** The response to what could not be read as a query. */
export const encodeRefusal = (header: Header, rcode: Rcode): Buffer =>
  encodeHeader(header, { rcode, questions: 0, answers: 0, truncated: false });

function encodeHeader(
  { id, opcode, recursionDesired }: Header,
  response: { readonly rcode: Rcode; readonly questions: number; readonly answers: number; readonly truncated: boolean },
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const recursion = recursionDesired ? RECURSION_DESIRED : 0;
  const truncated = response.truncated ? TRUNCATED : 0;
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(QR | (opcode << 11) | AUTHORITATIVE | truncated | recursion | response.rcode, 2);
  header.writeUInt16BE(response.questions, 4);
  header.writeUInt16BE(response.answers, 6);
  return header;
}

function encodeRecord(address: string, ttlSeconds: number): Buffer {
  const record = Buffer.alloc(12 + ADDRESS_BYTES);
  record.writeUInt16BE(POINTER_TO_QUESTION, 0);
  record.writeUInt16BE(TYPE_A, 2);
  record.writeUInt16BE(CLASS_IN, 4);
  record.writeUInt32BE(ttlSeconds, 6);
  record.writeUInt16BE(ADDRESS_BYTES, 10);
  record.set(address.split(".").map(Number), 12);
  return record;
}
