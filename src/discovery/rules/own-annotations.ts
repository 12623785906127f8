import { isRequestPath, MAX_REQUEST_PATH } from "../../domain/request-path.ts";
import { PROTOCOLS, type Protocol } from "../../domain/service.ts";
import { OWN_ANNOTATIONS } from "../objects/annotations.ts";
import { shown } from "../problems.ts";

/** Number and name of a port. */
interface NamedPort {
  readonly port: number;
  readonly name: string;
}

/** What the Service's owner says about its probing. */
export interface Wishes {
  readonly probe: boolean;
  /** By number of the port. */
  readonly protocols: ReadonlyMap<number, Protocol>;
  readonly path: string | undefined;
}

/** An annotation of ours that cannot be followed: what, where, and what was expected. */
export class WishError extends Error {
  override readonly name = "WishError";
}

/**
 * Reads our annotations of a Service with these TCP ports.
 *
 * @throws WishError for the first that is not as documented.
 */
export function readWishes(annotations: ReadonlyMap<string, string>, ports: readonly NamedPort[]): Wishes {
  return {
    probe: readProbe(annotations.get(OWN_ANNOTATIONS.probe)),
    protocols: readProtocols(annotations.get(OWN_ANNOTATIONS.protocol), ports),
    path: readPath(annotations.get(OWN_ANNOTATIONS.path)),
  };
}

/** @throws WishError when it is neither "true" nor "false". */
export function readProbe(text: string | undefined): boolean {
  if (text === undefined || text === "true") return true;
  if (text === "false") return false;
  throw new WishError(`${OWN_ANNOTATIONS.probe}: got ${shown(text)}, expected "true" or "false".`);
}

/** `80=http,9000=tcp,admin=https`: by number or by name of the port. */
function readProtocols(text: string | undefined, ports: readonly NamedPort[]): ReadonlyMap<number, Protocol> {
  const found = new Map<number, Protocol>();
  for (const item of (text ?? "").split(",")) {
    if (item.trim() === "") continue;
    const [key = "", value, ...rest] = item.split("=").map((part) => part.trim());
    const wrong = (expected: string): WishError =>
      new WishError(`${OWN_ANNOTATIONS.protocol}: got ${shown(item.trim())}, expected ${expected}.`);
    if (value === undefined || rest.length > 0) throw wrong("PORT=PROTOCOL");
    const protocol = PROTOCOLS.find((candidate) => candidate === value);
    if (protocol === undefined) throw wrong(`one of ${PROTOCOLS.join(", ")} as protocol`);
    const port = ports.find((candidate) => String(candidate.port) === key || (key !== "" && candidate.name === key));
    if (port === undefined) throw wrong("number or name of a TCP port of the Service");
    if (found.has(port.port)) throw wrong("each port once");
    found.set(port.port, protocol);
  }
  return found;
}

function readPath(text: string | undefined): string | undefined {
  if (text === undefined || isRequestPath(text)) return text;
  throw new WishError(
    `${OWN_ANNOTATIONS.path}: got ${shown(text)}, expected a path that starts with "/", without spaces and "#", at most ${MAX_REQUEST_PATH} characters.`,
  );
}
