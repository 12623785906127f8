import { readFileSync } from "node:fs";
import { createServer } from "node:net";

/**
 * A burst of `check` in an agent's pod shares the kernel's counters with the agent, which would take the burst's resets for those of its
 * own attempts. So a check shows that it is there, by an abstract Unix socket: these are per network namespace, as the counters are,
 * need no file, and go with their process.
 *
 * @see unix(7), network_namespaces(7).
 */
const PREFIX = "hairpin-probe-";
const SHOWN = new RegExp(` @${PREFIX}(agent|check)-(\\d+)`, "g");
const TABLE = "/proc/self/net/unix";

/** Who shows itself: the agent does, too, so that a check knows whose the other resets are. */
export type Announced = "agent" | "check";

/** Shows that an agent or a check is under way. @returns what ends it. @throws Error of the system. */
export function announce(who: Announced, pid: number): Promise<() => void> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path: `\0${PREFIX}${who}-${pid}` }, () => {
      server.unref();
      resolve(() => server.close());
    });
  });
}

/**
 * Whether an agent or a check is under way in this network namespace, other than that of `ownPid`.
 *
 * @returns false where the table cannot be read.
 */
export function isOtherUnderWay(who: Announced, ownPid: number): boolean {
  let table: string;
  try {
    table = readFileSync(TABLE, "latin1");
  } catch {
    // Without Unix sockets in the kernel there is nobody who could show itself.
    return false;
  }
  return [...table.matchAll(SHOWN)].some(([, shown, pid]) => shown === who && Number(pid) !== ownPid);
}
