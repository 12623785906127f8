/** The permissions that the agent ships with, through a real token of its ServiceAccount: all it needs, and nothing else. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { KubeApi } from "../../src/discovery/api/kube-api.ts";
import { loadKubeApi } from "../../src/discovery/api/kube-config.ts";
import { OPTIONAL_RESOURCES } from "../../src/domain/resources.ts";
import { until } from "../support/waiting.ts";
import { discover } from "./discovery-cases.ts";
import type { RealServer } from "./real-server.ts";
import { put } from "./server.ts";

const WITHIN_MS = 30_000;
const NAMESPACE = "hairpin-probe";
const ACCOUNT = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`;
const RBAC = "/apis/rbac.authorization.k8s.io/v1";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}
interface ClusterRole {
  readonly metadata: { readonly name: string };
  readonly rules: readonly Rule[];
}
interface Permission {
  readonly group: string;
  readonly resource: string;
}

const documents = parseAllDocuments(readFileSync(new URL("../../manifests/base/rbac.yaml", import.meta.url), "utf8")).map(
  (document) => document.toJS() as { kind: string; metadata: { name: string } },
);
const find = (kind: string): { kind: string; metadata: { name: string } } =>
  documents.find((document) => document.kind === kind) ?? assert.fail(`rbac.yaml has no ${kind}`);
const ROLE = find("ClusterRole") as unknown as ClusterRole;

/** The agent's account as the manifests make it, with a token as the kubelet would get it. */
async function asAgent(server: RealServer, use: (api: KubeApi) => Promise<void>): Promise<void> {
  await server.addNamespace(NAMESPACE);
  await put(server, ACCOUNT, find("ServiceAccount"));
  await setRules(server, ROLE.rules);
  await put(server, `${RBAC}/clusterrolebindings`, find("ClusterRoleBinding"));
  const path = `${ACCOUNT}/${find("ServiceAccount").metadata.name}/token`;
  const { body } = await server.request("POST", path, { spec: { expirationSeconds: 3_600 } });
  const directory = mkdtempSync(join(tmpdir(), "service-account-"));
  writeFileSync(join(directory, "token"), (body as { status: { token: string } }).status.token);
  writeFileSync(join(directory, "ca.crt"), server.ca);
  const env = { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: String(server.port) };
  const api = await loadKubeApi({
    kubeconfig: undefined,
    context: undefined,
    env,
    userAgent: "test",
    serviceAccountDir: directory,
  });
  try {
    await use(api);
  } finally {
    await api.close();
    rmSync(directory, { recursive: true });
  }
}

const setRules = (server: RealServer, rules: readonly Rule[]): Promise<void> =>
  put(server, `${RBAC}/clusterroles`, { ...ROLE, rules } as ClusterRole);

const permissions = (rules: readonly Rule[]): readonly Permission[] =>
  rules.flatMap(({ apiGroups, resources }) => apiGroups.flatMap((group) => resources.map((resource) => ({ group, resource }))));

/** The rules with one verb on one resource taken away. */
const without = (removed: Permission, verb: string): readonly Rule[] =>
  ROLE.rules.flatMap(({ apiGroups, resources, verbs }) =>
    permissions([{ apiGroups, resources, verbs }]).map(({ group, resource }) => ({
      apiGroups: [group],
      resources: [resource],
      verbs: verbs.filter((each) => each !== verb || group !== removed.group || resource !== removed.resource),
    })),
  );

async function isAllowed(server: RealServer, verb: string, { group, resource }: Permission): Promise<boolean> {
  const spec = {
    user: `system:serviceaccount:${NAMESPACE}:${find("ServiceAccount").metadata.name}`,
    groups: ["system:authenticated", "system:serviceaccounts"],
    resourceAttributes: { verb, group, resource },
  };
  const { body } = await server.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", { spec });
  return (body as { status: { allowed: boolean } }).status.allowed;
}

/** The authorizer learns of new rules a moment after they are written. */
async function untilAllowed(server: RealServer, verb: string, permission: Permission, expected: boolean): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  while ((await isAllowed(server, verb, permission)) !== expected) {
    if (performance.now() > deadline)
      assert.fail(`${verb} ${permission.resource} is still ${expected ? "forbidden" : "allowed"}`);
  }
}

/** A server that does not send lists as streams: where the permission to list is needed. */
const withoutStreams = (api: KubeApi): KubeApi => ({
  ...api,
  async get(path, query, signal) {
    if (!("sendInitialEvents" in query)) return api.get(path, query, signal);
    return { status: 400, retryAfter: undefined, date: undefined, body: (async function* () {})() };
  },
});

const nameOf = ({ group, resource }: Permission): string =>
  OPTIONAL_RESOURCES.find((name) => name === resource || name === `${resource}.${group}`) ?? resource;

export const RBAC_CASES: readonly { readonly name: string; readonly run: (server: RealServer) => Promise<void> }[] = [
  {
    name: "the ClusterRole is all that discovery needs",
    run: (server) =>
      asAgent(server, async (api) => {
        for (const permission of permissions(ROLE.rules)) await untilAllowed(server, "watch", permission, true);
        for (const mode of [api, withoutStreams(api)]) {
          await using found = discover({ api: mode }, "default");
          await until("there is a snapshot", () => found.snapshots.length > 0);
          const states = new Set(found.states.values());
          assert.deepEqual([[...states].toSorted(), found.errors], [["missing", "watched"], []]);
          assert.equal([...found.states.values()].filter((state) => state === "missing").length, 2);
        }
      }),
  },
  {
    name: "with any verb on any resource taken away, just that resource is not had",
    run: (server) =>
      asAgent(server, async (api) => {
        for (const permission of permissions(ROLE.rules)) {
          for (const [verb, mode] of [
            ["watch", api],
            ["list", withoutStreams(api)],
          ] as const) {
            await setRules(server, without(permission, verb));
            await untilAllowed(server, verb, permission, false);
            const name = nameOf(permission);
            await using found = discover({ api: mode }, "default");
            if (name === "services" || name === "endpointslices") {
              const isRefused = (error: string) => error.startsWith(`${name}: `) && error.includes("403");
              await until(`${verb} ${name} is refused`, () => found.errors.some(isRefused));
              assert.ok(found.errors.every(isRefused), found.errors.join("\n"));
              continue;
            }
            await until(`${name} is told`, () => found.states.size === OPTIONAL_RESOURCES.length);
            // What the server does not have is missing, whoever asks.
            const expected = name === "udproutes" || name.endsWith("eks.amazonaws.com") ? "missing" : "forbidden";
            assert.equal(found.states.get(name), expected, `${verb} ${name}`);
            const forbidden = [...found.states].filter(([, state]) => state === "forbidden").map(([other]) => other);
            assert.deepEqual(forbidden, expected === "forbidden" ? [name] : []);
          }
        }
      }),
  },
  {
    name: "the ClusterRole allows nothing else",
    run: (server) =>
      asAgent(server, async () => {
        await untilAllowed(server, "watch", { group: "", resource: "services" }, true);
        const denied: (readonly [string, Permission])[] = [
          ...["secrets", "nodes", "pods", "configmaps", "namespaces", "serviceaccounts"].flatMap((resource) =>
            ["get", "list", "watch", "create"].map((verb) => [verb, { group: "", resource }] as const),
          ),
          ...permissions(ROLE.rules).flatMap((permission) =>
            ["get", "create", "update", "patch", "delete", "deletecollection", "*"].map((verb) => [verb, permission] as const),
          ),
        ];
        for (const [verb, permission] of denied) {
          assert.equal(await isAllowed(server, verb, permission), false, `${verb} ${permission.group}/${permission.resource}`);
        }
      }),
  },
];
