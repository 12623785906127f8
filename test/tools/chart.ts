/** The Helm chart, beside what kustomize makes: `npm run test:tools`. Not a `.test.ts`: `npm test` does without it. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { parse } from "yaml";
import { SETTING_KEYS } from "../../src/config/definitions.ts";
import { noGoTool, notChecked } from "../support/not-checked.ts";
import { CHART, helm, notes, printedInReadme, render } from "./helm.ts";
import { build, type Component, type Manifest, only } from "./kustomize.ts";

const OPERATOR = { trustCRDsExist: true };

const withRendered = (t: TestContext, values: object, look: (manifests: readonly Manifest[]) => void): void => {
  const manifests = render(values);
  if (manifests === undefined) notChecked(t, noGoTool("helm"));
  else look(manifests);
};

/** Without what only one of the two ways of installing adds, and with settings as what they mean. */
function comparable(manifest: Manifest): Manifest {
  const copy = structuredClone(manifest);
  delete copy.metadata.namespace;
  const { labels } = copy.metadata;
  const { selector, podSelector, template } = copy.spec ?? {};
  // By which two releases in a namespace are told apart.
  for (const each of [selector, selector?.matchLabels, podSelector?.matchLabels, template?.metadata.labels]) {
    delete each?.["app.kubernetes.io/instance"];
  }
  for (const label of [
    "app.kubernetes.io/instance",
    "app.kubernetes.io/version",
    "app.kubernetes.io/managed-by",
    "helm.sh/chart",
  ]) {
    delete labels[label];
  }
  if (copy.kind === "DaemonSet") {
    delete copy.spec.template.metadata.annotations["checksum/config"];
    const { volumes, containers } = copy.spec.template.spec;
    for (const list of [containers[0].env, containers[0].volumeMounts, volumes])
      list.sort((a: Manifest, b: Manifest) => a.name.localeCompare(b.name));
  }
  if (copy.kind === "ConfigMap" && "agent.yaml" in copy.data) copy.data["agent.yaml"] = parse(copy.data["agent.yaml"]);
  return copy;
}
const keyOf = ({ kind, metadata }: Manifest): string => `${kind}/${metadata.name}`;
const byKey = (manifests: readonly Manifest[]): ReadonlyMap<string, Manifest> =>
  new Map(manifests.filter(({ kind }) => kind !== "Namespace").map((manifest) => [keyOf(manifest), comparable(manifest)]));

const CASES: readonly (readonly [what: string, values: object, components: readonly Component[]])[] = [
  ["by default", {}, []],
  ["with a PodMonitor", { ...OPERATOR, podMonitor: { enabled: true } }, ["pod-monitor"]],
  ["with rules", { ...OPERATOR, prometheusRule: { enabled: true } }, ["rules"]],
  ["with the board", { dashboards: { enabled: true } }, ["board"]],
  ["with a network policy", { networkPolicy: { enabled: true } }, ["network-policy"]],
  ["on the pod's address only", { podAddressOnly: true }, ["pod-address"]],
  ["with TLS", { ...OPERATOR, podMonitor: { enabled: true }, tls: { enabled: true } }, ["pod-monitor", "tls"]],
  [
    "with client certificates",
    { ...OPERATOR, podMonitor: { enabled: true }, tls: { enabled: true, clientCertificates: { enabled: true } } },
    ["pod-monitor", "tls", "client-certificates"],
  ],
  ["with capture", { capture: { enabled: true } }, ["capture"]],
];
for (const [what, values, components] of CASES) {
  test(`the chart makes what kustomize makes, but for the namespace: ${what}`, (t) => {
    withRendered(t, values, (manifests) => assert.deepEqual(byKey(manifests), byKey(build(components) ?? [])));
  });
}

test("helm lint finds nothing wrong with the chart", (t) => {
  const said = helm(["lint", "--strict", CHART]);
  if (said === undefined) notChecked(t, noGoTool("helm"));
  else assert.deepEqual([said.status, /\[(WARNING|ERROR)\]/.test(said.stdout)], [0, false], said.stdout + said.stderr);
});

test("without the operator's kinds the chart refuses what needs them, in a sentence that says what to do", (t) => {
  withRendered(t, {}, () => {
    for (const values of [{ podMonitor: { enabled: true } }, { prometheusRule: { enabled: true } }]) {
      assert.throws(() => render(values), /need the Prometheus operator, .* set trustCRDsExist=true/s);
      assert.ok(render(values, ["--api-versions", "monitoring.coreos.com/v1"]));
    }
  });
});

test("client certificates without TLS are refused in a sentence", (t) => {
  withRendered(t, {}, () => {
    assert.throws(
      () => render({ tls: { clientCertificates: { enabled: true } } }),
      /clientCertificates\.enabled needs tls\.enabled/,
    );
  });
});

test("Prometheus is told how to speak TLS: by the release's own names, or as the values say", (t) => {
  const values = {
    ...OPERATOR,
    fullnameOverride: "nlb",
    podMonitor: { enabled: true },
    tls: { enabled: true, secretName: "cert" },
  };
  const endpointOf = (manifests: readonly Manifest[]): Manifest =>
    only(manifests, "PodMonitor", "nlb").spec.podMetricsEndpoints[0];
  withRendered(t, values, (manifests) => {
    assert.deepEqual(endpointOf(manifests).tlsConfig, {
      ca: { secret: { name: "cert", key: "ca.crt" } },
      serverName: "nlb.hairpin-probe.svc",
    });
    const tlsConfig = { insecureSkipVerify: true };
    const own = endpointOf(render({ ...values, podMonitor: { enabled: true, tlsConfig } }) ?? []);
    assert.deepEqual([own.scheme, own.tlsConfig], ["https", tlsConfig]);
    const plain = endpointOf(render({ ...values, tls: { enabled: false } }) ?? []);
    assert.deepEqual([plain.scheme, plain.tlsConfig], [undefined, undefined]);
  });
});

test("the port on the pod's address is the one that the settings name", (t) => {
  withRendered(t, { podAddressOnly: true, config: { metricsAddress: "0.0.0.0:9999" } }, (manifests) => {
    const [{ env }] = only(manifests, "DaemonSet").spec.template.spec.containers;
    const names: readonly string[] = env.map(({ name }: Manifest) => name);
    assert.ok(names.indexOf("POD_IP") < names.indexOf("HAIRPIN_PROBE_METRICS_ADDRESS"), "Kubernetes fills in what it has read");
    const address = env.find(({ name }: Manifest) => name === "HAIRPIN_PROBE_METRICS_ADDRESS");
    assert.equal(address.value, "[$(POD_IP)]:9999");
  });
});

test("a value that is misspelled or of the wrong kind is refused by its path", (t) => {
  withRendered(t, {}, () => {
    const bad: readonly (readonly [values: object, said: RegExp])[] = [
      [{ imag: {} }, /additional properties 'imag' not allowed/],
      [{ config: { intervall: "3s" } }, /at '\/config': additional properties 'intervall' not allowed/],
      [{ image: { digest: "sha256:12" } }, /at '\/image\/digest'/],
      [{ podMonitor: { interval: "half a minute" } }, /at '\/podMonitor\/interval'/],
      [{ commonLabels: { tier: 1 } }, /at '\/commonLabels\/tier'/],
    ];
    for (const [values, said] of bad) assert.throws(() => render(values), said, JSON.stringify(values));
  });
});

test("every setting of the agent can be given, and ends up in its file", (t) => {
  const config = Object.fromEntries(SETTING_KEYS.map((key) => [key, "x"]));
  withRendered(t, { config: { ...config, metricsAddress: "0.0.0.0:9999" } }, (manifests) => {
    const file = parse(only(manifests, "ConfigMap").data["agent.yaml"]);
    assert.deepEqual(Object.keys(file).sort(), [...SETTING_KEYS].sort());
    const [container] = only(manifests, "DaemonSet").spec.template.spec.containers;
    assert.equal(container.ports[0].containerPort, 9999, "the port follows the setting");
    assert.equal(only(manifests, "Service").spec.ports[0].port, 9999);
  });
});

test("a change of the settings restarts the agents, as they read them when they start", (t) => {
  withRendered(t, {}, (before) => {
    const checksum = (manifests: readonly Manifest[]): string =>
      only(manifests, "DaemonSet").spec.template.metadata.annotations["checksum/config"];
    assert.notEqual(checksum(before), checksum(render({ config: { interval: "20s" } }) ?? []));
    assert.equal(checksum(before), checksum(render({ podLabels: { team: "net" } }) ?? []));
  });
});

test("names, labels, image, accounts and more objects are what the values say", (t) => {
  const values = {
    fullnameOverride: "nlb",
    commonLabels: { team: "net" },
    podLabels: { tier: "infra" },
    image: { repository: "example.com/hp", tag: "1", digest: `sha256:${"a".repeat(64)}` },
    serviceAccount: { create: false, name: "other" },
    rbac: { create: false },
    extraArgs: ["--log-level=debug"],
    extraManifests: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "{{ .Release.Name }}-more" } }],
  };
  withRendered(t, values, (manifests) => {
    assert.deepEqual(manifests.map(keyOf).sort(), [
      "ConfigMap/hairpin-probe-more",
      "ConfigMap/nlb",
      "DaemonSet/nlb",
      "Service/nlb",
    ]);
    const { metadata, spec } = only(manifests, "DaemonSet", "nlb");
    const pod = spec.template.spec;
    assert.equal(metadata.labels.team, "net");
    assert.equal(spec.template.metadata.labels.tier, "infra");
    assert.equal(pod.serviceAccountName, "other");
    assert.equal(pod.containers[0].image, `example.com/hp@sha256:${"a".repeat(64)}`);
    assert.deepEqual(pod.containers[0].args, ["agent", "--log-level=debug"]);
    const service = pod.containers[0].env.find(({ name }: Manifest) => name === "HAIRPIN_PROBE_AGENTS_SERVICE");
    assert.equal(service.value, "$(POD_NAMESPACE)/nlb");
  });
});

test("labels and annotations of one's own stand beside those that keep meshes out, and beat them", (t) => {
  const values = {
    podLabels: { tier: "infra", "istio.io/dataplane-mode": "ambient" },
    podAnnotations: { team: "net", "linkerd.io/inject": "enabled" },
  };
  withRendered(t, values, (manifests) => {
    const { labels, annotations } = only(manifests, "DaemonSet").spec.template.metadata;
    assert.deepEqual([labels.tier, labels["istio.io/dataplane-mode"]], ["infra", "ambient"]);
    assert.equal(labels["sidecar.istio.io/inject"], "false");
    assert.deepEqual([annotations.team, annotations["linkerd.io/inject"]], ["net", "enabled"]);
    assert.equal(annotations["consul.hashicorp.com/connect-inject"], "false");
  });
});

test("the network policy lets stray answers in from where and to which ports the values say, or not at all", (t) => {
  const policy = (strayAnswers: object): Manifest =>
    only(render({ networkPolicy: { enabled: true, strayAnswers } }) ?? [], "NetworkPolicy").spec.ingress;
  withRendered(t, {}, () => {
    const from = [{ namespaceSelector: {} }];
    const [, answers] = policy({ from, ports: { first: 20_000, last: 29_999 } });
    assert.deepEqual(answers, { from, ports: [{ port: 20_000, endPort: 29_999 }] });
    assert.equal(policy({ from: [] }).length, 1);
  });
});

test("the alert for missing agents asks for the DaemonSet by the name that the release gives it", (t) => {
  const expressions = (manifests: readonly Manifest[]): readonly string[] =>
    only(manifests, "PrometheusRule", "nlb").spec.groups.flatMap((group: Manifest) =>
      group.rules.map(({ expr }: Manifest) => expr),
    );
  withRendered(t, { ...OPERATOR, fullnameOverride: "nlb", prometheusRule: { enabled: true } }, (manifests) => {
    assert.ok(expressions(manifests).some((expr) => expr.includes('daemonset="nlb"')));
    for (const expr of expressions(manifests)) assert.doesNotMatch(expr, /daemonset="hairpin-probe"/);
  });
});

test("an alert can be left out, and runbooks can live elsewhere", (t) => {
  const values = {
    ...OPERATOR,
    prometheusRule: { enabled: true, disabled: ["HairpinPossible"], runbookBaseUrl: "https://wiki/hp/" },
  };
  withRendered(t, values, (manifests) => {
    const rules: readonly Manifest[] = only(manifests, "PrometheusRule").spec.groups.flatMap((group: Manifest) => group.rules);
    const alerts = rules.filter(({ alert }) => alert !== undefined);
    assert.ok(alerts.length > 8 && !alerts.some(({ alert }) => alert === "HairpinPossible"));
    for (const { alert, annotations } of alerts) assert.equal(annotations.runbook_url, `https://wiki/hp/${alert}.md`);
    assert.ok(
      alerts.some(({ annotations }) => annotations.description.includes("{{ $labels.service_name }}")),
      "theirs, not Helm's",
    );
  });
});

test("the notes tell of the label `release` where it is missing, whatever other labels there are", (t) => {
  withRendered(t, {}, () => {
    const team = { additionalLabels: { team: "net" } };
    const missing = (values: object): readonly string[] =>
      [...(notes({ ...OPERATOR, ...values }) ?? "").matchAll(/The (\w+) has no label `release`/g)].map(([, kind = ""]) => kind);
    assert.deepEqual(missing({}), []);
    const both = { podMonitor: { enabled: true, ...team }, prometheusRule: { enabled: true } };
    assert.deepEqual(missing(both), ["PodMonitor", "PrometheusRule"]);
    const labelled = { enabled: true, additionalLabels: { release: "stack" } };
    assert.deepEqual(missing({ ...both, podMonitor: labelled }), ["PrometheusRule"]);
    assert.deepEqual(missing({ podMonitor: labelled, prometheusRule: labelled }), []);
    assert.deepEqual(missing({ ...both, commonLabels: { release: "stack" } }), [], "which every object has");
  });
});

test("the notes say what capture needs: a namespace that lets it in, and an image with tcpdump", (t) => {
  withRendered(t, {}, () => {
    const said = notes({ capture: { enabled: true }, image: { repository: "example.com/hp", tag: "7" } }) ?? "";
    assert.match(said, /enforce=privileged/);
    assert.match(said, /example\.com\/hp:7 must be one with tcpdump.*--target capture.*-capture/s);
    assert.doesNotMatch(notes({}) ?? "", /capture/);
  });
});

test("the README shows what helm prints", (t) => {
  withRendered(t, {}, () => assert.deepEqual(printedInReadme().notes.split("\n"), notes({})?.trimEnd().split("\n")));
});

test("two releases in one namespace do not select each other's pods", (t) => {
  const values = { ...OPERATOR, podMonitor: { enabled: true }, networkPolicy: { enabled: true } };
  withRendered(t, values, (manifests) => {
    const { selector, template } = only(manifests, "DaemonSet").spec;
    assert.equal(template.metadata.labels["app.kubernetes.io/instance"], "hairpin-probe", "the name of the release");
    const selectors = [
      selector.matchLabels,
      only(manifests, "Service").spec.selector,
      only(manifests, "PodMonitor").spec.selector.matchLabels,
      only(manifests, "NetworkPolicy").spec.podSelector.matchLabels,
    ];
    for (const each of selectors) assert.deepEqual(each, selector.matchLabels);
    for (const [label, value] of Object.entries(selector.matchLabels)) assert.equal(template.metadata.labels[label], value);
  });
});

test("all of it can go into another namespace than the release's, with files of one's own", (t) => {
  const values = {
    ...OPERATOR,
    namespaceOverride: "probes",
    podMonitor: { enabled: true, namespace: "monitoring" },
    prometheusRule: { enabled: true },
    dashboards: { enabled: true },
    networkPolicy: { enabled: true },
    extraVolumes: [{ name: "authorities", configMap: { name: "authorities" } }],
    extraVolumeMounts: [{ name: "authorities", mountPath: "/etc/authorities", readOnly: true }],
  };
  withRendered(t, values, (manifests) => {
    const namespaces = new Map(manifests.map((manifest) => [keyOf(manifest), manifest.metadata.namespace]));
    for (const [key, namespace] of namespaces) {
      if (key.startsWith("ClusterRole")) continue;
      assert.equal(namespace, key.startsWith("PodMonitor") ? "monitoring" : "probes", key);
    }
    assert.equal(only(manifests, "ClusterRoleBinding").subjects[0].namespace, "probes");
    assert.deepEqual(only(manifests, "PodMonitor").spec.namespaceSelector, { matchNames: ["probes"] });
    const pod = only(manifests, "DaemonSet").spec.template.spec;
    assert.deepEqual(pod.volumes.at(-1), values.extraVolumes[0]);
    assert.deepEqual(pod.containers[0].volumeMounts.at(-1), values.extraVolumeMounts[0]);
    assert.match(notes(values) ?? "", /-n probes ds\/hairpin-probe/);
  });
});
