import assert from "node:assert/strict";
import { createResolver, type Resolver } from "../../../src/discovery/dns/resolver.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { until } from "../../support/waiting.ts";
import { DnsServer } from "./dns-server.ts";

export interface Running extends AsyncDisposable {
  readonly server: DnsServer;
  readonly resolver: Resolver;
  readonly clock: ManualClock;
  readonly errors: string[];
  readonly resolved: string[];
  readonly controller: AbortController;
  changes(): number;
  /** Wants the names, and waits until each has been answered. */
  settle(names: Readonly<Record<string, readonly string[]>>): Promise<void>;
  /** Runs the next timer, and waits until the next question is due. */
  round(): Promise<void>;
}

export async function run(
  options: {
    readonly random?: () => number;
    readonly tries?: number;
    readonly withdrawnGraceMs?: number;
    /** Milliseconds for a server that was not asked before. */
    readonly timeoutMs?: number;
  } = {},
): Promise<Running> {
  const server = await DnsServer.start();
  const clock = new ManualClock();
  const controller = new AbortController();
  const errors: string[] = [];
  const resolved: string[] = [];
  let changes = 0;
  const resolver = createResolver({
    servers: [server.address],
    timeoutMs: options.timeoutMs ?? 2_000,
    // c-ares gives a server that was quick 250 ms for its first try: on a busy machine its answer may wait for longer.
    tries: options.tries ?? 5,
    clock,
    random: options.random ?? (() => 0.5),
    signal: controller.signal,
    withdrawnGraceMs: options.withdrawnGraceMs ?? 0,
    onResolved: ({ hostname }) => resolved.push(hostname),
    onChange: () => changes++,
    onError: (error) => errors.push(error.message),
  });
  return {
    server,
    resolver,
    clock,
    errors,
    resolved,
    controller,
    changes: () => changes,
    async settle(names) {
      resolver.want(new Map(Object.entries(names)));
      clock.advance(clock.nextMs ?? 0);
      await until("all are answered", () => Object.keys(names).every((name) => resolver.resolution(name) !== undefined));
    },
    async round() {
      clock.advance(clock.nextMs ?? assert.fail("nothing is due"));
      await until("the answer is there", () => clock.pending > 0);
    },
    async [Symbol.asyncDispose]() {
      controller.abort();
      await server[Symbol.asyncDispose]();
    },
  };
}

export const resolvedTo = (...addresses: readonly (readonly [string, string?])[]) => ({
  kind: "resolved",
  addresses: addresses.map(([address, zone]) => ({ address, zone })),
  overLimit: 0,
});
