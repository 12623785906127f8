/** The agent's server as an operator sets it up: one address, TLS, client certificates, and a certificate that is renewed. */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { PROGRAM } from "../../lab/program.ts";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { parseExposition, sumOf } from "../../src/domain/exposition.ts";
import { BARE_ENVIRONMENT } from "../support/bare-environment.ts";
import { makeAuthority } from "../support/certificates.ts";
import { eventually } from "../support/waiting.ts";

const PORT = 19_870;
/** Of the pod, as the downward API tells it: one of each family. */
const PODS = ["10.98.0.9", "fd00:98::9"] as const;
/** As the manifests have it. */
const addressOf = (podIp: string): string => `[${podIp}]:${PORT}`;

const isOpen = (host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(PORT, host, () => {
      socket.destroy();
      resolve(true);
    }).once("error", () => resolve(false));
  });

await inOwnSandbox(import.meta.filename, () => {
  const folder = mkdtempSync(join(tmpdir(), "hairpin-"));
  after(() => rmSync(folder, { recursive: true }));
  for (const address of PODS) execFileSync("ip", ["address", "add", address, "dev", "lo", "nodad"]);
  const frontends = join(folder, "nlbs.yaml");
  writeFileSync(frontends, "services: []\n");
  const env = BARE_ENVIRONMENT;
  const start = (flags: readonly string[]) =>
    spawn(process.execPath, [PROGRAM, "agent", "--frontends", frontends, "--node-name", "n1", ...flags], {
      stdio: ["ignore", "pipe", "inherit"],
      env,
    });

  test("bound to the pod's address, of either family, the agent listens on no other", async () => {
    for (const podIp of PODS) {
      const agent = start(["--metrics-address", addressOf(podIp)]);
      const exited = once(agent, "exit");
      try {
        await eventually(async () => assert.equal(await isOpen(podIp), true, podIp));
        for (const other of ["127.0.0.1", "::1", ...PODS.filter((each) => each !== podIp)])
          assert.equal(await isOpen(other), false, `${other}, bound to ${podIp}`);
      } finally {
        agent.kill("SIGTERM");
      }
      assert.deepEqual(await exited, [0, null]);
    }
  });

  test("TLS files that cannot be used: exit 2, every problem of them at once", () => {
    const files = ["--metrics-tls-cert-file", frontends, "--metrics-tls-key-file", "/nowhere/tls.key"];
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, "agent", "--frontends", frontends, ...files], {
      encoding: "utf8",
      env,
    });
    assert.equal(status, 2, stderr);
    assert.match(stderr, /nlbs\.yaml: got something else, expected the server's certificate in PEM form/);
    assert.match(stderr, /\/nowhere\/tls\.key: cannot read it \(ENOENT/);
  });

  test("metrics by TLS for who shows a certificate; a renewal is taken, and one that is broken is seen in metrics and log", async () => {
    const authority = makeAuthority(folder, "authority");
    const [first, second] = [authority.issue("first"), authority.issue("second", { days: 1 })];
    const client = authority.issue("client", { usage: "clientAuth" });
    const [cert, key] = [join(folder, "tls.crt"), join(folder, "tls.key")];
    const put = (issued: { readonly cert: string; readonly key: string }): void => {
      writeFileSync(cert, issued.cert);
      writeFileSync(key, issued.key);
    };
    put(first);
    const [host] = PODS;
    const files = [
      "--metrics-tls-cert-file",
      cert,
      "--metrics-tls-key-file",
      key,
      "--metrics-client-ca-file",
      authority.certFile,
    ];
    const agent = start(["--metrics-address", addressOf(host), ...files]);
    const log: string[] = [];
    agent.stdout.setEncoding("utf8").on("data", (text: string) => log.push(text));
    const get = (path: string, shown: { readonly cert?: string; readonly key?: string } = {}) =>
      new Promise<{ readonly status: number | undefined; readonly text: string }>((resolve, reject) => {
        const options = { host, port: PORT, path, agent: false, ca: authority.cert, servername: "localhost", ...shown };
        request(options, (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (chunk: string) => {
            text += chunk;
          });
          response.once("end", () => resolve({ status: response.statusCode, text }));
        })
          .once("error", reject)
          .end();
      });
    const tls = async () => {
      const { text } = await get("/metrics", { cert: client.cert, key: client.key });
      const samples = parseExposition(text);
      return {
        current: sumOf(samples, "hairpin_probe_server_tls_current"),
        days: Math.round(
          (sumOf(samples, "hairpin_probe_server_tls_certificate_expiry_timestamp_seconds") * 1000 - Date.now()) / 86_400_000,
        ),
      };
    };
    const exited = once(agent, "exit");
    try {
      await eventually(async () => assert.equal((await get("/readyz")).status, 200));
      assert.equal((await get("/metrics")).status, 403);
      assert.deepEqual(await tls(), { current: 1, days: 2 });
      put({ cert: second.cert, key: first.key });
      await eventually(async () => assert.deepEqual(await tls(), { current: 0, days: 2 }));
      put(second);
      await eventually(async () => assert.deepEqual(await tls(), { current: 1, days: 1 }));
    } finally {
      agent.kill("SIGTERM");
    }
    assert.deepEqual(await exited, [0, null]);
    const lines = log
      .join("")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as { readonly level: string; readonly problems?: readonly string[] });
    const [problem] = lines.filter(({ level }) => level === "error");
    assert.match(problem?.problems?.[0] ?? "", /tls\.key: got the key of another certificate/);
    assert.ok(!log.join("").includes(readFileSync(key, "utf8").split("\n")[1] ?? ""), "no key in the log");
  });
});
