import type { BlindSpot } from "./blind-spot.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { EvidenceKind, EvidenceLevel } from "./evidence.ts";
import type { AddressSkipReason } from "./frontend.ts";
import type { DiscardCause, Phase, Reason } from "./outcome.ts";
import type { KubernetesResource, ResourceState } from "./resources.ts";
import type { Controller, Protocol, Reach, SkipReason } from "./service.ts";
import type { TargetType } from "./target-group.ts";

/**
 * What an agent knows at one moment, as `/api/v1/status` gives it and the page shows it. `null`: not known, or there is none.
 *
 * A consumer may rely on every field for as long as `schemaVersion` stays; new fields may come.
 */
export interface Status {
  readonly schemaVersion: 1;
  /** ISO 8601. */
  readonly at: string;
  readonly agent: StatusAgent;
  /** By namespace, name and port. */
  readonly services: readonly StatusService[];
  /** The last ones first; at most 50. */
  readonly lastFailures: readonly StatusFailure[];
  /** Services and Gateways that are seen and not probed; at most 200. */
  readonly skipped: readonly StatusSkipped[];
  /** How many there are, also beyond those that are listed. */
  readonly skippedTotal: number;
}

export interface StatusAgent {
  readonly node: string;
  readonly zone: string | null;
  readonly version: string;
  readonly nodeVersion: string;
  readonly startedAt: string;
  /** Whether the first snapshot has been planned. */
  readonly ready: boolean;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  /**
   * The level in use, and the sentence that says why it is not the one that was asked for. `quiet`: false while others than attempts make
   * the pod's kernel send resets, so that the counters tell nothing; `null`: evidence is off.
   */
  readonly evidence: { readonly level: EvidenceLevel; readonly note: string | null; readonly quiet: boolean | null };
  /** What keeps the agent from seeing what other pods see, as far as it can tell. */
  readonly blindSpots: readonly BlindSpot[];
  /** Time since the source of the snapshot last gave a sign of life. */
  readonly snapshotAgeSeconds: number | null;
  readonly attemptsInFlight: number;
  /** Since the start. */
  readonly attempts: number;
  readonly failures: number;
  readonly discarded: Readonly<Record<DiscardCause, number>>;
  readonly discoveryErrors: number;
  readonly logLinesDropped: number;
  readonly addressesSkipped: Readonly<Record<AddressSkipReason, number>>;
  /** Resources that not every cluster has. */
  readonly resources: readonly { readonly resource: KubernetesResource; readonly state: ResourceState }[];
}

/** One port of one internal NLB. */
export interface StatusService {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** How far attempts get. With `nlb` nothing behind it is measured, and `timeouts` are those on the way to it. */
  readonly reach: Reach;
  readonly hostname: string | null;
  readonly controller: Controller;
  readonly targetType: TargetType | null;
  readonly preserveClientIp: boolean | null;
  readonly crossZone: boolean | null;
  /** This node hosts at least one ready backend. */
  readonly colocated: boolean;
  /** By zone and address. */
  readonly frontends: readonly StatusFrontend[];
  /** Attempts past the NLB; `null`: there is no way past it. */
  readonly control: StatusControl | null;
}

export interface StatusFrontend {
  /** `null`: the name has no address. */
  readonly address: string | null;
  readonly zone: string | null;
  /** DNS no longer answers with this address. */
  readonly withdrawn: boolean;
  /** Share of connections that configuration and topology expect to hairpin, 0 to 1. */
  readonly exposure: number | null;
  readonly window: StatusWindow;
  readonly diagnosis: Diagnosis;
}

/** What the last attempts showed: at most the last 200, none older than 15 minutes, none from before a change of configuration. */
export interface StatusWindow {
  readonly attempts: number;
  readonly failures: number;
  /** Attempts that timed out where a hairpin would: at the connect, behind a TLS listener at the response. */
  readonly timeouts: number;
  /** Of the timeouts those with evidence of a hairpin, those without any answer, and those that cannot be told. */
  readonly hairpins: number;
  readonly silent: number;
  readonly undecided: number;
  /** Successes in which a backend was heard: it answered, or spoke first. */
  readonly heard: number;
  /** Connections that came about as late as one or more lost SYNs make it. */
  readonly slow: number;
  readonly discarded: number;
  /** Only reasons that occurred. */
  readonly reasons: Readonly<Partial<Record<Reason, number>>>;
  /** From the oldest of these attempts until now. */
  readonly seconds: number;
}

export interface StatusControl {
  readonly address: string;
  readonly attempts: number;
  readonly failures: number;
  readonly reasons: Readonly<Partial<Record<Reason, number>>>;
}

export interface StatusFailure {
  /** ISO 8601. */
  readonly at: string;
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  readonly address: string | null;
  readonly zone: string | null;
  /** Past the NLB. */
  readonly control: boolean;
  readonly reason: Reason;
  readonly phase: Phase;
  readonly detail: string;
  readonly seconds: number;
  /** `null`: the attempt is of a kind that evidence says nothing about. */
  readonly evidence: EvidenceKind | "silent" | "undecided" | null;
  /** What the NLB chose, where a capture shows it. */
  readonly chosen: { readonly address: string; readonly port: number; readonly node: string | null } | null;
}

export interface StatusSkipped {
  readonly namespace: string;
  readonly name: string;
  readonly reason: SkipReason;
  readonly detail: string;
}
