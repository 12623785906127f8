import { BLINDERS } from "../domain/blind-spot.ts";
import { EVIDENCE_KINDS, EVIDENCE_LEVELS } from "../domain/evidence.ts";
import { EXPOSED } from "../domain/exposure.ts";
import { ADDRESS_SKIP_REASONS } from "../domain/frontend.ts";
import { DISCARD_CAUSES, PHASES, REASONS } from "../domain/outcome.ts";
import { OPTIONAL_RESOURCES, REQUIRED_RESOURCES, RESOURCE_STATES } from "../domain/resources.ts";
import { REACHES, SKIP_REASONS } from "../domain/service.ts";
import { SOURCES } from "../domain/snapshot.ts";

/**
 * Every metric the agent exports, in one table: name, type, labels, meaning. Code, documentation and tests all read it.
 *
 * Names and labels follow the Prometheus conventions for exporters: base units, `_total` on counters, bounded label values, and
 * none of the names that a monitor sets by itself (`service`, `namespace`, `pod`, `instance`, `job`, `zone`).
 */

/** The values a label can take where they are known beforehand, or what the values are where they are not. */
export type LabelValues = readonly string[] | string;

export interface MetricDefinition {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: Readonly<Record<string, LabelValues>>;
  /** Upper edges in seconds; histograms only. */
  readonly buckets?: readonly number[];
}

const BOOLEANS = ["true", "false"] as const;
const NODE = { node: "the agent's node" } as const;
const SERVICE = { ...NODE, service_namespace: "namespace of the Service", service_name: "name of the Service" } as const;

/** A port of an NLB, and the way past it to the same backends: neither has a zone or an exposure. */
const PORT = { ...SERVICE, service_port: "port of the NLB" } as const;

/** Where an attempt was aimed, and from where: the labels of every metric that is kept per frontend. */
const WHERE = {
  ...PORT,
  frontend_zone: 'zone of the frontend, "" when unknown',
  colocated: BOOLEANS,
  exposed: EXPOSED,
  /** Attempts with `nlb` cannot fail behind it: their timeouts are a share of nothing. */
  reach: REACHES,
} as const;

/**
 * Linux sends a lost SYN again after 1 s: edges just below 1, 2, 3 and 7 s keep "one packet lost" apart from "slow" (RFC 6298
 * section 2.1; tcp_syn_linear_timeouts in Documentation/networking/ip-sysctl.rst).
 */
const CONNECT_BUCKETS = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 0.9, 1.9, 2.9, 6.9] as const;

export const METRICS = {
  hairpin_probe_attempts_total: {
    type: "counter",
    labels: WHERE,
    help: "Attempts that gave an outcome. Discarded ones are not in it.",
  },
  hairpin_probe_failures_total: {
    type: "counter",
    labels: { ...WHERE, reason: REASONS },
    help: "Attempts that failed, by reason. Divide by hairpin_probe_attempts_total for the failure ratio.",
  },
  hairpin_probe_hairpins_total: {
    type: "counter",
    labels: { ...WHERE, evidence: EVIDENCE_KINDS },
    help: "Connect timeouts with evidence of the hairpin: a reset that the attempt must have caused, or the stray SYN-ACK itself.",
  },
  hairpin_probe_control_attempts_total: {
    type: "counter",
    labels: PORT,
    help: "Attempts past the NLB, to the Service's ClusterIP, that gave an outcome. They tell backends that are down from a broken NLB path.",
  },
  hairpin_probe_control_failures_total: {
    type: "counter",
    labels: { ...PORT, reason: REASONS },
    help: "Attempts past the NLB that failed, by reason.",
  },
  hairpin_probe_exposure_ratio: {
    type: "gauge",
    labels: WHERE,
    help: "Share of fresh connections expected to hairpin, from configuration and topology. Absent when unknown.",
  },
  hairpin_probe_backends: {
    type: "gauge",
    labels: { ...PORT, ready: BOOLEANS },
    help: "Backends behind a port that this node probes, by whether they are ready, as EndpointSlices say. Absent when unknown: a file does not tell. Where ports or Services are added up, those of the one with the most.",
  },
  hairpin_probe_connect_duration_seconds: {
    type: "histogram",
    labels: { ...SERVICE, colocated: BOOLEANS },
    buckets: CONNECT_BUCKETS,
    help: "Time to connect, successful attempts only: the length of a timeout is a setting, not the network's.",
  },
  hairpin_probe_phase_duration_seconds: {
    type: "histogram",
    labels: { ...NODE, phase: PHASES },
    buckets: CONNECT_BUCKETS,
    help: "Time that a phase took, for phases that ran to their end.",
  },
  hairpin_probe_service_info: {
    type: "gauge",
    labels: {
      ...SERVICE,
      controller: "who made the NLB",
      target_type: 'instance, ip, mixed over the ports, or "" when unknown',
      preserve_client_ip: 'true, false, mixed over the ports, or "" when unknown',
      preserve_origin: "where that comes from: default, explicit, forced, ignored or unknown",
      cross_zone: 'true, false, mixed over the ports, or "" when unknown',
      external_traffic_policy: "Cluster, Local, or mixed over the ports",
      hostname: 'DNS name of the NLB, "" when it has none',
    },
    help: "What the configuration of a probed Service says; always 1. A change of it marks before and after.",
  },
  hairpin_probe_frontends: {
    type: "gauge",
    labels: SERVICE,
    help: "Frontends of the Service that this node probes.",
  },
  hairpin_probe_frontends_left_to_others: {
    type: "gauge",
    labels: NODE,
    help: "Frontends that this node does not probe, as others of its zone were chosen for them: see --fan-out.",
  },
  hairpin_probe_services_skipped: {
    type: "gauge",
    labels: { ...NODE, reason: SKIP_REASONS },
    help: "Services and Gateways seen and not probed, by reason.",
  },
  hairpin_probe_addresses_skipped: {
    type: "gauge",
    labels: { ...NODE, reason: ADDRESS_SKIP_REASONS },
    help: "Addresses of probed Services that are no frontends: IPv6 ones outside the private and allowed ranges, or too many of one name.",
  },
  hairpin_probe_discarded_total: {
    type: "counter",
    labels: { ...NODE, why: DISCARD_CAUSES },
    help: "Attempts that say nothing about the network: read or started too late, ended by shutdown, over the budget, or without a file or port left on the agent's host.",
  },
  hairpin_probe_start_lateness_seconds: {
    type: "histogram",
    labels: NODE,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1],
    help: "How late attempts started.",
  },
  hairpin_probe_snapshot_age_seconds: {
    type: "gauge",
    labels: NODE,
    help: "Time since the source of the discovery snapshot in use last gave a sign of life. Absent before the first snapshot.",
  },
  hairpin_probe_attempts_per_second_needed: {
    type: "gauge",
    labels: NODE,
    help: "Attempts a second that it would take to attempt everything once per interval. Above hairpin_probe_attempts_per_second_limit Services are attempted less often.",
  },
  hairpin_probe_attempts_per_second_limit: {
    type: "gauge",
    labels: NODE,
    help: "Attempts a second that the agent may make at most: the setting --max-rate, or what fits into --max-in-flight.",
  },
  hairpin_probe_services_slowed: {
    type: "gauge",
    labels: NODE,
    help: "Services that are attempted less often than the interval says, as the budget of attempts does not allow for more.",
  },
  hairpin_probe_series_needed: {
    type: "gauge",
    labels: NODE,
    help: "Series that it would take to tell everything apart. Above hairpin_probe_series_limit some are added up.",
  },
  hairpin_probe_series_limit: {
    type: "gauge",
    labels: NODE,
    help: "Series that the agent may export at most: the setting --max-series.",
  },
  hairpin_probe_services_folded: {
    type: "gauge",
    labels: NODE,
    help: 'Services whose series are added up under the name "", as the series budget does not allow for one each.',
  },
  hairpin_probe_discovery_errors_total: {
    type: "counter",
    labels: { ...NODE, resource: [...REQUIRED_RESOURCES, ...OPTIONAL_RESOURCES, "frontends", "dns"] },
    help: "Lists, watches, objects or names that could not be read.",
  },
  hairpin_probe_resource_state: {
    type: "gauge",
    labels: { ...NODE, resource: OPTIONAL_RESOURCES, state: RESOURCE_STATES },
    help: "Whether a resource that not every cluster has is watched, missing or forbidden: 1 for the state it is in, else 0.",
  },
  hairpin_probe_blinded: {
    type: "gauge",
    labels: { ...NODE, by: BLINDERS },
    help: "Whether something keeps the agent from seeing what other pods see: 1 for what it has found, else 0. What its attempts say is then not to be relied on.",
  },
  hairpin_probe_tls_certificate_expiry_timestamp_seconds: {
    type: "gauge",
    labels: WHERE,
    help: "When the first certificate of the chain that the frontend showed expires, in Unix time.",
  },
  hairpin_probe_log_lines_dropped_total: {
    type: "counter",
    labels: NODE,
    help: "Log lines that were dropped because the reader of the agent's output hung.",
  },
  hairpin_probe_server_tls_current: {
    type: "gauge",
    labels: NODE,
    help: "1 while /metrics is served with what the TLS files say; 0 while they cannot be used, and what they said before still is. Only with --metrics-tls-cert-file.",
  },
  hairpin_probe_server_tls_certificate_expiry_timestamp_seconds: {
    type: "gauge",
    labels: NODE,
    help: "When the first certificate of the chain that /metrics is served with expires, in Unix time. Only with --metrics-tls-cert-file.",
  },
  hairpin_probe_evidence_quiet: {
    type: "gauge",
    labels: NODE,
    help: "1 while all resets that the pod's kernel sends are such as attempts can have caused; 0 from when others are seen (a port scan, say) until a minute after the last: timeouts are undecided then. Absent with evidence off.",
  },
  hairpin_probe_agent_info: {
    type: "gauge",
    labels: {
      ...NODE,
      node_zone: 'zone of the node, "" when unknown',
      version: "of the agent",
      node_version: "of Node.js",
      evidence_level: EVIDENCE_LEVELS,
      discovers_from: [...SOURCES, "both"],
    },
    help: "The agent itself, the evidence that it gathers at present, and where it learns of Services; always 1.",
  },
} as const satisfies Readonly<Record<`hairpin_probe_${string}`, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;
export type LabelsOf<Name extends MetricName> = { readonly [label in keyof (typeof METRICS)[Name]["labels"]]: string };
export type NamesOfType<Type extends MetricDefinition["type"]> = {
  [Name in MetricName]: (typeof METRICS)[Name]["type"] extends Type ? Name : never;
}[MetricName];
