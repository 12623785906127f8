import { isIP } from "node:net";
import type { CheckTarget } from "../domain/check-target.ts";
import { Expected, type Parse } from "./parsers.ts";

export const TARGET_FORMS = "NAMESPACE/SERVICE, NAMESPACE/SERVICE:PORT or HOST:PORT, such as shop/web or 10.0.32.5:443";

const NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;
const HOST = /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*\.?$/;

/** What `check` is told to check. A Gateway's name is `gateway/NAME`. */
export const checkTarget: Parse<CheckTarget> = (text) => {
  const [, rest = text, portText] = /^(.*?)(?::(\d{1,5}))?$/s.exec(text) ?? [];
  const port = portText === undefined ? undefined : Number(portText);
  if (port !== undefined && (port < 1 || port > 65_535)) throw new Expected("a port from 1 to 65535");
  if (rest.includes("/")) {
    const [namespace = "", ...names] = rest.split("/");
    const isGateway = names.length === 2 && names[0] === "gateway";
    const last = names.at(-1) ?? "";
    if (!NAME.test(namespace) || !NAME.test(last) || (names.length !== 1 && !isGateway)) throw new Expected(TARGET_FORMS);
    return { kind: "service", namespace, name: names.join("/"), port };
  }
  const host = /^\[(.*)\]$/.exec(rest)?.[1] ?? rest;
  if (port === undefined || (isIP(host) === 0 && !HOST.test(host))) throw new Expected(TARGET_FORMS);
  return { kind: "host", host, port };
};
