/**
 * The schema of the chart's values: `helm` refuses a value that it does not know, with its path. The agents' own settings come from the
 * table that the agent has.
 */
import type { Definition } from "../src/config/definition.ts";
import { DEFINITIONS, SETTING_KEYS } from "../src/config/definitions.ts";

type Schema = Readonly<Record<string, unknown>>;

const text = (extra: Schema = {}): Schema => ({ type: "string", ...extra });
const flag: Schema = { type: "boolean" };
const port: Schema = { type: "integer", minimum: 1, maximum: 65_535 };
const list = (items: Schema = { type: "object" }): Schema => ({ type: "array", items });
const texts: Schema = { type: "object", additionalProperties: { type: "string" } };
/** What Kubernetes itself checks. */
const anyObject: Schema = { type: "object" };
const DURATION = text({ pattern: "^([0-9]+(ms|[smhdwy]))+$" });
const closed = (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema => ({
  type: "object",
  additionalProperties: false,
  properties,
  ...(required.length > 0 ? { required } : {}),
});

const settings = Object.fromEntries(
  SETTING_KEYS.map((key) => {
    const definition: Definition<unknown> = DEFINITIONS[key];
    return [key, { description: definition.help, type: ["string", "number", "boolean", "array"] }];
  }),
);

const monitoring = { enabled: flag, namespace: text(), additionalLabels: texts, annotations: texts };

/** JSON Schema, draft 7, as helm reads it. */
export const CHART_SCHEMA: Schema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "Values of the chart hairpin-probe",
  ...closed({
    // What helm itself hands to charts.
    global: anyObject,
    config: closed(settings),
    image: closed(
      {
        repository: text({ minLength: 1 }),
        tag: text(),
        digest: text({ pattern: "^(sha256:[0-9a-f]{64})?$" }),
        pullPolicy: { enum: ["", "Always", "IfNotPresent", "Never"] },
      },
      ["repository"],
    ),
    imagePullSecrets: list(),
    nameOverride: text(),
    fullnameOverride: text(),
    namespaceOverride: text(),
    commonLabels: texts,
    podLabels: texts,
    podAnnotations: texts,
    extraArgs: list(text()),
    extraEnv: list(),
    extraVolumes: list(),
    extraVolumeMounts: list(),
    resources: anyObject,
    priorityClassName: text(),
    tolerations: list(),
    nodeSelector: texts,
    affinity: anyObject,
    updateStrategy: anyObject,
    terminationGracePeriodSeconds: { type: "integer", minimum: 0 },
    serviceAccount: closed({ create: flag, name: text(), annotations: texts }),
    rbac: closed({ create: flag }),
    capture: closed({ enabled: flag }),
    podAddressOnly: flag,
    tls: closed({
      enabled: flag,
      secretName: text({ minLength: 1 }),
      serverName: text(),
      clientCertificates: closed({
        enabled: flag,
        caSecretName: text({ minLength: 1 }),
        scraperSecretName: text({ minLength: 1 }),
      }),
    }),
    trustCRDsExist: flag,
    podMonitor: closed({
      ...monitoring,
      interval: DURATION,
      scrapeTimeout: DURATION,
      relabelings: list(),
      metricRelabelings: list(),
      tlsConfig: anyObject,
    }),
    prometheusRule: closed({ ...monitoring, runbookBaseUrl: text(), disabled: list(text()) }),
    dashboards: closed({
      enabled: flag,
      namespace: text(),
      label: text({ minLength: 1 }),
      labelValue: text(),
      annotations: texts,
    }),
    networkPolicy: closed({
      enabled: flag,
      from: list(),
      strayAnswers: closed({ from: list(), ports: closed({ first: port, last: port }, ["first", "last"]) }),
    }),
    extraManifests: list(),
  }),
};
