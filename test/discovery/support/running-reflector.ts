import assert from "node:assert/strict";
import { Reflector } from "../../../src/discovery/api/reflector.ts";
import type { ReflectorTiming } from "../../../src/discovery/api/reflector-timing.ts";
import type { Clock } from "../../../src/domain/clock.ts";
import { systemClock } from "../../../src/schedule/system-clock.ts";
import { PATIENCE_MS, until } from "../../support/waiting.ts";
import { ApiServer, type FakeObject, type FakeRequest, type Streaming } from "./api-server.ts";

export const PATH = "/api/v1/things";
/** The same rules as in production, and shorter waits; nothing is given up but where a test wants it. */
const TIMING: Partial<ReflectorTiming> = {
  idleMs: 10 * PATIENCE_MS,
  backoffBaseMs: 10,
  backoffMaxMs: 40,
  healthyMs: 200,
  relistJitterMs: 20,
  streamSilenceMs: 10 * PATIENCE_MS,
};

export const thing = (name: string, color = "red"): FakeObject => ({ metadata: { namespace: "shop", name }, color });

function parseThing(object: unknown): string | undefined {
  const { color } = object as FakeObject;
  if (color === "dull") return undefined;
  if (typeof color !== "string") throw new Error("color: expected text");
  return color;
}

export interface Running extends AsyncDisposable {
  readonly server: ApiServer;
  readonly reflector: Reflector<string>;
  readonly errors: string[];
  /** What was told of an optional resource. */
  readonly states: string[];
  /** The objects as they were told last, and how often they were. */
  seen(): Record<string, string>;
  changes(): number;
  /** How many objects were parsed. */
  parses(): number;
  stop(): Promise<void>;
}

export async function run(options: {
  readonly timing?: Partial<ReflectorTiming>;
  readonly pageSize?: number;
  /** Whether the server sends lists as streams; otherwise it refuses, as some do. */
  readonly streaming?: Streaming;
  readonly prepare?: (server: ApiServer) => void;
  readonly optional?: boolean;
  readonly relistAfterMs?: (objects: ReadonlyMap<string, string>) => number | undefined;
  /** In place of chance. */
  readonly random?: number;
  /** Absent: the process's own. */
  readonly clock?: Clock;
}): Promise<Running> {
  const server = await ApiServer.start();
  server.streaming = options.streaming ?? "refused";
  options.prepare?.(server);
  const controller = new AbortController();
  const errors: string[] = [];
  const states: string[] = [];
  let objects: ReadonlyMap<string, string> = new Map();
  let changes = 0;
  let parses = 0;
  const api = server.api();
  const reflector = new Reflector<string>({
    api,
    resource: { path: PATH, query: {} },
    ...(options.pageSize === undefined ? {} : { pageSize: options.pageSize }),
    parse: (object) => {
      parses++;
      return parseThing(object);
    },
    clock: options.clock ?? systemClock,
    random: () => options.random ?? Math.random(),
    signal: controller.signal,
    timing: { ...TIMING, ...options.timing },
    onChange: (now) => {
      objects = now;
      changes++;
    },
    onError: (error) => errors.push(error.message),
    ...(options.relistAfterMs === undefined ? {} : { relistAfterMs: options.relistAfterMs }),
    ...(options.optional ? { onState: (state) => void states.push(state) } : {}),
  });
  const stop = async (): Promise<void> => {
    controller.abort();
    await reflector.done;
  };
  return {
    server,
    reflector,
    errors,
    states,
    seen: () => Object.fromEntries(objects),
    changes: () => changes,
    parses: () => parses,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await api.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Lets a fault strike each request of a kind `times` times, and counts. */
export function strike(server: ApiServer, kind: FakeRequest["kind"], times: number, fault: (request: FakeRequest) => void): void {
  let left = times;
  server.fault = (request) => {
    if (request.kind !== kind || left === 0) return false;
    left--;
    fault(request);
    return true;
  };
}

/** What must hold after any fault: changes made before, during and after it are all there, deletions too. */
export async function assertNothingIsLost({ server, seen }: Running): Promise<void> {
  server.put(PATH, thing("during", "green"));
  server.delete(PATH, "shop", "going");
  await until("changes made during the fault arrive", () => seen()["shop/during"] === "green" && !("shop/going" in seen()));
  server.put(PATH, thing("after", "blue"));
  await until("changes made after the fault arrive", () => seen()["shop/after"] === "blue");
  assert.deepEqual(seen(), { "shop/before": "red", "shop/during": "green", "shop/after": "blue" });
}

export const withObjects = (server: ApiServer): void => {
  server.put(PATH, thing("before"));
  server.put(PATH, thing("going"));
};

/** Runs until the watch is open, which is the list itself where the server sends it as a stream. */
export async function runToWatch(
  timing: Partial<ReflectorTiming> = {},
  streaming: Streaming = "refused",
  clock: Clock = systemClock,
): Promise<Running> {
  const running = await run({ prepare: withObjects, timing, streaming, clock });
  await until("the list is told", () => running.changes() === 1);
  await until("the watch is open", () => running.server.openWatches(PATH) === 1);
  return running;
}
