/**
 * The few words of nftables (nft(8)) that the lab's rulesets share. Values come from Kubernetes objects that a user may edit,
 * so each is checked before it becomes text: a ruleset is a program, and a name with a newline in it would be a line of it.
 */
import { isIPv4 } from "node:net";

export interface AddressPort {
  readonly address: string;
  readonly port: number;
}

/** @throws RangeError unless `value` is an IPv4 address. */
export function addressText(value: string, where: string): string {
  if (!isIPv4(value)) throw new RangeError(`${where}: got address ${JSON.stringify(value)}, expected an IPv4 address`);
  return value;
}

/** @throws RangeError unless `value` is a port, 1 to 65535. */
export function portText(value: number, where: string): string {
  if (!Number.isInteger(value) || value < 1 || value > 65535) {
    throw new RangeError(`${where}: got port ${value}, expected a whole number from 1 to 65535`);
  }
  return String(value);
}

/** A comment line that names what the next rules are for. Anything but the letters of Kubernetes names becomes `?`. */
export const commentText = (text: string): string => `# ${text.replaceAll(/[^\w./:, -]/g, "?")}`;

/**
 * A statement that sends a new connection to one of `destinations`, each equally likely.
 *
 * `numgen random` because it is fair; `numgen inc` goes in step with whoever connects at a fixed rate, and `jhash` over the few
 * ports of one client is uneven. Only the first packet of a connection asks: conntrack keeps the answer, so a SYN that is sent
 * again goes where the first one went, as with a real NLB and with kube-proxy.
 */
export function dnatToAny(destinations: readonly AddressPort[], where: string): string {
  const texts = destinations.map(({ address, port }) => [addressText(address, where), portText(port, where)] as const);
  const [first] = texts;
  if (first === undefined) throw new RangeError(`${where}: got no destination, expected at least one`);
  if (texts.length === 1) return `dnat to ${first.join(":")}`;
  const entries = texts.map(([address, port], i) => `${i} : ${address} . ${port}`);
  return `dnat to numgen random mod ${texts.length} map { ${entries.join(", ")} }`;
}

export interface Chain {
  readonly name: string;
  /** Where the kernel enters it, as in `nat hook prerouting priority dstnat`; absent for a chain that others jump to. */
  readonly hook?: string;
  readonly rules: readonly string[];
}

/**
 * Text for `nft -f -`: one transaction that replaces the table whole and leaves every other table alone. Safe to repeat; open
 * connections keep the mapping that conntrack remembers.
 */
export function renderTable(name: string, chains: readonly Chain[]): string {
  const rendered = chains.map(({ name: chain, hook, rules }) => {
    const lines = [...(hook === undefined ? [] : [`type ${hook}; policy accept;`]), ...rules];
    return `\tchain ${chain} {\n${lines.map((line) => `\t\t${line}\n`).join("")}\t}\n`;
  });
  return `table ip ${name}\ndelete table ip ${name}\ntable ip ${name} {\n${rendered.join("\n")}}\n`;
}

/** Text for `nft -f -` that removes the table, there or not. */
export const renderNoTable = (name: string): string => `table ip ${name}\ndelete table ip ${name}\n`;
