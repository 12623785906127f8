import type { Cidr } from "../domain/cidr.ts";
import { EVIDENCE_LEVELS, type EvidenceLevel } from "../domain/evidence.ts";
import { CONTROLLER_DEFINITIONS, type ControllerSettings } from "./controller-definitions.ts";
import { type Definition, define } from "./definition.ts";
import { KUBECTL_DEFINITIONS, type KubectlSettings } from "./kubectl-definitions.ts";
import {
  allowedCidrs,
  boolean,
  duration,
  httpPath,
  integer,
  type ListenAddress,
  listenAddress,
  type NamespacedName,
  namespacedName,
  oneOf,
  path,
  word,
} from "./parsers.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

/** The agent's settings, as the rest of the program gets them: parsed, checked, immutable. */
export interface Settings extends ControllerSettings, KubectlSettings {
  /** Milliseconds; one attempt per frontend in each. */
  readonly interval: number;
  /** Milliseconds from the SYN to the end of an attempt. */
  readonly timeout: number;
  readonly metricsAddress: ListenAddress;
  /** Both of these or neither: with them nothing is served but TLS. */
  readonly metricsTlsCertFile: string | undefined;
  readonly metricsTlsKeyFile: string | undefined;
  /** The authorities of those who may read; `undefined`: everyone may. */
  readonly metricsClientCaFile: string | undefined;
  readonly nodeName: string;
  /** This node's zone; `undefined`: taken from the agents' own Service, if known. */
  readonly zone: string | undefined;
  readonly frontends: string | undefined;
  readonly agentsService: NamespacedName | undefined;
  readonly httpPath: string;
  readonly tlsVerify: boolean;
  readonly maxInFlight: number;
  /** Attempts a second, at most. */
  readonly maxRate: number;
  /** Nodes of a kind and zone that probe a frontend at most; 0: all. */
  readonly fanOut: number;
  /** Series that the agent exports at most. */
  readonly maxSeries: number;
  readonly evidence: EvidenceLevel;
  /** One control attempt in so many intervals; 0: none. */
  readonly controlEvery: number;
  /** Milliseconds that an address is probed after DNS withdrew it. */
  readonly withdrawnGrace: number;
  /** Ranges that count as private besides the built-in ones; `undefined`: none. */
  readonly allowCidr: readonly Cidr[] | undefined;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

/** Every setting there is. The order is the order of the help text. */
export const DEFINITIONS = {
  interval: define({
    parse: duration({ minMs: 10, maxMs: 3_600_000, why: "one attempt per frontend in each interval" }),
    default: "10s",
    placeholder: "DURATION",
    help: "One attempt per frontend in each interval, at a random instant of it.",
  }),
  timeout: define({
    parse: duration({ minMs: 1_100, maxMs: 60_000, why: "a lost SYN is sent again after 1 s, and must not look like a timeout" }),
    default: "3s",
    placeholder: "DURATION",
    help: "An attempt that is not over by then has failed. More than 1 s, so that one lost packet is no timeout.",
  }),
  metricsAddress: define({
    parse: listenAddress,
    default: ":9867",
    placeholder: "HOST:PORT",
    help: "Where /metrics, /healthz and /readyz are served.",
  }),
  metricsTlsCertFile: define({
    parse: path,
    placeholder: "FILE",
    help: "PEM file with the certificate to serve them with. It is read again when it changes. Default: no TLS.",
  }),
  metricsTlsKeyFile: define({ parse: path, placeholder: "FILE", help: "PEM file with the key of that certificate." }),
  metricsClientCaFile: define({
    parse: path,
    placeholder: "FILE",
    help: "PEM file of authorities: who shows no certificate of theirs gets /healthz and /readyz, and nothing else.",
  }),
  nodeName: define({
    parse: word,
    placeholder: "NAME",
    help: "Name of the node this agent runs on. Default: the host name; in a cluster it must be given (spec.nodeName).",
  }),
  zone: define({
    parse: word,
    placeholder: "ZONE",
    help: "Zone of this node. Default: as the EndpointSlices of the agents' Service say.",
  }),
  kubeconfig: define({
    ...KUBECTL_DEFINITIONS.kubeconfig,
    help: "Kubeconfig file. Default: the service account when in a cluster, else the KUBECONFIG variable.",
  }),
  context: KUBECTL_DEFINITIONS.context,
  frontends: define({
    parse: path,
    placeholder: "FILE",
    help: "YAML file of NLBs that Kubernetes does not know. Outside a cluster it can stand alone.",
  }),
  agentsService: define({
    parse: namespacedName,
    placeholder: "NAMESPACE/NAME",
    help: "The agents' own headless Service; its EndpointSlices tell the nodes of each zone, and so the exposure.",
  }),
  httpPath: define({
    parse: httpPath,
    default: "/",
    placeholder: "PATH",
    help: "Path of HTTP requests, unless the Service's hairpin-probe/path annotation says another.",
  }),
  tlsVerify: define({
    parse: boolean,
    default: "false",
    placeholder: "BOOLEAN",
    help: "Whether a certificate that does not hold is a failure. Its expiry is exported either way.",
  }),
  maxInFlight: define({
    parse: integer(1, 20_000),
    default: "1000",
    placeholder: "NUMBER",
    help: "Attempts in flight at most; one more is discarded and counted as over_budget.",
  }),
  maxRate: define({
    parse: integer(1, 10_000),
    default: "200",
    placeholder: "NUMBER",
    help: "Attempts a second at most; beyond it Services are attempted less often, those that need the most first.",
  }),
  fanOut: define({
    parse: integer(0, 10_000),
    default: "20",
    placeholder: "NUMBER",
    help: "In each zone so many nodes with a backend, and so many without, probe an address at most; 0: all of them.",
  }),
  maxSeries: define({
    parse: integer(500, 1_000_000),
    default: "20000",
    placeholder: "NUMBER",
    help: "Series to export at most; beyond it ports, zones and then Services are added up instead of told apart.",
  }),
  evidence: define({
    parse: oneOf(EVIDENCE_LEVELS),
    default: "counters",
    placeholder: "LEVEL",
    help: "How to tell why a connect timed out: counters (the kernel's own), capture (also tcpdump; needs NET_RAW) or off.",
  }),
  controlEvery: define({
    parse: integer(0, 1_000),
    default: "5",
    placeholder: "NUMBER",
    help: "One attempt past the NLB, to the Service's ClusterIP, in so many intervals; 0: none.",
  }),
  withdrawnGrace: define({
    parse: duration({ minMs: 0, maxMs: 86_400_000, why: "each address that is gone for good costs attempts that fail" }),
    default: "5m",
    placeholder: "DURATION",
    help: "How long an address is still probed after the name stopped answering with it, as clients may still use it; 0s: not at all.",
  }),
  allowCidr: define({
    parse: allowedCidrs,
    placeholder: "CIDR,CIDR…",
    help: "Ranges to probe besides private ones, for VPCs on public addresses. Loopback, link-local and the like stay refused.",
  }),
  ...CONTROLLER_DEFINITIONS,
  logLevel: define({
    parse: oneOf(LOG_LEVELS),
    default: "info",
    placeholder: "LEVEL",
    help: `One of ${LOG_LEVELS.join(", ")}.`,
  }),
} as const satisfies { readonly [Key in keyof Settings]: Definition<NonNullable<Settings[Key]>> };

export type SettingKey = keyof Settings;
export const SETTING_KEYS = Object.keys(DEFINITIONS) as readonly SettingKey[];
