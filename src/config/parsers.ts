import { neverProbed } from "../domain/address.ts";
import { type Cidr, familyOf, parseCidr } from "../domain/cidr.ts";
import { isRequestPath } from "../domain/request-path.ts";
import { parseVersion, type Version } from "../domain/version.ts";

/**
 * One parser a kind of setting: text in, value out.
 *
 * A parser that cannot take its text throws `Expected` with what would have been right; the caller knows the setting's name and
 * what was given.
 */

/** Says what was expected, in words that follow "expected". */
export class Expected extends Error {
  override readonly name = "Expected";
}

export type Parse<T> = (text: string) => T;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Characters; the longest that is meant has a dozen. */
const MAX_DURATION = 100;

/** An NLB's VPC has a handful of ranges. */
const MAX_CIDRS = 100;

/** A duration as Prometheus writes it, such as `500ms`, `10s` or `1h30m`. @returns milliseconds. */
export const duration =
  (bounds: { readonly minMs: number; readonly maxMs: number; readonly why: string }): Parse<number> =>
  (text) => {
    const parts = text.length > MAX_DURATION ? [] : [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)];
    if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) {
      throw new Expected("a number with a unit (ms, s, m, h, d, w), such as 500ms, 10s or 1h30m");
    }
    const ms = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNIT_MS[unit ?? ""] ?? Number.NaN), 0);
    if (ms < bounds.minMs || ms > bounds.maxMs) {
      throw new Expected(`${formatDuration(bounds.minMs)} to ${formatDuration(bounds.maxMs)} (${bounds.why})`);
    }
    return ms;
  };

/** The shortest way to write a duration, in the form that `duration` takes. */
export function formatDuration(ms: number): string {
  for (const unit of ["h", "m", "s"]) {
    const size = UNIT_MS[unit] ?? 1;
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}

export const integer =
  (min: number, max: number): Parse<number> =>
  (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) throw new Expected(`a whole number from ${min} to ${max}`);
    return value;
  };

/** A release such as `2.13.4` or `v1.34`. */
export const version: Parse<Version> = (text) => {
  const found = parseVersion(text);
  if (found === undefined) throw new Expected("a version such as 2.13.4");
  return found;
};

export const boolean: Parse<boolean> = (text) => {
  if (text === "true") return true;
  if (text === "false") return false;
  throw new Expected("true or false");
};

export const oneOf =
  <const T extends string>(values: readonly T[]): Parse<T> =>
  (text) => {
    const found = values.find((value) => value === text);
    if (found === undefined) throw new Expected(`one of ${values.join(", ")}`);
    return found;
  };

/** Some of these, with commas between them. */
export const severalOf =
  <const T extends string>(values: readonly T[]): Parse<readonly T[]> =>
  (text) => {
    const one = oneOf(values);
    return text.split(",").map((part) => one(part.trim()));
  };

/** Whether it is a DNS label (RFC 1123), as Kubernetes names namespaces. */
export const isDnsLabel = (text: string): boolean => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text);

/** DNS labels, with commas between them. */
export const dnsLabels: Parse<readonly string[]> = (text) => {
  const labels = text.split(",").map((part) => part.trim());
  if (labels.every(isDnsLabel)) return labels;
  throw new Expected("names of namespaces with commas between them, such as shop,payments");
};

/** Text without white space or control characters at all: names, files, addresses. */
export const word: Parse<string> = (text) => {
  if (!/^[^\s\p{Cc}]{1,1024}$/u.test(text)) throw new Expected("a text without spaces, of 1 to 1,024 characters");
  return text;
};

/** A file's path. */
export const path: Parse<string> = (text) => {
  if (text === "" || text.length > 4_096 || /[\p{Cc}\u2028\u2029]/u.test(text)) throw new Expected("a path to a file");
  return text;
};

/** The path of an HTTP request. */
export const httpPath: Parse<string> = (text) => {
  if (!isRequestPath(text)) throw new Expected('a path that begins with / and has no spaces and no "#", such as /healthz');
  return text;
};

export interface ListenAddress {
  /** `undefined`: every address of the machine. */
  readonly host: string | undefined;
  readonly port: number;
}

/**
 * `:9867`, `127.0.0.1:9867` or `[::1]:9867`; port 0 lets the system choose.
 *
 * Brackets may be around an IPv4 address, too: `[$(POD_IP)]:9867` in a manifest is then right for both families.
 */
export const listenAddress: Parse<ListenAddress> = (text) => {
  const match = /^(?:\[([^\]]+)\]|([\w.-]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new Expected("HOST:PORT or :PORT, such as :9867 or [::1]:9867");
  if (match[1] !== undefined && familyOf(match[1]) === undefined) throw new Expected("an IP address in the brackets");
  const host = match[1] ?? match[2];
  return { host: host === "" ? undefined : host, port };
};

/** Ranges with commas between them, such as `198.18.0.0/15,2600:1f18:1234::/56`, that may be probed besides private ones. */
export const allowedCidrs: Parse<readonly Cidr[]> = (text) => {
  const parts = text.split(",");
  if (parts.length > MAX_CIDRS) throw new Expected(`at most ${MAX_CIDRS} ranges`);
  return parts.map((part) => {
    const cidr = parseCidr(part.trim());
    if (cidr === undefined) {
      throw new Expected(
        "ranges with commas between them, no bit set behind a prefix, such as 198.18.0.0/15,2600:1f18:1234::/56",
      );
    }
    if (cidr.prefix === 0) throw new Expected(`ranges smaller than everything: ${part.trim()} is a whole family of addresses`);
    const never = neverProbed(cidr);
    if (never !== undefined) throw new Expected(`ranges that may be probed: ${part.trim()} is in ${never}, which never is`);
    return cidr;
  });
};

export interface NamespacedName {
  readonly namespace: string;
  readonly name: string;
}

/** `namespace/name`, each a DNS label (RFC 1123), as Kubernetes names Services. */
export const namespacedName: Parse<NamespacedName> = (text) => {
  const match = /^([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined)
    throw new Expected("NAMESPACE/NAME, such as hairpin-probe/hairpin-probe");
  return { namespace: match[1], name: match[2] };
};
