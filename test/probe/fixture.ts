import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";
import type { Outcome } from "../../src/domain/outcome.ts";
import { AnswerTimes } from "../../src/probe/answer-times.ts";
import { type AttemptOptions, type AttemptTarget, runAttempt } from "../../src/probe/attempt.ts";
import { LoopWatch } from "../../src/probe/loop-watch.ts";
import { TcpSockets } from "../../src/probe/tcp-sockets.ts";
import { PATIENCE_MS } from "../support/waiting.ts";

export const HOSTNAME = "web.example.com";

/** A key that guards nothing: made for these tests, checked in on purpose. */
export const TLS = {
  key: readFileSync(new URL("./fixtures/test-only.key.pem", import.meta.url)),
  cert: readFileSync(new URL("./fixtures/test-only.cert.pem", import.meta.url)),
};

/** Puts a server on a free port of the loopback interface, and takes it and its connections away after the test. */
export async function listen(t: TestContext, server: Server, host = "127.0.0.1"): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    // What the attempt does to the connection is the test's matter; a server that breaks over it is not.
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A server that does the same with each connection. */
export const serve = (t: TestContext, onConnection: (socket: Socket) => void): Promise<number> =>
  listen(t, createServer(onConnection));

const watch = new LoopWatch();
const sockets = new TcpSockets();

/**
 * For attempts that are to time out, in milliseconds. A connect that is read half a second late is no failure: with a longer timeout
 * than that, a busy machine does not make one.
 */
export const SHORT_TIMEOUT_MS = 600;
/** A machine with nothing else to do needs one. */
const MAX_TRIES = 50;

type Target = Partial<AttemptTarget> & { readonly port: number };

/** One attempt against the loopback interface. On a busy machine it may be discarded as late. */
export const attemptOnce = (target: Target, options: Partial<AttemptOptions> = {}): Promise<Outcome> =>
  runAttempt(
    { address: "127.0.0.1", protocol: "tcp", hostname: HOSTNAME, path: "/", ...target },
    {
      watch,
      sockets,
      times: new AnswerTimes(),
      signal: new AbortController().signal,
      timeoutMs: PATIENCE_MS,
      verifyTls: false,
      userAgent: "hairpin-probe/test",
      ...options,
    },
  );

/**
 * Attempts until an outcome was read in time, 50 times at most: so a server may see several connections.
 *
 * @returns the last outcome.
 */
export async function attempt(target: Target, options: Partial<AttemptOptions> = {}): Promise<Outcome> {
  let outcome = await attemptOnce(target, options);
  for (let tries = 1; isLate(outcome) && tries < MAX_TRIES; tries++) outcome = await attemptOnce(target, options);
  return outcome;
}

const isLate = (outcome: Outcome): boolean => outcome.kind === "discarded" && outcome.why === "late";

/** Does to every SYN for an address what the verdict says, until the test is over. */
export function firewall(t: TestContext, address: string, verdict: string): void {
  const table = `probe_${address.replaceAll(".", "_")}`;
  const ruleset = `table inet ${table} {
	chain output {
		type filter hook output priority filter; policy accept;
		ip daddr ${address} tcp flags & (syn | ack) == syn ${verdict}
	}
}
`;
  execFileSync("nft", ["-f", "-"], { input: ruleset });
  t.after(() => execFileSync("nft", ["delete", "table", "inet", table]));
}
