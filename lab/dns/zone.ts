import { isIPv4 } from "node:net";
import { type Answer, CLASS_IN, type Question, RCODES, TYPE_A } from "./message.ts";

/** The A records of one name. */
export interface DnsRecord {
  readonly addresses: readonly string[];
  readonly ttlSeconds: number;
}

/** Names without their final dot, in any letter case. */
export type DnsRecords = ReadonlyMap<string, DnsRecord>;

/** What the server does wrong: nothing at all comes back, every query fails, or every name is gone. */
export type DnsFault = "none" | "silent" | "servfail" | "nxdomain";

const MAX_NAME = 253;
const MAX_LABEL = 63;
/** RFC 2181 section 8. */
const MAX_TTL_SECONDS = 2 ** 31 - 1;

/**
 * The records as they are looked up: by the name in lower case (RFC 4343).
 *
 * @throws RangeError for a name, address or TTL that DNS cannot carry.
 */
export function checkedRecords(records: DnsRecords): DnsRecords {
  const checked = new Map<string, DnsRecord>();
  for (const [name, { addresses, ttlSeconds }] of records) {
    const labels = name.split(".");
    if (name.length > MAX_NAME || labels.some(({ length }) => length === 0 || length > MAX_LABEL)) {
      throw new RangeError(
        `DNS name: got ${JSON.stringify(name)}, expected labels of 1 to ${MAX_LABEL} characters, no final dot`,
      );
    }
    const wrong = addresses.find((address) => !isIPv4(address));
    if (wrong !== undefined) throw new RangeError(`DNS record of ${name}: got address ${JSON.stringify(wrong)}, expected IPv4`);
    if (!Number.isInteger(ttlSeconds) || ttlSeconds < 0 || ttlSeconds > MAX_TTL_SECONDS) {
      throw new RangeError(`DNS record of ${name}: got TTL ${ttlSeconds}, expected whole seconds from 0 to ${MAX_TTL_SECONDS}`);
    }
    checked.set(name.toLowerCase(), { addresses: [...addresses], ttlSeconds });
  }
  return checked;
}

/**
 * What the server says to a question.
 *
 * A name that is there and has nothing of the type asked for is "no error" with no records, which is not the same as a name that
 * is not there (RFC 2308 section 2). No SOA record goes with either, so that nobody remembers the absence.
 *
 * @param random - From 0 to 1, 1 excluded: addresses come in random order, as the names of load balancers do.
 */
export function answerTo(
  question: Question,
  records: DnsRecords,
  fault: Exclude<DnsFault, "silent">,
  random: () => number,
): Answer {
  const nothing = { addresses: [], ttlSeconds: 0 };
  if (fault === "servfail") return { rcode: RCODES.serverFailure, ...nothing };
  const record = fault === "nxdomain" ? undefined : records.get(question.name.toLowerCase());
  if (record === undefined || question.class !== CLASS_IN) return { rcode: RCODES.nameError, ...nothing };
  if (question.type !== TYPE_A) return { rcode: RCODES.noError, ...nothing };
  return { rcode: RCODES.noError, addresses: shuffled(record.addresses, random), ttlSeconds: record.ttlSeconds };
}

/** Fisher and Yates: every order is as likely as every other. */
function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const left = [...items];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(Math.floor(random() * left.length), 1));
  return order;
}
