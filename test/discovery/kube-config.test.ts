import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { loadKubeApi } from "../../src/discovery/api/kube-config.ts";
import { PATIENCE_MS } from "../support/waiting.ts";
import { CERTIFICATE, PRIVATE_KEY } from "./support/certificate.ts";

interface Running extends AsyncDisposable {
  readonly port: number;
  readonly directory: string;
  /** `METHOD url authorization` of each request. */
  readonly requests: string[];
  write(name: string, text: string): Promise<string>;
}

async function run(scheme: "http" | "https"): Promise<Running> {
  const requests: string[] = [];
  const answer: RequestListener = (request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.authorization ?? "-"}`);
    response.end("{}");
  };
  const server: Server =
    scheme === "http" ? createHttpServer(answer) : createHttpsServer({ cert: CERTIFICATE, key: PRIVATE_KEY }, answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const directory = await mkdtemp(join(tmpdir(), "hairpin-probe-"));
  return {
    port: (server.address() as AddressInfo).port,
    directory,
    requests,
    async write(name, text) {
      const file = join(directory, name);
      await writeFile(file, text);
      return file;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true });
    },
  };
}

const kubeconfig = (server: string, cluster = "", user = "token: secret", context = "main"): string => `
apiVersion: v1
kind: Config
current-context: ${context}
clusters: [{ name: c, cluster: { server: "${server}"${cluster} } }]
users: [{ name: u, user: { ${user} } }]
contexts: [{ name: ${context}, context: { cluster: c, user: u } }]
`;

interface Asked {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly env?: Record<string, string>;
  readonly serviceAccountDir?: string;
}

/** Loads the credentials and makes requests with them. @returns their statuses. */
async function ask(given: Asked, times = 1, between: () => Promise<unknown> = async () => {}): Promise<readonly number[]> {
  const api = await loadKubeApi({
    kubeconfig: given.kubeconfig,
    context: given.context,
    env: given.env ?? {},
    userAgent: "test",
    ...(given.serviceAccountDir === undefined ? {} : { serviceAccountDir: given.serviceAccountDir }),
  });
  const statuses: number[] = [];
  try {
    for (let i = 0; i < times; i++) {
      const response = await api.get("/api/v1/services", { limit: "1" }, AbortSignal.timeout(PATIENCE_MS));
      for await (const _ of response.body);
      statuses.push(response.status);
      await between();
    }
  } finally {
    await api.close();
  }
  return statuses;
}

const failure = async (given: Asked): Promise<string> => {
  try {
    await ask(given);
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
  return assert.fail("expected an error");
};

describe("a kubeconfig", () => {
  it("gives server, path prefix and token, over plain http too, as kubectl takes it", async () => {
    await using running = await run("http");
    const file = await running.write("config", kubeconfig(`http://127.0.0.1:${running.port}/k8s/clusters/c-1/`));
    assert.deepEqual(await ask({ kubeconfig: file }), [200]);
    assert.deepEqual(running.requests, ["GET /k8s/clusters/c-1/api/v1/services?limit=1 Bearer secret"]);
  });

  it("may have a user by name and password, or none at all", async () => {
    await using running = await run("http");
    const url = `http://127.0.0.1:${running.port}`;
    await ask({ kubeconfig: await running.write("basic", kubeconfig(url, "", "username: a, password: b")) });
    await ask({ kubeconfig: await running.write("none", kubeconfig(url).replace(", user: u", "")) });
    assert.deepEqual(
      running.requests.map((request) => request.split(" ").slice(2).join(" ")),
      ["Basic YTpi", "-"],
    );
  });

  it("has its certificate authority obeyed, inline or in a file beside it, with and without a user", async () => {
    await using running = await run("https");
    const url = `https://127.0.0.1:${running.port}`;
    const data = `, certificate-authority-data: ${Buffer.from(CERTIFICATE).toString("base64")}`;
    await running.write("ca.crt", CERTIFICATE);
    const inline = await running.write("inline", kubeconfig(url, data));
    const beside = await running.write("beside", kubeconfig(url, ", certificate-authority: ca.crt").replace(", user: u", ""));
    assert.deepEqual(await ask({ kubeconfig: inline }), [200]);
    assert.deepEqual(await ask({ kubeconfig: beside }), [200]);
  });

  it("without a certificate authority that fits gets no connection, unless it waives verification", async () => {
    await using running = await run("https");
    const url = `https://127.0.0.1:${running.port}`;
    assert.match(await failure({ kubeconfig: await running.write("strict", kubeconfig(url)) }), /self-signed certificate/);
    assert.deepEqual(running.requests, []);
    const waived = await running.write("waived", kubeconfig(url, ", insecure-skip-tls-verify: true"));
    assert.deepEqual(await ask({ kubeconfig: waived }), [200]);
  });

  it("of several is merged, and the first that names a current context decides; another can be asked for", async () => {
    await using running = await run("http");
    const url = `http://127.0.0.1:${running.port}`;
    const first = await running.write("first", kubeconfig(url, "", "token: one", "first"));
    const second = await running.write(
      "second",
      kubeconfig(url, "", "token: two", "second").replaceAll(/\b[cu]\b(?=[ ,}])/g, "$&2"),
    );
    const env = { KUBECONFIG: `${first}:${second}` };
    await ask({ env });
    await ask({ env, context: "second" });
    assert.deepEqual(
      running.requests.map((request) => request.split(" ").at(-1)),
      ["one", "two"],
    );
  });

  it("may get its token from a program, which is asked again when the token has expired", async () => {
    await using running = await run("http");
    const credential = (token: string, expires: string): string =>
      JSON.stringify({
        apiVersion: "client.authentication.k8s.io/v1",
        kind: "ExecCredential",
        status: { token, expirationTimestamp: expires },
      });
    const answer = await running.write("credential", credential("old", "2000-01-01T00:00:00Z"));
    const user = `exec: { apiVersion: client.authentication.k8s.io/v1, command: cat, args: ["${answer}"] }`;
    const file = await running.write("config", kubeconfig(`http://127.0.0.1:${running.port}`, "", user));
    await ask({ kubeconfig: file }, 2, () => running.write("credential", credential("new", "2000-01-01T00:00:00Z")));
    assert.deepEqual(
      running.requests.map((request) => request.split(" ").at(-1)),
      ["old", "new"],
    );
  });

  it("asks a program once for requests that begin together", async () => {
    await using running = await run("http");
    const status = { token: "one", expirationTimestamp: "2100-01-01T00:00:00Z" };
    const credential = JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status });
    const answer = await running.write("credential", credential);
    const runs = await running.write("runs", "");
    const script = `echo run >> '${runs}'; cat '${answer}'`;
    const user = `exec: { apiVersion: client.authentication.k8s.io/v1, command: sh, args: ["-c", ${JSON.stringify(script)}] }`;
    const file = await running.write("config", kubeconfig(`http://127.0.0.1:${running.port}`, "", user));
    const api = await loadKubeApi({ kubeconfig: file, context: undefined, env: {}, userAgent: "test" });
    const requests = Array.from({ length: 5 }, async () => {
      const response = await api.get("/", {}, AbortSignal.timeout(PATIENCE_MS));
      for await (const _ of response.body);
    });
    await Promise.all(requests);
    await api.close();
    assert.deepEqual([running.requests.length, await readFile(runs, "utf8")], [5, "run\n"]);
  });

  it("may have an OpenID Connect provider, whose token is refreshed when it has expired", async () => {
    await using api = await run("http");
    const issuer = `https://127.0.0.1:`;
    const idToken = (port: number, subject: string, expires: number): string => {
      const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
      const claims = { iss: `${issuer}${port}`, aud: "kubectl", sub: subject, iat: 1, exp: expires };
      return `${part({ alg: "RS256" })}.${part(claims)}.${Buffer.from("signature").toString("base64url")}`;
    };
    const refreshed: string[] = [];
    const provider = createHttpsServer({ cert: CERTIFICATE, key: PRIVATE_KEY }, (request, response) => {
      const { port } = provider.address() as AddressInfo;
      response.setHeader("content-type", "application/json");
      if (request.method === "POST") {
        refreshed.push(request.url ?? "");
        const tokens = { id_token: idToken(port, "new", Math.floor(Date.now() / 1000) + 3_600), refresh_token: "again" };
        response.end(JSON.stringify({ access_token: "a", token_type: "bearer", expires_in: 3_600, ...tokens }));
      } else {
        response.end(JSON.stringify({ issuer: `${issuer}${port}`, token_endpoint: `${issuer}${port}/token` }));
      }
    });
    await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
    const authorities = getCACertificates("default");
    // As NODE_EXTRA_CA_CERTS would.
    setDefaultCACertificates([...authorities, CERTIFICATE]);
    try {
      const { port } = provider.address() as AddressInfo;
      const subjectOf = (request: string): unknown => {
        const [, claims = ""] = (request.split(" ").at(-1) ?? "").split(".");
        return (JSON.parse(Buffer.from(claims, "base64url").toString()) as { sub: string }).sub;
      };
      for (const [subject, expires] of [
        ["valid", Math.floor(Date.now() / 1000) + 3_600],
        ["old", 1],
      ] as const) {
        const data = Buffer.from(CERTIFICATE).toString("base64");
        const given = `client-id: kubectl, id-token: ${idToken(port, subject, expires)}, refresh-token: once, idp-issuer-url: "${issuer}${port}", idp-certificate-authority-data: ${data}`;
        const user = `auth-provider: { name: oidc, config: { ${given} } }`;
        const file = await api.write(subject, kubeconfig(`http://127.0.0.1:${api.port}`, "", user));
        assert.deepEqual(await ask({ kubeconfig: file }), [200]);
      }
      assert.deepEqual([api.requests.map(subjectOf), refreshed], [["valid", "new"], ["/token"]]);
    } finally {
      setDefaultCACertificates(authorities);
      provider.closeAllConnections();
      await new Promise((resolve) => provider.close(resolve));
    }
  });

  const wrong: readonly (readonly [string, string, RegExp])[] = [
    [
      "names a context that is not there",
      kubeconfig("http://x").replace("current-context: main", "current-context: other"),
      /context "other" is not there, expected one of: main$/,
    ],
    [
      "names a cluster that is not there",
      kubeconfig("http://x").replace("cluster: c,", "cluster: d,"),
      /cluster "d" is not there$/,
    ],
    ["names a user that is not there", kubeconfig("http://x").replace("user: u }", "user: v }"), /user "v" is not there$/],
    ["has a server that is no URL", kubeconfig("nonsense"), /server "nonsense", expected an http or https URL$/],
    ["is empty", "", /config: /],
    [
      "has a context whose name is a mapping, and not the one that is asked for",
      kubeconfig("http://x")
        .replace("current-context: main", "current-context: other")
        .replace("name: main", "name: { toString: null }"),
      /context "other" is not there, expected one of: none$/,
    ],
    ["has a proxy that is a number", kubeconfig("http://x", ", proxy-url: 5"), /proxy-url 5, expected an HTTP proxy$/],
    ["asks for a SOCKS proxy", kubeconfig("http://x", ", proxy-url: socks5://127.0.0.1:1"), /expected an HTTP proxy$/],
  ];
  for (const [name, text, sentence] of wrong) {
    it(`that ${name} is refused with file and reason`, async () => {
      await using running = await run("http");
      const message = await failure({ kubeconfig: await running.write("config", text) });
      assert.match(message, /^KubeConfigError: kubeconfig \/.*config: /);
      assert.match(message, sentence);
    });
  }

  it("that cannot be read, or was never named, is refused", async () => {
    assert.match(
      await failure({ kubeconfig: "/nonexistent/config" }),
      /^KubeConfigError: kubeconfig \/nonexistent\/config: ENOENT/,
    );
    assert.match(await failure({}), /^KubeConfigError: no kubeconfig/);
  });
});

describe("in a cluster", () => {
  it("the service account is used, and its token read anew for each request", async () => {
    await using running = await run("https");
    await running.write("ca.crt", CERTIFICATE);
    await running.write("token", "first\n");
    const env = { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: String(running.port) };
    await ask({ env, serviceAccountDir: running.directory }, 2, () => running.write("token", "second"));
    assert.deepEqual(running.requests, [
      "GET /api/v1/services?limit=1 Bearer first",
      "GET /api/v1/services?limit=1 Bearer second",
    ]);
  });

  it("a certificate authority that is replaced is obeyed from then on", async () => {
    await using running = await run("https");
    await running.write("ca.crt", "");
    await running.write("token", "secret");
    const env = { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: String(running.port) };
    const sources = { kubeconfig: undefined, context: undefined, env, userAgent: "test", serviceAccountDir: running.directory };
    const api = await loadKubeApi(sources);
    try {
      const get = async () => (await api.get("/version", {}, AbortSignal.timeout(PATIENCE_MS))).status;
      await assert.rejects(get(), /self-signed certificate/);
      await running.write("ca.crt", CERTIFICATE);
      assert.equal(await get(), 200);
    } finally {
      await api.close();
    }
  });

  it("a service account that is not mounted is named in the error", async () => {
    const env = { KUBERNETES_SERVICE_HOST: "127.0.0.1" };
    assert.match(
      await failure({ env, serviceAccountDir: "/nonexistent" }),
      /^KubeConfigError: cannot read \/nonexistent\/ca.crt of the service account/,
    );
  });
});
