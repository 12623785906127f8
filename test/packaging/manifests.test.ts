import assert from "node:assert/strict";
import { globSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { GENERATED } from "../../scripts/render-manifests.ts";
import { DEFINITIONS } from "../../src/config/definitions.ts";
import { loadSettings } from "../../src/config/load.ts";
import { type Cidr, contains, parseCidr, parseIp } from "../../src/domain/cidr.ts";
import { startServer } from "../../src/server/http-server.ts";
import type { Manifest } from "../tools/kustomize.ts";

const MANIFESTS = new URL("../../manifests/", import.meta.url);
const BASE = new URL("base/", MANIFESTS);

const files = readdirSync(BASE).filter((file) => file !== "kustomization.yaml");
const manifests: readonly Manifest[] = files.flatMap((file) =>
  parseAllDocuments(readFileSync(new URL(file, BASE), "utf8")).map((document) => document.toJS() as Manifest),
);
const find = (kind: string): Manifest => {
  const found = manifests.filter((manifest) => manifest.kind === kind);
  assert.equal(found.length, 1, kind);
  return found[0];
};
const { template } = find("DaemonSet").spec;
const pod = template.spec;
const [container] = pod.containers;

test("the kustomization names every file of the base", () => {
  const kustomization = parseAllDocuments(readFileSync(new URL("kustomization.yaml", BASE), "utf8"))[0]?.toJS() as Manifest;
  assert.deepEqual([...kustomization.resources].sort(), [...files].sort());
});

test("the agent takes every setting that the manifests give it", () => {
  const file: string = find("ConfigMap").data["agent.yaml"];
  const env = Object.fromEntries(container.env.map(({ name, value }: Manifest) => [name, value ?? "hairpin-probe"]));
  env.HAIRPIN_PROBE_AGENTS_SERVICE = env.HAIRPIN_PROBE_AGENTS_SERVICE.replace("$(POD_NAMESPACE)", env.POD_NAMESPACE);
  const settings = loadSettings({
    argv: container.args.slice(1),
    env: { ...env, KUBERNETES_SERVICE_HOST: "172.20.0.1" },
    readFile: (path) => {
      assert.equal(path, `${container.volumeMounts[0].mountPath}/agent.yaml`);
      return file;
    },
    hostname: "pod",
  });
  const { name } = find("Service").metadata;
  assert.deepEqual(settings.agentsService, { namespace: find("Namespace").metadata.name, name });
  assert.equal(settings.metricsAddress.port, container.ports[0].containerPort);
  assert.equal(`:${settings.metricsAddress.port}`, DEFINITIONS.metricsAddress.default);
});

test("the agent takes every setting that the components give it, and the pod's address of either family", () => {
  const given: Record<string, string> = { HAIRPIN_PROBE_NODE_NAME: "n1", KUBERNETES_SERVICE_HOST: "172.20.0.1" };
  for (const file of globSync("components/*/daemonset.yaml", { cwd: MANIFESTS })) {
    const patch = parse(readFileSync(new URL(file, MANIFESTS), "utf8")) as Manifest;
    for (const { name, value } of patch.spec.template.spec.containers[0].env) if (value !== undefined) given[name] = value;
  }
  assert.deepEqual(Object.keys(given).length, 7);
  for (const host of ["10.0.1.5", "fd00::5"]) {
    const env = { ...given, HAIRPIN_PROBE_METRICS_ADDRESS: given.HAIRPIN_PROBE_METRICS_ADDRESS?.replace("$(POD_IP)", host) };
    const settings = loadSettings({ argv: [], env, readFile: () => "", hostname: "pod" });
    assert.deepEqual(settings.metricsAddress, { host, port: 9867 });
    for (const key of ["metricsTlsCertFile", "metricsTlsKeyFile", "metricsClientCaFile"] as const) assert.ok(settings[key], key);
  }
});

test("the headless Service finds the agents and lists them before they are ready", () => {
  const { spec } = find("Service");
  assert.equal(spec.clusterIP, "None");
  assert.equal(spec.publishNotReadyAddresses, true);
  assert.deepEqual(spec.selector, find("DaemonSet").spec.selector.matchLabels);
  for (const [label, value] of Object.entries(spec.selector)) assert.equal(template.metadata.labels[label], value);
});

/** What each mesh reads before it takes a pod in, and where: its own documentation. */
const MESHES: Readonly<Record<string, readonly [place: "labels" | "annotations", key: string, value: string]>> = {
  "Istio with sidecars": ["labels", "sidecar.istio.io/inject", "false"],
  "Istio before it read the label": ["annotations", "sidecar.istio.io/inject", "false"],
  "Istio's ambient mode": ["labels", "istio.io/dataplane-mode", "none"],
  Linkerd: ["annotations", "linkerd.io/inject", "disabled"],
  Consul: ["annotations", "consul.hashicorp.com/connect-inject", "false"],
  Kuma: ["labels", "kuma.io/sidecar-injection", "disabled"],
};
for (const [mesh, [place, key, value]] of Object.entries(MESHES)) {
  test(`the agent's pod is not taken in by ${mesh}, whose proxy would complete connections that hairpin`, () => {
    assert.equal(template.metadata[place]?.[key], value);
  });
}

test("the network policy lets the stray answer of a hairpin reach the port that the agent connected from", () => {
  const policy = parse(readFileSync(new URL("components/network-policy/networkpolicy.yaml", MANIFESTS), "utf8")) as Manifest;
  const rule = policy.spec.ingress.find(({ ports }: Manifest) => ports[0].endPort !== undefined);
  // Documentation/networking/ip-sysctl.rst: ip_local_port_range is 32768 to 60999 unless somebody sets it.
  assert.deepEqual(rule.ports, [{ port: 32_768, endPort: 60_999 }]);
  const ranges = rule.from.map(({ ipBlock }: Manifest) => parseCidr(ipBlock.cidr));
  // It comes from a node or a backend pod: where NLBs can be, those can.
  for (const address of ["10.0.32.10", "172.16.0.9", "192.168.1.1", "100.64.3.4", "fd00::7"]) {
    const ip = parseIp(address);
    assert.ok(ip !== undefined && ranges.some((range: Cidr | undefined) => range !== undefined && contains(range, ip)), address);
  }
  assert.ok(container.ports[0].containerPort < 32_768, "and nothing of the agent's own listens there");
});

test("the agent may list and watch what NLBs are made of, and nothing else", () => {
  const rules = find("ClusterRole").rules as readonly { apiGroups: string[]; resources: string[]; verbs: string[] }[];
  const granted = rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.map((resource) => `${verbs} ${group || "core"}/${resource}`)),
  );
  assert.deepEqual(granted, [
    "list,watch core/services",
    "list,watch discovery.k8s.io/endpointslices",
    "list,watch gateway.networking.k8s.io/gatewayclasses",
    "list,watch gateway.networking.k8s.io/gateways",
    "list,watch gateway.networking.k8s.io/tcproutes",
    "list,watch gateway.networking.k8s.io/tlsroutes",
    "list,watch gateway.networking.k8s.io/udproutes",
    "list,watch gateway.k8s.aws/loadbalancerconfigurations",
    "list,watch gateway.k8s.aws/targetgroupconfigurations",
    "list,watch elbv2.k8s.aws/targetgroupbindings",
    "list,watch eks.amazonaws.com/targetgroupbindings",
  ]);
});

test("the right belongs to the agent's ServiceAccount, and only the agent's pod gets a token", () => {
  const account = find("ServiceAccount");
  const binding = find("ClusterRoleBinding");
  assert.deepEqual(binding.roleRef, {
    apiGroup: "rbac.authorization.k8s.io",
    kind: "ClusterRole",
    name: find("ClusterRole").metadata.name,
  });
  const { name, namespace } = { name: account.metadata.name, namespace: find("Namespace").metadata.name };
  assert.deepEqual(binding.subjects, [{ kind: "ServiceAccount", name, namespace }]);
  assert.equal(pod.serviceAccountName, name);
  assert.equal(account.automountServiceAccountToken, false);
  assert.equal(pod.automountServiceAccountToken, true);
});

test("there is an agent on every Linux node that can have one, and a rollout never takes most of them away", () => {
  assert.deepEqual(pod.tolerations, [{ operator: "Exists" }]);
  assert.deepEqual(pod.nodeSelector, { "kubernetes.io/os": "linux" });
  const [{ matchExpressions }] = pod.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms;
  assert.deepEqual(matchExpressions, [
    { key: "eks.amazonaws.com/compute-type", operator: "NotIn", values: ["fargate"] },
    { key: "type", operator: "NotIn", values: ["virtual-kubelet"] },
  ]);
  assert.deepEqual(find("DaemonSet").spec.updateStrategy, { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "10%" } });
});

test("the kubelet and the Service ask the agent's own server for what it serves", async (t) => {
  const server = await startServer(
    { host: "127.0.0.1", port: 0 },
    {
      metrics: async () => ({ text: "", contentType: "text/plain" }),
      page: async () => ({ html: "", headers: {} }),
      status: async () => ({}),
      ready: () => true,
      onError: (error) => assert.fail(String(error)),
    },
  );
  t.after(() => server.close());
  for (const probe of [container.livenessProbe, container.readinessProbe]) {
    assert.equal(probe.httpGet.port, container.ports[0].name);
    assert.equal((await fetch(`http://127.0.0.1:${server.port}${probe.httpGet.path}`)).status, 200);
  }
  assert.notEqual(container.livenessProbe.httpGet.path, container.readinessProbe.httpGet.path);
  assert.deepEqual(find("Service").spec.ports, [
    { name: "metrics", port: container.ports[0].containerPort, targetPort: container.ports[0].name },
  ]);
});

test("the pod meets the restricted Pod Security Standard and has a network namespace of its own", () => {
  assert.equal(find("Namespace").metadata.labels["pod-security.kubernetes.io/enforce"], "restricted");
  assert.equal(pod.hostNetwork, false);
  assert.deepEqual(pod.securityContext, {
    runAsNonRoot: true,
    runAsUser: 65_532,
    runAsGroup: 65_532,
    seccompProfile: { type: "RuntimeDefault" },
  });
  assert.deepEqual(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
});

test("manifests and chart name the images that the release workflow pushes", () => {
  const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  const workflow = parse(read(".github/workflows/release.yaml")) as Manifest;
  const { strategy, steps } = workflow.jobs.image;
  const build = steps.find(({ id }: Manifest) => id === "build");
  const [, repository = ""] = /image\.source="https:\/\/github\.com\/(\S+)"/.exec(read("Dockerfile")) ?? [];
  const { version } = JSON.parse(read("package.json")) as { version: string };
  const values = (suffix: string): Readonly<Record<string, string>> => ({
    "env.REGISTRY": workflow.env.REGISTRY,
    "github.repository": repository,
    "env.VERSION": version,
    "matrix.suffix": suffix,
  });
  const pushed = strategy.matrix.include.map(({ suffix }: Manifest) =>
    build.with.tags.replaceAll(/\$\{\{ (\S+) \}\}/g, (_: string, name: string) => values(suffix)[name]),
  );
  const [base] = (parse(read("manifests/base/kustomization.yaml")) as Manifest).images;
  const [capture] = (parse(read("manifests/components/capture/kustomization.yaml")) as Manifest).images;
  assert.equal(base.name, container.image);
  assert.equal(capture.name, base.newName, "of what the base makes");
  assert.deepEqual(pushed, [`${base.newName}:${base.newTag}`, `${capture.name}:${capture.newTag}`]);
  const { image } = parse(read("charts/hairpin-probe/values.yaml")) as Manifest;
  assert.deepEqual([image.repository, image.tag, image.digest], [base.newName, "", ""]);
  const push = workflow.jobs.chart.steps.find(({ run }: Manifest) => run?.includes("helm push")).run;
  assert.match(push, /"oci:\/\/\$REGISTRY\/\$GITHUB_REPOSITORY\/charts"/);
  assert.ok(
    read("README.md").includes(`helm install hairpin-probe oci://${workflow.env.REGISTRY}/${repository}/charts/hairpin-probe`),
  );
});

test("there is a memory limit and no CPU limit: a throttled agent would discard what it sees", () => {
  assert.ok(container.resources.limits.memory);
  assert.equal(container.resources.limits.cpu, undefined);
});

for (const [path, render] of Object.entries(GENERATED)) {
  test(`${path} is what its source says; npm run manifests writes it`, () => {
    assert.equal(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"), render());
  });
}
