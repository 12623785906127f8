import type { BlindSpot } from "../domain/blind-spot.ts";
import { addressOf, LISTEN, parseSocketTable, portOf, type TcpSocket, TIME_WAIT } from "./socket-table.ts";

/**
 * A connection of this network namespace that was answered in the same namespace, although it was meant for another address: what a
 * service mesh's redirection to its proxy makes. The two ends of such a connection do not agree on who they are, and the kernel
 * tells both.
 *
 * No connection to an address of nobody's is needed for it, which agents never make: only private addresses of the plan are connected to.
 *
 * @param tables - The texts of /proc/net/tcp and tcp6.
 * @returns The two sockets; `undefined`: no connection that is open now was answered so.
 */
export function findIntercepted(
  tables: readonly string[],
): { readonly client: TcpSocket; readonly proxy: TcpSocket } | undefined {
  const sockets = tables.flatMap(parseSocketTable);
  const listening = new Set(sockets.filter(({ state }) => state === LISTEN).map(({ local }) => portOf(local)));
  const byLocal = Map.groupBy(sockets, ({ local }) => local);
  for (const proxy of sockets) {
    // Nobody connects from a port that is listened on; and of a connection that is over, only one end may be left.
    if (proxy.state === LISTEN || proxy.state === TIME_WAIT || listening.has(portOf(proxy.remote))) continue;
    const clients = byLocal.get(proxy.remote) ?? [];
    const [client] = clients;
    if (client !== undefined && !clients.some(({ remote }) => remote === proxy.local)) return { client, proxy };
  }
  return undefined;
}

/**
 * Looks when a connection has just come about, which stays open for it. Each look costs some ten milliseconds of a processor, in which the
 * kernel walks through the sockets of the whole machine.
 */
const [FIRST_LOOKS, SOON_MS] = [10, 500];
const LATER_MS = 60_000;
/** A mesh can be taken off a running pod (Istio's ambient mode): so many looks without a sign, and it is taken to be gone. */
const LOOKS_UNTIL_GONE = 30;

export interface InterceptionOptions {
  /** The texts of the socket tables; rejects where they cannot be read. */
  readonly read: () => Promise<readonly string[]>;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** It was found, or is gone. */
  readonly onChange: (found: BlindSpot | undefined) => void;
}

/** Watches whether the connections of this pod end in it. */
export class InterceptionWatch {
  readonly #options: InterceptionOptions;
  #looks = 0;
  #nextMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #withoutSign = 0;
  #found: BlindSpot | undefined;

  constructor(options: InterceptionOptions) {
    this.#options = options;
  }

  get found(): BlindSpot | undefined {
    return this.#found;
  }

  /** The look that is under way. */
  get looking(): Promise<void> | undefined {
    return this.#looking;
  }

  /**
   * To be called when a connection has come about.
   *
   * @returns when it has looked, if it was time to; until then the connection has to stay open. Never rejects.
   */
  connected(): Promise<void> | undefined {
    if (this.#looking !== undefined || this.#options.nowMs() < this.#nextMs) return undefined;
    this.#looking = this.#look();
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { read, nowMs } = this.#options;
    try {
      this.#saw(findIntercepted(await read()));
    } catch {
      // Where the tables are hidden, nothing is said about it.
    } finally {
      this.#looking = undefined;
      this.#looks++;
      this.#nextMs = nowMs() + (this.#looks < FIRST_LOOKS ? SOON_MS : LATER_MS);
    }
  }

  #saw(intercepted: ReturnType<typeof findIntercepted>): void {
    this.#withoutSign = intercepted === undefined ? this.#withoutSign + 1 : 0;
    const isKnown = this.#found !== undefined;
    if (intercepted !== undefined && !isKnown) this.#found = blindSpotOf(intercepted);
    else if (isKnown && this.#withoutSign >= LOOKS_UNTIL_GONE) this.#found = undefined;
    if (isKnown !== (this.#found !== undefined)) this.#options.onChange(this.#found);
  }
}

function blindSpotOf({ client, proxy }: NonNullable<ReturnType<typeof findIntercepted>>): BlindSpot {
  const meant = `${addressOf(client.remote)}:${portOf(client.remote)}`;
  return {
    by: "proxy",
    detail: `A connection to ${meant} was answered in this very pod, by what listens on its port ${portOf(proxy.local)}.`,
  };
}
