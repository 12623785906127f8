/** What who writes a Service can put into the agents' requests: a path, the name of a host, and nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { httpPath } from "../../src/config/parsers.ts";
import { loadFrontendsFile } from "../../src/discovery/frontends-file.ts";
import { addressPolicy } from "../../src/domain/address.ts";
import { classify, nlb } from "../discovery/support/classify.ts";
import { lbcService } from "../discovery/support/objects.ts";
import { attemptOnce, HOSTNAME, serve } from "../probe/fixture.ts";

const PATH = "hairpin-probe/path";

/** A frontends file with this path. */
const fileWith = (path: string): string =>
  JSON.stringify({
    services: [{ namespace: "a", name: "b", addresses: [{ address: "10.0.0.1" }], ports: [{ port: 80, path }] }],
  });

/** Whoever may name a path: annotation, setting, and the file of frontends. Each takes it or throws. */
const READERS: Readonly<Record<string, (path: string) => string | undefined>> = {
  annotation: (path) => {
    const found = classify(lbcService({ annotations: { [PATH]: path } }));
    if (found.kind === "skipped") throw new Error(found.detail);
    return found.service.listeners[0]?.path;
  },
  setting: httpPath,
  file: (path) => {
    const options = { file: "f", defaultPath: "/", isAllowed: addressPolicy([]) };
    return loadFrontendsFile(fileWith(path), options).services[0]?.service.listeners[0]?.path;
  },
};

const REFUSED: Readonly<Record<string, string>> = {
  "CR and LF": "/a\r\nHost: evil",
  "LF alone": "/a\nHost: evil",
  "CR alone": "/a\rHost: evil",
  "CR and LF at its end": "/a\r\n",
  "LF at its end": "/a\n",
  "a second request": "/ HTTP/1.1\r\nHost: x\r\n\r\nGET /admin HTTP/1.1",
  "another version": "/ HTTP/0.9",
  space: "/a b",
  tab: "/a\tb",
  NUL: "/a\u0000b",
  DEL: "/a\u007f",
  "a letter that is not ASCII": "/ü",
  "what becomes CR and LF when bytes are cut off": "/\u010d\u010aHost: evil",
  "a line separator": "/\u2028",
  "an absolute form": "http://169.254.169.254/latest/meta-data/",
  "an authority": "169.254.169.254:80",
  "an asterisk": "*",
  userinfo: "user:secret@evil/",
  "a fragment": "/a#b",
  "no slash": "healthz",
  nothing: "",
  "1,025 characters": `/${"a".repeat(1024)}`,
  "a megabyte": `/${"a".repeat(1024 * 1024)}`,
};

/** Odd, and a path all the same: it goes to the backend as it is, and to nobody else. */
const TAKEN = [
  "/",
  "//169.254.169.254/latest",
  "/http://169.254.169.254/",
  "/../../etc/passwd",
  "/%0d%0aHost:%20evil",
  "/%2e%2e/%00",
  "/a?b=c&d=/e?f",
  "/user:secret@evil",
  `/"'<script>\`{}|\\^`,
  `/${"a".repeat(1023)}`,
];

/** Sends one request, and returns all that came in. */
async function sent(t: Parameters<typeof serve>[0], target: { readonly path?: string; readonly hostname?: string }) {
  let received = "";
  const port = await serve(t, (socket) => {
    socket.setEncoding("latin1").on("data", (text: string) => {
      received += text;
    });
    // It goes on listening: what is sent after the request would be seen.
    socket.once("data", () => socket.write("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"));
  });
  const outcome = await attemptOnce({ port, protocol: "http", ...target });
  return { received, outcome, port };
}

const requestOf = (path: string, port: number): string =>
  `GET ${path} HTTP/1.1\r\nhost: ${HOSTNAME}:${port}\r\nconnection: close\r\nuser-agent: hairpin-probe/test\r\naccept: */*\r\n\r\n`;

test("a path that is more than a path is refused by annotation, setting and file, before anything is sent", () => {
  for (const [what, path] of Object.entries(REFUSED)) {
    for (const [reader, read] of Object.entries(READERS))
      assert.throws(() => read(path), /a path that|too long/, `${what}, by ${reader}`);
  }
});

test("a path that is taken is one request line, and nothing else of the request changes", async (t) => {
  for (const path of TAKEN) {
    for (const [reader, read] of Object.entries(READERS)) assert.equal(read(path), path, reader);
    const { received, port, outcome } = await sent(t, { path });
    assert.equal(received, requestOf(path, port));
    assert.notEqual(outcome.kind, "failure");
  }
});

test("whatever is annotated is refused, or is the path of one request", async (t) => {
  let received = "";
  const port = await serve(t, (socket) => {
    socket.setEncoding("latin1").on("data", (text: string) => {
      received += text;
    });
    socket.once("data", () => socket.write("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"));
  });
  const piece = fc.constantFrom(
    "/",
    "\r\n",
    "\n",
    " ",
    "\t",
    "\u0000",
    "#",
    "?",
    "..",
    "%0a",
    "http://",
    "@",
    ":",
    "ü",
    "a",
    "\u2028",
  );
  const path = fc.oneof(
    fc.array(piece, { maxLength: 8 }).map((parts) => `/${parts.join("")}`),
    fc.string({ unit: "binary" }),
  );
  await fc.assert(
    fc.asyncProperty(path, async (text) => {
      const found = classify(lbcService({ annotations: { [PATH]: text } }));
      if (found.kind === "skipped") return;
      const taken = found.service.listeners[0]?.path ?? "";
      assert.equal(taken, text);
      received = "";
      await attemptOnce({ port, protocol: "http", path: taken });
      assert.equal(received, requestOf(text, port));
    }),
    { numRuns: 300 },
  );
});

test("a status that names no host is refused, so that Host and SNI carry nothing but a name", () => {
  const names = [
    "a b",
    "a\r\nX-Evil: 1",
    "a\tb",
    "a\u0000b",
    "user@evil",
    "evil/path",
    "evil:80",
    "evil?x",
    "[::1]",
    "höst",
    `${"a".repeat(64)}.b`,
  ];
  for (const name of names) {
    const object = { ...lbcService(), status: { loadBalancer: { ingress: [{ hostname: name }] } } };
    assert.throws(() => nlb(object), /expected (a host name|text without control)/, JSON.stringify(name));
  }
});

test("a path or a host that got past all that is still not sent", async (t) => {
  const bad = [{ path: "/a\r\nX-Evil: 1" }, { path: "/a b" }, { hostname: "a\r\nX-Evil: 1" }, { hostname: "a\u0000b" }];
  for (const target of bad) {
    const { received, outcome } = await sent(t, target);
    assert.equal(received, "", JSON.stringify(target));
    assert.notEqual(outcome.kind, "success");
  }
});
