/** The lab's API server runs through the cases that a real one runs through (kube-apiserver.ts). */
import { test } from "node:test";
import { CASES } from "./cases.ts";
import { DISCOVERY_CASES } from "./discovery-cases.ts";
import { startLabServer } from "./lab-server.ts";

for (const { name, run } of [...CASES, ...DISCOVERY_CASES]) {
  test(`the lab's API server: ${name}`, async () => {
    await using server = await startLabServer();
    await run(server, "case");
  });
}
