/** Whose peer still talks when its connection is closed is told to whoever counts the kernel's resets. */
import assert from "node:assert/strict";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { test } from "node:test";
import type { ConnectWatcher } from "../../src/domain/evidence.ts";
import { eventually } from "../support/waiting.ts";
import { attempt, listen, SHORT_TIMEOUT_MS } from "./fixture.ts";

const LONG = Buffer.alloc(256 * 1024);

const CASES: readonly (readonly [name: string, answer: RequestListener, isCutOff: boolean])[] = [
  ["a response that does not come in time may still come", () => {}, true],
  ["a body that is too long is not read to its end", (_, response) => response.end(LONG), true],
  ["a response that was read whole is followed by nothing", (_, response) => response.end("ok"), false],
];
for (const [name, answer, isCutOff] of CASES) {
  test(name, async (t) => {
    const told: number[] = [];
    let answered = 0;
    const watcher: ConnectWatcher = {
      turn: async () => () => ({
        answered: () => answered++,
        timedOut: async () => ({ kind: "undecided" }),
        abandoned: () => {},
        cutOff: (resets) => told.push(resets),
      }),
    };
    const port = await listen(t, createHttpServer(answer));
    await attempt({ port, protocol: "http" }, { watcher, timeoutMs: SHORT_TIMEOUT_MS });
    assert.ok(answered > 0, "the connect came about");
    if (isCutOff) await eventually(() => assert.ok((told[0] ?? 0) > 0));
    else assert.deepEqual(told, []);
  });
}
