/** The cases against a real kube-apiserver: `npm run test:apiserver`. Not a `.test.ts`: `npm test` does without it. */
import { test } from "node:test";
import { findGoModule, findGoTool } from "../../scripts/go-tools.mjs";
import { notRun } from "../support/not-checked.ts";
import { CASES } from "./cases.ts";
import { DISCOVERY_CASES } from "./discovery-cases.ts";
import { FIX_CASES, KUBECTL } from "./fix-cases.ts";
import { MANIFEST_CASES } from "./manifest-cases.ts";
import { RBAC_CASES } from "./rbac-cases.ts";
import { startRealServer } from "./real-server.ts";
import { VERIFY_CASES } from "./verify-cases.ts";

const canBuildManifests =
  (["kustomize", "helm"] as const).every((tool) => findGoTool(tool) !== undefined) &&
  findGoModule("prometheus-operator") !== undefined;
// The last one deletes the namespace that the permissions are tried in, and it cannot be made again.
const fixCases = KUBECTL === undefined ? [] : FIX_CASES;
const cases = [
  ...CASES,
  ...DISCOVERY_CASES,
  ...fixCases,
  ...VERIFY_CASES,
  ...RBAC_CASES,
  ...(canBuildManifests ? MANIFEST_CASES : []),
];
if (!canBuildManifests) {
  notRun(`${MANIFEST_CASES.length} cases of the manifests. They take kustomize, helm and the operator's module, from Go.`);
}
if (KUBECTL === undefined) notRun(`${FIX_CASES.length} cases of the fixes that the audit prints. They take kubectl.`);

if (findGoTool("kube-apiserver") === undefined || findGoTool("etcd") === undefined) {
  notRun(`${cases.length} cases against a real kube-apiserver. It takes Go, or KUBEBUILDER_ASSETS with kube-apiserver and etcd.`);
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
