/**
 * Why a connect timed out, as far as the kernel of the agent's own network namespace tells.
 *
 * A hairpin makes it send a reset to a stray SYN-ACK, one for each SYN; a silent drop makes it send none.
 */

/** How the agent finds out: `counters` reads the kernel's own, `capture` also looks at incoming SYN-ACKs, `off` does not look. */
export const EVIDENCE_LEVELS = ["counters", "capture", "off"] as const;
export type EvidenceLevel = (typeof EVIDENCE_LEVELS)[number];

/** What convicts: a reset that this attempt must have caused, or the stray SYN-ACK itself. A closed list: it is a metric label. */
export const EVIDENCE_KINDS = ["reset", "capture"] as const;
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];

/** What the NLB chose, as the source of the stray SYN-ACK shows it. */
export interface ChosenTarget {
  readonly address: string;
  /** The node port of an instance target, the pod's port of an ip target. */
  readonly port: number;
  /** Name of the node; `undefined`: not known. */
  readonly node: string | undefined;
}

/**
 * `silent`: no answer to any SYN came back to this namespace. `undecided`: other attempts were under way at the same moments, and
 * which of them caused the resets cannot be told.
 */
export type Evidence =
  | { readonly kind: "reset" }
  | { readonly kind: "capture"; readonly chosen: ChosenTarget }
  | { readonly kind: "silent" }
  | { readonly kind: "undecided" };

/** Follows one connect, from just before its first SYN on. Exactly one of its ends is told. */
export interface ConnectWatch {
  /** It was accepted, refused or found unreachable: whatever was still on its way belongs to it. */
  answered(): void;
  /** The deadline has come, and the socket is closed. @returns why there was no answer; what it takes to tell is waited for. */
  timedOut(): Promise<Evidence>;
  /** It was given up before. */
  abandoned(): void;
  /** After it was answered: the connection was closed before its peer had said all, which may cost about so many resets. */
  cutOff(resets: number): void;
}

/** The connect that is about to begin. */
export interface BeginningConnect {
  readonly address: string;
  readonly port: number;
  /** Known once the SYN has left. */
  readonly localPort: () => number | undefined;
}

export interface ConnectWatcher {
  /** Resolves when a connect may begin: a few milliseconds apart they can be told from each other. */
  turn(): Promise<WatchConnect>;
}

/** Follows a connect, from just before its first SYN on. */
export type WatchConnect = (connect: BeginningConnect) => ConnectWatch;

export const isHairpin = (evidence: Evidence | undefined): evidence is Extract<Evidence, { kind: EvidenceKind }> =>
  evidence?.kind === "reset" || evidence?.kind === "capture";

/**
 * What a verdict is worth where configuration and topology rule a hairpin out: the counters can be moved by whoever answers or scans, a
 * captured packet shows where it came from.
 *
 * @param exposure - Share of connections that can hairpin; `undefined`: not known.
 */
export const believable = (evidence: Evidence, exposure: number | undefined): Evidence =>
  exposure === 0 && evidence.kind === "reset" ? { kind: "undecided" } : evidence;

/** Milliseconds after its deadline within which there is a verdict on a timeout, and it is counted. */
export const JUDGED_WITHIN_MS = 1_000;
