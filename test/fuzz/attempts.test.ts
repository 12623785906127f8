/** What a server may send to an attempt: any bytes, in any pieces, on a real connection. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { PHASES, REASONS } from "../../src/domain/outcome.ts";
import { PROTOCOLS } from "../../src/domain/service.ts";
import { attempt, SHORT_TIMEOUT_MS } from "../probe/fixture.ts";
import { corpusTexts } from "./support/corpus.ts";
import { fuzz } from "./support/fuzz.ts";
import { anyBytes, mutatedBytes } from "./support/mutate.ts";
import { oneOf, sentence } from "./support/wellformed.ts";

/** Whole answers, as servers write them. */
const ANSWERS = corpusTexts("http-answers.txt").map((text) => text.replaceAll("\n", "\r\n"));
const WORDS = ["\r\n", "\n", ": ", "HTTP/1.1 ", "HTTP/2 200", "100", "101", "204", "503", "999", "-1", "chunked", "ffffffff\r\n"];
const HEADERS = [
  "transfer-encoding: chunked\r\n",
  "content-length: -1\r\n",
  "content-length: 99999999999\r\n",
  "upgrade: h2c\r\n",
];
const TLS_ALERT = "\u0015\u0003\u0003\u0000\u0002\u0002\u0028";
const TLS_HELLO = "\u0016\u0003\u0003\u0000\u0004\u0002\u0000\u0000\u0000";

interface Saying {
  readonly bytes: string;
  readonly cut: number;
  readonly ending: "end" | "reset" | "silence";
  readonly beforeRequest: boolean;
}

let saying: Saying = { bytes: "", cut: 0, ending: "end", beforeRequest: true };

/** Says it in two pieces, at once or once something was said to it, and then ends as it is told. */
function say(socket: Socket): void {
  const { bytes, cut, ending, beforeRequest } = saying;
  const all = Buffer.from(bytes, "latin1");
  const at = cut % (all.length + 1);
  const speak = (): void => {
    socket.write(all.subarray(0, at));
    setImmediate(() => {
      if (socket.destroyed) return;
      socket.write(all.subarray(at));
      if (ending === "end") socket.end();
      else if (ending === "reset") socket.resetAndDestroy();
    });
  };
  if (beforeRequest) speak();
  else socket.once("data", speak);
}

describe("answers to an attempt", () => {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    socket.resume();
    say(socket);
  });
  const sockets = new Set<Socket>();
  before(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  const ended = { success: 0, failure: 0, discarded: 0 };
  const anySaying: fc.Arbitrary<Saying> = fc.record({
    bytes: fc.oneof(
      { weight: 6, arbitrary: mutatedBytes(ANSWERS, [...WORDS, ...HEADERS, ...ANSWERS]) },
      { weight: 1, arbitrary: mutatedBytes([TLS_ALERT, TLS_HELLO], [TLS_ALERT, TLS_HELLO, "\u0000"]) },
      { weight: 1, arbitrary: anyBytes(300) },
      // More than the headers may be, and more than is read of a body.
      {
        weight: 1,
        arbitrary: fc.constantFrom(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(20_000)}\r\n\r\n`, `${ANSWERS[0]}${"z".repeat(100_000)}`),
      },
    ),
    cut: fc.nat({ max: 2_000 }),
    ending: fc.constantFrom("end", "end", "end", "end", "end", "reset", "silence"),
    beforeRequest: fc.boolean(),
  });

  /** A status line of an answer that is one, and no failure of the server. */
  const GOOD_ANSWER = /HTTP\/1\.[01] [2-4]\d\d/;

  fuzz(
    "whatever a server sends, an attempt ends with one outcome, and only an answer is a success",
    fc.record({ said: anySaying, protocol: fc.constantFrom("http", "http", "http", ...PROTOCOLS) }),
    async ({ said, protocol }) => {
      saying = said;
      const { port } = server.address() as AddressInfo;
      const outcome = await attempt({ port, protocol }, { timeoutMs: SHORT_TIMEOUT_MS });
      ended[outcome.kind]++;
      if (outcome.kind === "discarded") return;
      for (const [phase, seconds] of Object.entries(outcome.phases)) {
        oneOf("phase", phase, PHASES);
        assert.ok(Number.isFinite(seconds) && seconds >= 0 && seconds < 60, `${phase}: ${seconds} s`);
      }
      if (outcome.kind === "failure") {
        oneOf("reason", outcome.reason, REASONS);
        oneOf("phase", outcome.phase, PHASES);
        sentence(outcome.detail, 500);
        assert.equal(
          outcome.phases[outcome.phase] === undefined || outcome.reason === "http_error",
          true,
          "a failed phase with a time",
        );
      } else if (protocol === "http") assert.match(said.bytes, GOOD_ANSWER);
      else assert.equal(protocol, "tcp", "there is no TLS here");
    },
  );

  test("a good part of what the server sends is an answer all the same", () => {
    const all = ended.success + ended.failure;
    assert.ok(ended.success >= all / 10 && ended.failure >= all / 10, JSON.stringify(ended));
  });
});
