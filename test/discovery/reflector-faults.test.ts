import { describe, it } from "node:test";
import { type ApiServer, line, sendJson } from "./support/api-server.ts";
import { assertNothingIsLost, PATH, runToWatch, strike, thing } from "./support/running-reflector.ts";

const faults: readonly (readonly [string, (server: ApiServer) => void])[] = [
  ["the server ends the watch", (server) => server.endWatches("cleanly")],
  ["the connection is reset", (server) => server.endWatches("reset")],
  [
    "the connection is cut inside a line",
    (server) => {
      server.send('{"type":"MODIFIED","object":{"metadata":{"namespace":"shop","name":"before","resourceVersion":"99"},"col');
      server.endWatches("reset");
    },
  ],
  [
    "the stream ends inside a line as if in good order",
    (server) => {
      server.send('{"type":"DELETED","object":{"metadata":{"namespace":"shop","name":"before"');
      server.endWatches("cleanly");
    },
  ],
  ["the server sends garbage", (server) => server.send("<html>Bad Gateway</html>\n")],
  ["the server sends an event of a kind that does not exist", (server) => server.send(line("EXPLODED", {}))],
  [
    "the server sends an error of its own",
    (server) => server.send(line("ERROR", { kind: "Status", code: 500, message: "etcd" })),
  ],
  [
    "the server forgets old versions and says so in an event",
    (server) => {
      server.send(line("ERROR", { kind: "Status", code: 410, reason: "Expired" }));
    },
  ],
  [
    "the server forgets old versions and says so in the status",
    (server) => {
      server.put(PATH, thing("before"));
      server.endWatches("reset");
      server.compact();
    },
  ],
  [
    "watches are answered 429 with Retry-After",
    (server) => {
      strike(server, "watch", 2, ({ response }) => sendJson(response, 429, { message: "busy" }, { "retry-after": "0" }));
      server.endWatches("reset");
    },
  ],
  [
    "watches are answered 503",
    (server) => {
      strike(server, "watch", 3, ({ response }) => response.writeHead(503).end("<html>no upstream</html>"));
      server.endWatches("cleanly");
    },
  ],
  [
    "lists and watches are reset as soon as they are asked, again and again",
    (server) => {
      let left = 6;
      server.fault = ({ reset }) => {
        if (left-- <= 0) return false;
        reset();
        return true;
      };
      server.compact();
      server.endWatches("reset");
    },
  ],
];
for (const streaming of ["served", "refused"] as const) {
  describe(`with lists as ${streaming === "served" ? "streams" : "pages"}`, () => {
    for (const [name, fault] of faults) {
      it(`loses nothing and comes back by itself when ${name}`, async () => {
        await using running = await runToWatch({}, streaming);
        fault(running.server);
        await assertNothingIsLost(running);
      });
    }
  });
}
