/** The server's TLS with real certificates: who gets in, what is refused at the start, and what a rotation does. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, type RequestOptions, request } from "node:https";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import tls, { type ConnectionOptions, connect as connectTls } from "node:tls";
import { type ServerTimes, startServer } from "../../src/server/http-server.ts";
import { checkTls, readTlsTexts, TlsFilesError, type TlsMaterial, type TlsPaths } from "../../src/server/tls-files.ts";
import { TLS_READ_EVERY_MS, watchTls } from "../../src/server/tls-watch.ts";
import { type Issued, makeAuthority } from "../support/certificates.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { eventually, PATIENCE_MS } from "../support/waiting.ts";

describe("the server's TLS", () => {
  const folder = mkdtempSync(join(tmpdir(), "hairpin-tls-"));
  after(() => rmSync(folder, { recursive: true }));
  const authority = makeAuthority(folder, "authority");
  const stranger = makeAuthority(folder, "stranger");
  const server = authority.issue("server");
  const other = authority.issue("other");
  const expiredServer = authority.issue("expired-server", { days: -1 });
  const client = authority.issue("client", { usage: "clientAuth" });
  const CLIENTS: Readonly<Record<string, Issued>> = {
    "of another authority": stranger.issue("strange-client", { usage: "clientAuth" }),
    expired: authority.issue("expired-client", { usage: "clientAuth", days: -1 }),
    "that is a server's": server,
  };

  const readFile = async (path: string): Promise<string> => readFileSync(path, "utf8");
  const read = async (paths: TlsPaths): Promise<TlsMaterial> => checkTls(await readTlsTexts(paths, readFile));
  const pathsOf = ({ certFile, keyFile }: Issued, clientCa?: string): TlsPaths => ({ cert: certFile, key: keyFile, clientCa });

  const start = async (t: TestContext, paths: TlsPaths, times: Partial<ServerTimes> = {}) => {
    const errors: unknown[] = [];
    const running = await startServer(
      { host: "127.0.0.1", port: 0 },
      {
        metrics: async () => ({ text: "up 1\n", contentType: "text/plain" }),
        page: async () => ({ html: "<p>hello</p>", headers: {} }),
        status: async () => ({}),
        ready: () => true,
        onError: (error) => errors.push(error),
      },
      await read(paths),
      times,
    );
    t.after(() => running.close());
    return { ...running, errors };
  };

  interface Got {
    readonly status: number | undefined;
    readonly text: string;
    readonly connection: string | undefined;
  }

  /** Asks as a client who checks the server's certificate would. */
  const get = (port: number, path: string, options: RequestOptions = {}): Promise<Got> =>
    new Promise((resolve, reject) => {
      request({ host: "127.0.0.1", port, path, agent: false, ca: authority.cert, ...options }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.once("end", () => resolve({ status: response.statusCode, text, connection: response.headers.connection }));
      })
        .once("error", reject)
        .end();
    });
  const statusOf = async (...args: Parameters<typeof get>): Promise<number | undefined> => (await get(...args)).status;
  const shows = ({ cert, key }: Issued): ConnectionOptions => ({ cert, key });

  const PATHS = ["/", "/api/v1/status", "/metrics"] as const;
  const OPEN = ["/healthz", "/readyz"] as const;

  test("with a certificate every path is served by TLS, and nothing without", async (t) => {
    const { port } = await start(t, pathsOf(server));
    for (const path of [...PATHS, ...OPEN]) assert.equal(await statusOf(port, path), 200, path);
    await assert.rejects(fetch(`http://127.0.0.1:${port}/metrics`));
  });

  test("no version of TLS before 1.2 is spoken, whatever Node was told", async (t) => {
    const before = { version: tls.DEFAULT_MIN_VERSION, ciphers: tls.DEFAULT_CIPHERS };
    // What a Node that runs with --tls-min-v1.0 and with lax ciphers has.
    Object.assign(tls, { DEFAULT_MIN_VERSION: "TLSv1", DEFAULT_CIPHERS: "DEFAULT@SECLEVEL=0" });
    t.after(() => Object.assign(tls, { DEFAULT_MIN_VERSION: before.version, DEFAULT_CIPHERS: before.ciphers }));
    const { port, useTls } = await start(t, pathsOf(server));
    for (const rotate of [false, true]) {
      if (rotate) useTls(await read(pathsOf(other)));
      await assert.rejects(get(port, "/healthz", { maxVersion: "TLSv1.1" }), /alert protocol version/);
      assert.equal(await statusOf(port, "/healthz", { maxVersion: "TLSv1.2" }), 200);
    }
  });

  test("with authorities of clients, only who shows a certificate of theirs gets more than the kubelet asks for", async (t) => {
    const { port } = await start(t, pathsOf(server, authority.certFile));
    for (const path of PATHS) {
      assert.equal(await statusOf(port, path, shows(client)), 200, path);
      const { status, text } = await get(port, path);
      assert.equal(status, 403, path);
      assert.match(text, /a client certificate is needed/);
    }
    for (const path of OPEN) assert.equal(await statusOf(port, path), 200, path);
    for (const path of ["/healthz/../metrics", "//metrics", "/metrics?/healthz", "/HEALTHZ", "/etc/passwd"]) {
      assert.equal(await statusOf(port, path), 403, path);
    }
  });

  for (const [kind, certificate] of Object.entries(CLIENTS)) {
    test(`a client certificate ${kind} is none`, async (t) => {
      const { port } = await start(t, pathsOf(server, authority.certFile));
      for (const path of PATHS) assert.equal(await statusOf(port, path, shows(certificate)), 403, path);
      for (const path of OPEN) assert.equal(await statusOf(port, path, shows(certificate)), 200, path);
    });
  }

  test("a client who gave a certificate is checked anew for each request: no connection and no session is kept", async (t) => {
    const { port, useTls } = await start(t, pathsOf(server, authority.certFile));
    const agent = new Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    assert.equal((await get(port, "/metrics", { ...shows(client), agent })).connection, "close");
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      useTls(await read(pathsOf(server, authority.certFile)));
      const session = await sessionOf(port, version);
      assert.equal(await isResumed(port, version, session), false, version);
      useTls(await read(pathsOf(server, stranger.certFile)));
      assert.equal(await statusOf(port, "/metrics", { ...shows(client), ...(session === undefined ? {} : { session }) }), 403);
    }
  });

  /** What a client could come back with. */
  const sessionOf = (port: number, version: "TLSv1.2" | "TLSv1.3"): Promise<Buffer | undefined> =>
    new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port, ca: authority.cert, ...shows(client), minVersion: version, maxVersion: version };
      let session: Buffer | undefined;
      const socket = connectTls(options, () => socket.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"));
      socket.on("session", (given) => {
        session = given;
      });
      socket.once("error", reject).once("close", () => resolve(session));
      socket.resume();
    });

  const isResumed = (port: number, version: "TLSv1.2" | "TLSv1.3", session: Buffer | undefined): Promise<boolean> =>
    new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port, ca: authority.cert, ...shows(client), minVersion: version, maxVersion: version };
      const socket = connectTls({ ...options, ...(session === undefined ? {} : { session }) }, () => {
        resolve(socket.isSessionReused());
        socket.destroy();
      });
      socket.once("error", reject);
    });

  test("garbage, and a client that never ends its handshake, cost the others nothing; closing lets go of them", async (t) => {
    const { port, close, errors } = await start(t, pathsOf(server), { handshakeMs: 10 * PATIENCE_MS });
    const garbage = connectTcp(port, "127.0.0.1", () => garbage.write("\u0016\u0003\u0001nonsense\r\n\r\n"));
    const silent = connectTcp(port, "127.0.0.1");
    const ended = [garbage, silent].map(
      (socket) => new Promise((resolve) => socket.on("error", () => {}).once("close", resolve)),
    );
    garbage.resume();
    await ended[0];
    assert.equal(await statusOf(port, "/healthz"), 200);
    silent.resume();
    const closed = await Promise.race([Promise.all([close(), ended[1]]), sleep(PATIENCE_MS, undefined, { ref: false })]);
    assert.notEqual(closed, undefined, "before its handshake has taken too long");
    assert.deepEqual(errors, []);
  });

  test("the files are checked before anything is served, and every problem of them is told at once, nothing of a key", async () => {
    const bad = (name: string, text: string): string => {
      const file = join(folder, name);
      writeFileSync(file, text);
      return file;
    };
    const problemsOf = (paths: TlsPaths) =>
      read(paths).then(
        () => assert.fail("it was taken"),
        (error: unknown) => (error instanceof TlsFilesError ? error.problems : assert.fail(String(error))),
      );
    const [nothing, empty, secret] = [join(folder, "nothing"), bad("empty", ""), bad("secret", "hunter2")];
    const three = await problemsOf({ cert: nothing, key: secret, clientCa: empty });
    assert.equal(three.length, 3, three.join("\n"));
    assert.match(three[0] ?? "", /nothing: cannot read it \(ENOENT.*\), expected the server's certificate in PEM form$/);
    assert.match(three[1] ?? "", /secret: got something else, expected the key of the server's certificate/);
    assert.match(three[2] ?? "", /empty: got something else, expected certificates of the authorities of clients/);
    assert.ok(!three.join().includes("hunter2"));

    const swapped = await problemsOf({ cert: server.keyFile, key: server.certFile, clientCa: undefined });
    assert.equal(swapped.length, 2);
    const [mismatch] = await problemsOf({ ...pathsOf(server), key: other.keyFile });
    assert.match(
      mismatch ?? "",
      /other\.key: got the key of another certificate, expected that of the first one in .*server\.crt$/,
    );
    const half = bad("half", server.cert.replace(/\n.{20}/, "\n"));
    assert.equal((await problemsOf({ ...pathsOf(server), cert: half })).length, 1);
    const locked = bad("locked", server.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"));
    assert.equal((await problemsOf({ ...pathsOf(server), key: locked })).length, 1);
  });

  test("a certificate that has expired is served all the same, so that a client says so, and when it ended is known", async (t) => {
    const { expiresAt } = await read(pathsOf(expiredServer));
    assert.ok(expiresAt < Date.now() / 1000 && expiresAt > Date.now() / 1000 - 2 * 86_400);
    const { port } = await start(t, pathsOf(expiredServer));
    await assert.rejects(get(port, "/healthz"), { code: "CERT_HAS_EXPIRED" });
    assert.equal(await statusOf(port, "/healthz", { rejectUnauthorized: false }), 200);
  });

  test("a rotation is taken without a restart; files that cannot be used are told once, and the last good ones stay", async (t) => {
    const files = { cert: join(folder, "live.crt"), key: join(folder, "live.key"), clientCa: join(folder, "live-ca.crt") };
    const put = (issued: Issued, ca: Issued): void => {
      writeFileSync(files.cert, issued.cert);
      writeFileSync(files.key, issued.key);
      writeFileSync(files.clientCa, ca.cert);
    };
    put(server, authority);
    const { port, useTls } = await start(t, files);
    const clock = new ManualClock();
    const stop = new AbortController();
    const seen: string[] = [];
    watchTls({
      paths: files,
      known: await readTlsTexts(files, readFile),
      readFile,
      clock,
      signal: stop.signal,
      onChange: (material) => {
        seen.push("change");
        useTls(material);
      },
      onProblem: ({ problems }) => seen.push(...problems),
    });
    const round = async (): Promise<void> => {
      clock.advance(TLS_READ_EVERY_MS);
      await eventually(() => assert.equal(clock.pending, 1));
    };
    const shown = (): Promise<string | undefined> =>
      new Promise((resolve, reject) => {
        const socket = connectTls({ host: "127.0.0.1", port, ca: authority.cert }, () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        }).once("error", reject);
      });
    await round();
    assert.deepEqual([seen, await shown()], [[], "server"], "nothing has changed");

    put(other, authority);
    await round();
    assert.deepEqual([seen.splice(0), await shown()], [["change"], "other"]);

    writeFileSync(files.key, server.key);
    await round();
    await round();
    assert.equal(seen.length, 1, "once, not each time");
    assert.match(seen.splice(0).join(), /live\.key: got the key of another certificate/);
    rmSync(files.cert);
    await round();
    assert.match(seen.splice(0).join(), /live\.crt: cannot read it/);
    assert.deepEqual([await shown(), await statusOf(port, "/metrics", shows(client))], ["other", 200]);

    put(server, stranger);
    await round();
    assert.deepEqual([seen.splice(0), await shown()], [["change"], "server"]);
    assert.equal(await statusOf(port, "/metrics", shows(client)), 403, "its authority is none any more");
    assert.equal(await statusOf(port, "/metrics", shows(CLIENTS["of another authority"] ?? client)), 200);

    stop.abort();
    assert.equal(clock.pending, 0);
  });
});
