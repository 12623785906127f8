import type { BeginningConnect, Evidence } from "../domain/evidence.ts";
import type { AnswerWindow } from "./answer-window.ts";
import type { Sender } from "./resends.ts";
import type { Retransmission } from "./retransmissions.ts";
import type { Awaiting } from "./stray-syn-ack.ts";
import type { Attribution } from "./suspect.ts";

/** A connect that is under way, or that was while one was that still is. */
export interface Tracked extends Awaiting, Sender {
  /** When the reading was taken that holds for its first SYN. */
  readonly readMs: number;
  connect: BeginningConnect;
  /** Known better by the time of the verdict. */
  answer: AnswerWindow;
  /** Worked out once it was not answered at once, as most are. */
  resends: readonly Retransmission[];
  /** A capture has been looking since before the first SYN. */
  readonly isCaptured: boolean;
  endMs: number | undefined;
  known: Attribution;
  decide: ((evidence: Evidence) => void) | undefined;
}

const noPort = (): undefined => undefined;

/** Whoever ended receives nothing more. It may be of use for as long as others are pending: its socket is not kept for that. */
export const endedOf = ({ address, port }: BeginningConnect): BeginningConnect => ({ address, port, localPort: noPort });

/** What is told of a connect that timed out. */
export function evidenceOf({ known, chosen, isCaptured, isAmbiguous }: Tracked, isCaptureLive: boolean): Evidence {
  if (chosen !== undefined) return { kind: "capture", chosen };
  if (known === "hairpin") return { kind: "reset" };
  // What the counters leave open a capture does not: had there been a stray SYN-ACK, it would have been seen.
  return { kind: isCaptured && !isAmbiguous && isCaptureLive ? "silent" : known };
}
