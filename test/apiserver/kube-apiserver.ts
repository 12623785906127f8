/** The cases against a real kube-apiserver: `npm run test:apiserver`. Not a `.test.ts`: `npm test` does without it. */
import { test } from "node:test";
import { findGoTool } from "../../scripts/go-tools.mjs";
import { CASES } from "./cases.ts";
import { DISCOVERY_CASES } from "./discovery-cases.ts";
import { RBAC_CASES } from "./rbac-cases.ts";
import { startRealServer } from "./real-server.ts";

const cases = [...CASES, ...DISCOVERY_CASES, ...RBAC_CASES];

if (findGoTool("kube-apiserver") === undefined || findGoTool("etcd") === undefined) {
  console.error(
    `NOT RUN: ${cases.length} cases against a real kube-apiserver. It takes Go, or KUBEBUILDER_ASSETS with kube-apiserver and etcd.`,
  );
} else {
  test("a real kube-apiserver", { timeout: 600_000 }, async (t) => {
    await using server = await startRealServer();
    for (const [i, { name, run }] of cases.entries()) {
      await t.test(name, async () => {
        const namespace = `case-${i}`;
        await server.addNamespace(namespace);
        await run(server, namespace);
      });
    }
  });
}
