/** What the kustomize base, components and overlay make: `npm run test:tools`. Not a `.test.ts`: `npm test` does without it. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { noGoTool, notChecked } from "../support/not-checked.ts";
import { build, COMPONENTS, type Component, type Manifest, only } from "./kustomize.ts";

const withBuilt = (t: TestContext, what: readonly Component[] | "eks", look: (manifests: readonly Manifest[]) => void): void => {
  const manifests = build(what);
  if (manifests === undefined) notChecked(t, noGoTool("kustomize"));
  else look(manifests);
};
const agentOf = (manifests: readonly Manifest[]): Manifest => only(manifests, "DaemonSet").spec.template.spec;

test("every component is in the list of the tests", () => {
  assert.deepEqual(readdirSync(new URL("../../manifests/components", import.meta.url)).sort(), [...COMPONENTS].sort());
});

test("a component adds its own object and leaves the rest as it is", (t) => {
  const added: Readonly<Record<string, readonly [kind: string, name: string]>> = {
    "pod-monitor": ["PodMonitor", "hairpin-probe"],
    rules: ["PrometheusRule", "hairpin-probe"],
    board: ["ConfigMap", "hairpin-probe-board"],
    "network-policy": ["NetworkPolicy", "hairpin-probe"],
  };
  withBuilt(t, [], (base) => {
    for (const component of COMPONENTS) {
      const [kind, name] = added[component] ?? [];
      if (kind === undefined) continue;
      const manifests = build([component]) ?? [];
      const extra = only(manifests, kind, name);
      assert.equal(extra.metadata.namespace, "hairpin-probe");
      assert.equal(extra.metadata.labels["app.kubernetes.io/name"], "hairpin-probe");
      assert.deepEqual(
        manifests
          .filter((manifest) => manifest !== extra)
          .map(keyOf)
          .sort(),
        base.map(keyOf).sort(),
      );
    }
  });
});
const keyOf = (manifest: Manifest): string => JSON.stringify(manifest);

test("capture gives the agent NET_RAW and nothing else, and the namespace the label that lets it in", (t) => {
  withBuilt(t, ["capture"], (manifests) => {
    const base = build([]) ?? [];
    const [container] = agentOf(manifests).containers;
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: false,
      runAsUser: 0,
      capabilities: { drop: ["ALL"], add: ["NET_RAW"] },
    });
    assert.deepEqual(
      container.env.find(({ name }: Manifest) => name === "HAIRPIN_PROBE_EVIDENCE"),
      { name: "HAIRPIN_PROBE_EVIDENCE", value: "capture" },
    );
    assert.equal(container.image, `${agentOf(base).containers[0].image}-capture`);
    assert.equal(only(manifests, "Namespace").metadata.labels["pod-security.kubernetes.io/enforce"], "privileged");
    assert.equal(agentOf(manifests).hostNetwork, agentOf(base).hostNetwork);
  });
});

test("on the pod's address the agent gets it from the kubelet, before it is asked for", (t) => {
  withBuilt(t, ["pod-address"], (manifests) => {
    const { env } = agentOf(manifests).containers[0];
    const names: readonly string[] = env.map(({ name }: Manifest) => name);
    assert.ok(names.indexOf("POD_IP") < names.indexOf("HAIRPIN_PROBE_METRICS_ADDRESS"), "Kubernetes fills in what it has read");
    const podIp = env.find(({ name }: Manifest) => name === "POD_IP");
    assert.deepEqual(podIp.valueFrom, { fieldRef: { fieldPath: "status.podIP" } });
  });
});

test("with TLS kubelet and Prometheus speak it, and the agent reads what is mounted", (t) => {
  withBuilt(t, ["pod-monitor", "tls", "client-certificates"], (manifests) => {
    const pod = agentOf(manifests);
    const [{ env, livenessProbe, readinessProbe, volumeMounts }] = pod.containers;
    for (const { httpGet } of [livenessProbe, readinessProbe]) assert.equal(httpGet.scheme, "HTTPS");
    const files: readonly string[] = env.flatMap(({ name, value }: Manifest) => (name.endsWith("_FILE") ? [value] : []));
    assert.equal(files.length, 3);
    for (const file of files)
      assert.ok(
        volumeMounts.some(({ mountPath }: Manifest) => file.startsWith(`${mountPath}/`)),
        file,
      );
    const secrets = pod.volumes.flatMap(({ secret }: Manifest) => secret?.secretName ?? []);
    const [endpoint] = only(manifests, "PodMonitor").spec.podMetricsEndpoints;
    assert.equal(endpoint.scheme, "https");
    assert.ok(secrets.includes(endpoint.tlsConfig.ca.secret.name));
    const { metadata } = only(manifests, "Service");
    assert.equal(endpoint.tlsConfig.serverName, `${metadata.name}.${metadata.namespace}.svc`);
  });
  withBuilt(t, ["tls"], (manifests) => assert.equal(manifests.filter(({ kind }) => kind === "PodMonitor").length, 0));
});

test("the EKS overlay has the image of the base, ranks the agents high, and labels what kube-prometheus-stack selects by", (t) => {
  withBuilt(t, "eks", (manifests) => {
    assert.equal(agentOf(manifests).containers[0].image, agentOf(build([]) ?? []).containers[0].image);
    assert.equal(agentOf(manifests).priorityClassName, "system-node-critical");
    for (const kind of ["PodMonitor", "PrometheusRule"]) {
      assert.equal(only(manifests, kind).metadata.labels.release, "kube-prometheus-stack");
    }
    const namespaced = manifests.filter(({ kind }) => !["Namespace", "ClusterRole", "ClusterRoleBinding"].includes(kind));
    for (const { kind, metadata } of namespaced) assert.equal(metadata.namespace, "hairpin-probe", kind);
  });
});

test("the monitor scrapes the agent's port, and its job is the one that the rules and the board mean", (t) => {
  withBuilt(t, ["pod-monitor"], (manifests) => {
    const { spec } = only(manifests, "PodMonitor");
    const { template: pod, selector } = only(manifests, "DaemonSet").spec;
    assert.deepEqual(spec.selector, selector);
    assert.ok(spec.jobLabel in pod.metadata.labels);
    const ports = pod.spec.containers[0].ports.map(({ name }: Manifest) => name);
    assert.deepEqual(
      spec.podMetricsEndpoints.map(({ port }: Manifest) => port),
      ports,
    );
  });
});

test("the network policy concerns the agents and lets only the monitoring in, at the metrics port, and stray answers", (t) => {
  withBuilt(t, ["network-policy"], (manifests) => {
    const { spec } = only(manifests, "NetworkPolicy");
    const { template: pod, selector } = only(manifests, "DaemonSet").spec;
    assert.deepEqual(spec.podSelector, selector);
    assert.deepEqual(spec.policyTypes, ["Ingress"]);
    const [metrics, answers, ...others] = spec.ingress;
    assert.deepEqual(metrics.ports, [{ port: pod.spec.containers[0].ports[0].name }]);
    assert.deepEqual(answers.ports, [{ port: 32_768, endPort: 60_999 }]);
    assert.deepEqual(others, []);
  });
});
