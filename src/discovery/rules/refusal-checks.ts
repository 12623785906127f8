import { isIPv4, isIPv6 } from "node:net";
import { parseGoBool } from "../objects/annotations.ts";
import { isGoInt, listItems, parseGoInt32 } from "../objects/go-values.ts";
import { parseKeyValues } from "../objects/key-values.ts";

/** Says what a value should have been; `undefined`: it is taken. */
export type Check = (text: string) => string | undefined;

export const isBool: Check = (text) => (parseGoBool(text) === undefined ? "true or false" : undefined);

export const isInteger: Check = (text) => (parseGoInt32(text) === undefined ? "a whole number" : undefined);

/** Of 64 bits, as the cloud provider reads them. */
export const isLongInteger: Check = (text) => (isGoInt(text) ? undefined : "a whole number");

export const isOneOf =
  (...words: readonly string[]): Check =>
  (text) =>
    words.includes(text) ? undefined : words.join(", ");

/** In any case. */
export const isHealthCheckProtocol: Check = (text) =>
  ["TCP", "HTTP", "HTTPS"].includes(text.toUpperCase()) ? undefined : "TCP, HTTP or HTTPS";

export const isKeyValues: Check = (text) => (parseKeyValues(text) === undefined ? "KEY=VALUE,KEY=VALUE" : undefined);

export const isAtMost =
  (max: number): Check =>
  (text) =>
    Buffer.byteLength(text) > max ? `at most ${max} characters` : undefined;

export const areIntegers: Check = (text) => (listItems(text).every(isGoInt) ? undefined : "numbers of ports");

export const isCapacity: Check = (text) => {
  const found = parseKeyValues(text);
  const isRight = [...(found ?? [["", ""]])].every(
    ([key, value]) => key === "CapacityUnits" && parseGoInt32(value) !== undefined,
  );
  return isRight ? undefined : "CapacityUnits=NUMBER";
};

/** One for each subnet: how many those are is not known here, but not none. */
const areAddresses =
  (isAddress: (text: string) => boolean, family: string): Check =>
  (text) => {
    const items = listItems(text);
    return items.length > 0 && items.every((item) => isAddress(item)) ? undefined : `an ${family} address for each subnet`;
  };

export const areIpv4: Check = areAddresses(isIPv4, "IPv4");
export const areIpv6: Check = areAddresses(isIPv6, "IPv6");

/** That it is there at all is what is refused. */
export const isNotFor =
  (what: string): Check =>
  () =>
    `nothing: ${what}`;
