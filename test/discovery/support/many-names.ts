import { setImmediate as nextTurn } from "node:timers/promises";
import { createResolver, type Resolver } from "../../../src/discovery/dns/resolver.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { until } from "../../support/waiting.ts";

/** A resolver with its own patience, which is asked for many names at once. */
export interface ManyNames extends Disposable {
  readonly resolver: Resolver;
  /** Asks for all of them, in a mixed order, until those of `good` are all resolved. */
  ask(good: readonly string[], dead?: readonly string[]): Promise<void>;
  /** Asks again for all that is due within a minute. */
  again(): Promise<void>;
}

/** Fractions spread evenly over 0 to 1, each far from the one before. */
const GOLDEN = 0.618033988749895;
const STEP_MS = 10;
const MINUTE_MS = 60_000;

/**
 * The clock is the test's: it starts the questions, as far apart as the resolver wants them, but as fast as the machine can.
 * c-ares takes the time for its timeouts from the system.
 */
export function manyNames(servers: readonly string[]): ManyNames {
  const clock = new ManualClock();
  const controller = new AbortController();
  let drawn = 0;
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      clock.advance(STEP_MS);
      await nextTurn();
    }
  };
  const resolver = createResolver({
    servers,
    clock,
    random: () => (drawn++ * GOLDEN) % 1,
    signal: controller.signal,
    withdrawnGraceMs: 0,
    onResolved: () => {},
    onChange: () => {},
    onError: () => {},
  });
  return {
    resolver,
    async ask(good, dead = []) {
      resolver.want(new Map([...dead, ...good].map((name) => [name, []])));
      await pass((dead.length + good.length) * STEP_MS);
      await until("all are resolved", () => good.every((name) => resolver.resolution(name)?.kind === "resolved"));
    },
    again: () => pass(MINUTE_MS),
    [Symbol.dispose]: () => controller.abort(),
  };
}

export const namesOf = (kind: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${kind}-${i}.example`);
