/**
 * The little of the DNS wire format that an authoritative server of A records needs (RFC 1035 section 4).
 */

export const TYPE_A = 1;
export const RCODE = { ok: 0, formatError: 1, serverFailure: 2, nameError: 3 } as const;

const HEADER_BYTES = 12;
const FLAG_RESPONSE_AUTHORITATIVE = 0x8400;
const FLAG_RECURSION_DESIRED = 0x0100;
/** A pointer to the name in the question, which always stands right behind the header (RFC 1035 section 4.1.4). */
const NAME_POINTER = 0xc000 | HEADER_BYTES;

export interface Question {
  readonly id: number;
  readonly recursionDesired: boolean;
  /** In lower case, without the dot at the end. */
  readonly name: string;
  readonly type: number;
  /** The question section as it came, for the answer. */
  readonly bytes: Buffer;
}

/** @returns `undefined` for what is no query with one question. */
export function readQuestion(message: Buffer): Question | undefined {
  if (message.length < HEADER_BYTES || message.readUInt16BE(4) !== 1 || (message.readUInt16BE(2) & 0x8000) !== 0)
    return undefined;
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = message[at]; length !== 0; length = message[at]) {
    // Also a compression pointer ends here: a question has nothing before it to point to.
    if (length === undefined || length > 63 || at + length + 1 >= message.length) return undefined;
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  if (at + 5 > message.length) return undefined;
  return {
    id: message.readUInt16BE(0),
    recursionDesired: (message.readUInt16BE(2) & FLAG_RECURSION_DESIRED) !== 0,
    name: labels.join(".").toLowerCase(),
    type: message.readUInt16BE(at + 1),
    bytes: message.subarray(HEADER_BYTES, at + 5),
  };
}

/** The answer to a question: a code, and A records with one time to live in seconds. */
export function writeAnswer(question: Question, rcode: number, addresses: readonly string[], ttlSeconds: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(question.id, 0);
  header.writeUInt16BE(FLAG_RESPONSE_AUTHORITATIVE | (question.recursionDesired ? FLAG_RECURSION_DESIRED : 0) | rcode, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  const records = addresses.map((address) => {
    const record = Buffer.alloc(16);
    record.writeUInt16BE(NAME_POINTER, 0);
    record.writeUInt16BE(TYPE_A, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(ttlSeconds, 6);
    record.writeUInt16BE(4, 10);
    for (const [i, octet] of address.split(".").entries()) record[12 + i] = Number(octet);
    return record;
  });
  return Buffer.concat([header, question.bytes, ...records]);
}
