import { readFile } from "node:fs/promises";
import { BLINDERS, type Blinder, type BlindSpot } from "../domain/blind-spot.ts";
import type { Clock } from "../domain/clock.ts";
import { InterceptionWatch } from "./interception.ts";
import { InvalidDropJudge, invalidOf, resetsOf } from "./invalid-drop.ts";
import { readSocketTables } from "./read-socket-tables.ts";

/** Both are readable by any process; the first is there only once the kernel has connection tracking. */
const [CONNTRACK, SNMP] = ["/proc/self/net/stat/nf_conntrack", "/proc/self/net/snmp"] as const;
const LOOK_EVERY_MS = 2_000;

export interface BlindSpotOptions {
  readonly clock: Clock;
  /** One was found, or is gone. */
  readonly onChange: (by: Blinder, found: BlindSpot | undefined) => void;
}

/** Watches for what would keep the agent from seeing what other pods see. */
export class BlindSpotWatch {
  readonly #options: BlindSpotOptions;
  readonly #interception: InterceptionWatch;
  readonly #invalidDrop = new InvalidDropJudge();
  readonly #told = new Map<Blinder, BlindSpot>();
  #cancel = () => {};

  constructor(options: BlindSpotOptions) {
    this.#options = options;
    this.#interception = new InterceptionWatch({
      read: readSocketTables,
      nowMs: options.clock.nowMs,
      onChange: () => this.#tell(),
    });
    this.#repeat();
  }

  get found(): readonly BlindSpot[] {
    return BLINDERS.flatMap((by) => this.#told.get(by) ?? []);
  }

  /** To be called when a connection has come about. @returns until when it is to be kept open, if it is looked at; never rejects. */
  connected(): Promise<void> | undefined {
    return this.#interception.connected();
  }

  /** Reads the counters, and waits for a connection that is being looked at; what cannot be read says nothing. */
  async look(): Promise<void> {
    await this.#interception.looking;
    try {
      const [conntrack, snmp] = await Promise.all([readFile(CONNTRACK, "latin1"), readFile(SNMP, "latin1")]);
      const [invalid, resets] = [invalidOf(conntrack), resetsOf(snmp)];
      if (invalid !== undefined && resets !== undefined) this.#invalidDrop.saw({ invalid, resets });
      this.#tell();
    } catch {
      // A kernel without these files: the docs say how to tell by hand.
    }
  }

  close(): void {
    this.#cancel();
  }

  #repeat(): void {
    void this.look();
    this.#cancel = this.#options.clock.after(LOOK_EVERY_MS, () => this.#repeat());
  }

  #tell(): void {
    const now = { proxy: this.#interception.found, invalid_drop: this.#invalidDrop.found };
    for (const by of BLINDERS) {
      const found = now[by];
      if (found === this.#told.get(by)) continue;
      if (found === undefined) this.#told.delete(by);
      else this.#told.set(by, found);
      this.#options.onChange(by, found);
    }
  }
}
