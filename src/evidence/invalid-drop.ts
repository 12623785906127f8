import type { BlindSpot } from "../domain/blind-spot.ts";

/** What the kernel has counted in this network namespace. */
export interface InvalidPackets {
  /** That connection tracking called INVALID: they belong to no connection that it knows. */
  readonly invalid: number;
  /** Resets that were sent (RFC 4022, tcpOutRsts). */
  readonly resets: number;
}

/** Packets after which it is judged: a hairpin brings one answer for each SYN. */
const ENOUGH = 12;
/** Of stray answers that reach TCP each is reset; connection tracking counts a packet twice at times. */
const RESET_SHARE = 0.2;

/**
 * Reads how many packets were INVALID, from the text of /proc/net/stat/nf_conntrack: a line of names, then one of hexadecimal numbers for
 * each processor.
 *
 * @returns `undefined` where the kernel does not tell.
 */
export function invalidOf(text: string): number | undefined {
  const [names, ...rows] = text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  const column = names?.indexOf("invalid") ?? -1;
  if (column < 0 || rows.length === 0) return undefined;
  const sum = rows.reduce((total, row) => total + Number.parseInt(row[column] ?? "", 16), 0);
  return Number.isFinite(sum) ? sum : undefined;
}

/** `OutRsts` in the text of /proc/net/snmp. */
export function resetsOf(text: string): number | undefined {
  const [names, values] = text
    .split("\n")
    .filter((line) => line.startsWith("Tcp: "))
    .map((line) => line.split(" "));
  const value = Number(values?.[names?.indexOf("OutRsts") ?? -1]);
  return Number.isFinite(value) ? value : undefined;
}

/**
 * Tells from two counters whether something in the pod drops the stray answers of hairpins before TCP can reset them, as
 * `-m conntrack --ctstate INVALID -j DROP` does.
 *
 * Their sender is no address that this pod has connected to, so that connection tracking, where it works in the pod at all, calls them
 * INVALID. Where they reach TCP there is a reset for each; where many came and next to no reset went, they did not.
 */
export class InvalidDropJudge {
  #since: InvalidPackets | undefined;
  #found: BlindSpot | undefined;

  get found(): BlindSpot | undefined {
    return this.#found;
  }

  /** Takes what the counters say now. Nothing changes until enough packets have come. */
  saw(now: InvalidPackets): void {
    const since = this.#since;
    if (since === undefined || now.invalid < since.invalid || now.resets < since.resets) {
      this.#since = now;
      return;
    }
    const [invalid, resets] = [now.invalid - since.invalid, now.resets - since.resets];
    if (invalid < ENOUGH) return;
    this.#since = now;
    if (resets >= RESET_SHARE * invalid) this.#found = undefined;
    else
      this.#found ??= {
        by: "invalid_drop",
        detail: `Connection tracking counted ${invalid} INVALID packets in this pod, and its kernel sent ${resets} resets.`,
      };
  }
}
