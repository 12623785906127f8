/** What we ship for Kubernetes, under a real API server's validation, admission and authorization. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { findGoModule } from "../../scripts/go-tools.mjs";
import { CHART, helm, keysOf, printedInReadme, render, type Said } from "../tools/helm.ts";
import { build, COMPONENTS, type Component, type Manifest, only } from "../tools/kustomize.ts";
import type { RealServer } from "./real-server.ts";
import { put } from "./server.ts";

const NAMESPACE = "hairpin-probe";
const SERVED_WITHIN_MS = 30_000;
const APPLY = "application/apply-patch+yaml";

/** Where each kind is served; those of a namespace below it. */
const PATHS: Readonly<Record<string, readonly [prefix: string, resource: string, isNamespaced: boolean]>> = {
  Namespace: ["/api/v1", "namespaces", false],
  ServiceAccount: ["/api/v1", "serviceaccounts", true],
  ConfigMap: ["/api/v1", "configmaps", true],
  Service: ["/api/v1", "services", true],
  DaemonSet: ["/apis/apps/v1", "daemonsets", true],
  ClusterRole: ["/apis/rbac.authorization.k8s.io/v1", "clusterroles", false],
  ClusterRoleBinding: ["/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", false],
  NetworkPolicy: ["/apis/networking.k8s.io/v1", "networkpolicies", true],
  PodMonitor: ["/apis/monitoring.coreos.com/v1", "podmonitors", true],
  PrometheusRule: ["/apis/monitoring.coreos.com/v1", "prometheusrules", true],
};
const pathOf = ({ kind, metadata }: Manifest): string => {
  const [prefix, resource, isNamespaced] = PATHS[kind] ?? assert.fail(`no path for ${kind}`);
  return `${prefix}${isNamespaced ? `/namespaces/${metadata.namespace}` : ""}/${resource}/${metadata.name}`;
};

const ALL: readonly Component[] = COMPONENTS.filter((component) => component !== "capture");
const built = (what: readonly Component[] | "eks"): readonly Manifest[] => build(what) ?? assert.fail("kustomize is not there");

const charted = (values: object): readonly Manifest[] => render(values) ?? assert.fail("helm is not there");

const RELEASE = { enabled: true, additionalLabels: { release: "stack" }, annotations: { "example.com/owner": "net" } };
/** Values that between them reach every part of the templates. */
const VALUES: Readonly<Record<string, object>> = {
  "the default": {},
  "everything on": {
    trustCRDsExist: true,
    podMonitor: RELEASE,
    prometheusRule: { ...RELEASE, disabled: ["HairpinPossible"], runbookBaseUrl: "https://wiki.example.com/hp" },
    dashboards: { enabled: true },
    networkPolicy: { enabled: true },
    priorityClassName: "system-node-critical",
    image: { digest: `sha256:${"a".repeat(64)}`, pullPolicy: "IfNotPresent" },
  },
  "what people add": {
    trustCRDsExist: true,
    extraArgs: ["--log-level=debug"],
    extraEnv: [
      { name: "HTTPS_PROXY", value: "http://proxy.example.com:3128" },
      { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    ],
    imagePullSecrets: [{ name: "registry" }],
    commonLabels: { team: "net" },
    podLabels: { tier: "infra" },
    podAnnotations: { "example.com/owner": "net" },
    extraVolumes: [{ name: "authorities", configMap: { name: "authorities" } }],
    extraVolumeMounts: [{ name: "authorities", mountPath: "/etc/authorities", readOnly: true }],
    serviceAccount: { annotations: { "example.com/owner": "net" } },
    podMonitor: {
      ...RELEASE,
      metricRelabelings: [{ sourceLabels: ["__name__"], regex: "hairpin_probe_connect_duration_seconds_bucket", action: "drop" }],
    },
  },
  capture: { capture: { enabled: true } },
};

/** As `kubectl apply --server-side --validate=strict` does. @returns what was refused, and why. */
async function apply(server: RealServer, manifests: readonly Manifest[]): Promise<readonly string[]> {
  const refused: string[] = [];
  for (const manifest of manifests) {
    const path = `${pathOf(manifest)}?fieldManager=kubectl&fieldValidation=Strict`;
    const { status, body } = await server.request("PATCH", path, manifest, APPLY);
    if (status >= 300) refused.push(`${manifest.kind}: ${status} ${(body as { message?: string }).message}`);
  }
  return refused;
}

/** The operator's own definitions, as its release has them. */
async function addOperator(server: RealServer): Promise<void> {
  const module = findGoModule("prometheus-operator") ?? assert.fail("the operator's module is not there");
  for (const resource of ["podmonitors", "prometheusrules"]) {
    const file = join(module, "example/prometheus-operator-crd", `monitoring.coreos.com_${resource}.yaml`);
    await put(server, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", parse(readFileSync(file, "utf8")));
    const deadline = performance.now() + SERVED_WITHIN_MS;
    while ((await server.request("GET", `/apis/monitoring.coreos.com/v1/${resource}`)).status !== 200) {
      assert.ok(performance.now() < deadline, `${resource} are not served in time`);
      await sleep(100);
    }
  }
}

/** The agent's pod as the DaemonSet controller would make it; it is not kept. */
async function admit(server: RealServer, manifests: readonly Manifest[]): Promise<{ status: number; message: string }> {
  const { template } = only(manifests, "DaemonSet").spec;
  const pod = { apiVersion: "v1", kind: "Pod", ...template, metadata: { ...template.metadata, name: "agent" } };
  const { status, body } = await server.request("POST", `/api/v1/namespaces/${NAMESPACE}/pods?dryRun=All`, pod);
  return { status, message: (body as { message?: string }).message ?? "" };
}

export const MANIFEST_CASES: readonly { readonly name: string; readonly run: (server: RealServer) => Promise<void> }[] = [
  {
    name: "every object of the base, of each component and of the EKS overlay is taken under strict validation",
    async run(server) {
      await addOperator(server);
      for (const what of [[], ...COMPONENTS.map((component) => [component]), ALL, "eks"] as const) {
        assert.deepEqual(await apply(server, built(what)), [], String(what));
      }
    },
  },
  {
    name: "a field that is misspelled would be refused, ours and the operator's",
    async run(server) {
      const manifests = built(["pod-monitor", "rules"]);
      const misspelled = ["DaemonSet", "PodMonitor", "PrometheusRule"].map((kind) => {
        const manifest = only(manifests, kind);
        return { ...manifest, spec: { ...manifest.spec, grups: [] } };
      });
      assert.equal((await apply(server, misspelled)).length, 3);
    },
  },
  {
    name: "the agent's pod is admitted under the Pod Security Standard restricted, and with capture only where that is not enforced",
    async run(server) {
      await apply(server, built([]));
      assert.equal((await admit(server, built([]))).status, 201);
      assert.equal((await admit(server, built("eks"))).status, 201);
      const refused = await admit(server, built(["capture"]));
      assert.equal(refused.status, 403);
      assert.match(refused.message, /violates PodSecurity "restricted.*NET_RAW/s);
      await apply(server, built(["capture"]));
      assert.equal((await admit(server, built(["capture"]))).status, 201);
      await apply(server, built([]));
    },
  },
  {
    name: "every object of the chart is taken under strict validation, and its pod is admitted under restricted but for capture",
    async run(server) {
      await apply(server, built([]));
      // Of a DaemonSet that is there the selector cannot be changed; the chart's has the release in it.
      const withdraw = () => server.request("DELETE", pathOf(only(built([]), "DaemonSet")));
      await withdraw();
      for (const [what, values] of Object.entries(VALUES)) {
        const manifests = charted(values);
        assert.deepEqual(await apply(server, manifests), [], what);
        assert.equal((await admit(server, manifests)).status, what === "capture" ? 403 : 201, what);
      }
      await withdraw();
    },
  },
  {
    name: "the agent's account may do what it needs, and nothing that could do harm",
    async run(server) {
      await apply(server, built([]));
      const may = async (verb: string, group: string, resource: string, subresource = ""): Promise<boolean> => {
        const attributes = { verb, group, resource, subresource, namespace: "shop" };
        const user = `system:serviceaccount:${NAMESPACE}:hairpin-probe`;
        const spec = { user, groups: ["system:serviceaccounts", "system:authenticated"], resourceAttributes: attributes };
        const { body } = await server.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", { spec });
        return (body as { status: { allowed: boolean } }).status.allowed;
      };
      const { rules } = only(built([]), "ClusterRole");
      for (const { apiGroups, resources } of rules) {
        for (const group of apiGroups) {
          for (const resource of resources) {
            for (const verb of ["list", "watch"]) assert.ok(await may(verb, group, resource), `${verb} ${resource}`);
            for (const verb of ["create", "update", "patch", "delete", "deletecollection"]) {
              assert.equal(await may(verb, group, resource), false, `${verb} ${resource}`);
            }
          }
        }
      }
      const denied = ["secrets", "configmaps", "nodes", "pods", "serviceaccounts", "endpoints", "events", "namespaces"];
      for (const resource of denied) {
        for (const verb of ["get", "list", "watch", "create", "update", "delete"]) {
          assert.equal(await may(verb, "", resource), false, `${verb} ${resource}`);
        }
      }
      assert.equal(await may("create", "", "pods", "exec"), false);
      assert.equal(await may("create", "", "serviceaccounts", "token"), false);
      for (const verb of ["create", "bind", "escalate", "update"]) {
        assert.equal(await may(verb, "rbac.authorization.k8s.io", "clusterroles"), false, verb);
      }
    },
  },
  {
    name: "the chart can be installed, upgraded and removed, says what is left to do, and leaves nothing behind",
    async run(server) {
      const namespace = "charted";
      await server.addNamespace(namespace);
      const run = (command: readonly string[], values: object): Said => {
        const said =
          helm([...command, "--namespace", namespace], command[0] === "uninstall" ? undefined : values, server.kubeconfig) ??
          assert.fail("helm is not there");
        assert.equal(said.status, 0, said.stderr);
        return said;
      };
      const monitored = { podMonitor: { enabled: true }, prometheusRule: { enabled: true } };
      const installed = run(["install", "charted", CHART], monitored).stdout;
      assert.deepEqual(printedInReadme().keys, keysOf(installed));
      assert.match(installed, /NOTES:.*has no label `release`.*podMonitor\.additionalLabels\.release=/s);
      assert.match(installed, /kubectl label namespace charted pod-security\.kubernetes\.io\/enforce=restricted/);
      const release = { additionalLabels: { release: "stack" } };
      const everything = {
        podMonitor: { ...monitored.podMonitor, ...release },
        prometheusRule: { ...monitored.prometheusRule, ...release, disabled: ["HairpinPossible"] },
        dashboards: { enabled: true },
        networkPolicy: { enabled: true },
        capture: { enabled: true },
        priorityClassName: "system-node-critical",
      };
      const upgraded = run(["upgrade", "charted", CHART], everything).stdout;
      assert.doesNotMatch(upgraded, /no label `release`/);
      assert.match(upgraded, /enforce=privileged/);
      const query = "labelSelector=app.kubernetes.io%2Finstance%3Dcharted";
      const left = async (): Promise<number> => {
        let count = 0;
        for (const [prefix, resource] of Object.values(PATHS)) {
          const { body } = await server.request("GET", `${prefix}/${resource}?${query}`);
          count += (body as { items: readonly unknown[] }).items.length;
        }
        return count;
      };
      assert.equal(await left(), 10);
      run(["uninstall", "charted"], {});
      assert.equal(await left(), 0);
    },
  },
  {
    name: "an upgrade changes objects in place, and what is deleted leaves nothing behind",
    async run(server) {
      assert.deepEqual(await apply(server, built(ALL)), []);
      const uid = async (): Promise<string> => {
        const { body } = await server.request("GET", pathOf(only(built([]), "DaemonSet")));
        return (body as { metadata: { uid: string } }).metadata.uid;
      };
      const before = await uid();
      const next = built("eks");
      assert.deepEqual(await apply(server, next), [], "no field of another manager stands in the way");
      assert.equal(await uid(), before);

      const all = new Map([...built(ALL), ...next].map((manifest) => [pathOf(manifest), manifest]));
      for (const path of all.keys()) await server.request("DELETE", path);
      for (const [kind, [prefix, resource]] of Object.entries(PATHS)) {
        const query = "labelSelector=app.kubernetes.io%2Fname%3Dhairpin-probe";
        const { status, body } = await server.request("GET", `${prefix}/${resource}?${query}`);
        assert.equal(status, 200);
        // A namespace goes when the controllers have emptied it, of which there are none here.
        const left = (body as { items: readonly { metadata: { name: string; deletionTimestamp?: string } }[] }).items;
        assert.deepEqual(
          left.filter(({ metadata }) => metadata.deletionTimestamp === undefined),
          [],
          kind,
        );
      }
    },
  },
];
