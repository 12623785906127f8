import type { AnswerWindow } from "./answer-window.ts";
import type { Retransmission } from "./retransmissions.ts";

export type Attribution = "hairpin" | "silent" | "undecided";

/** A connect that has neither succeeded nor been refused: it may or may not be a hairpin. */
export interface Suspect {
  /** Milliseconds just before its first SYN left. */
  readonly sentMs: number;
  /** When the reading was taken that holds for that moment: then, or a little earlier. */
  readonly readMs: number;
  /** When the reset to each of its SYNs can come. */
  readonly answer: AnswerWindow;
  readonly resends: readonly Retransmission[];
  /** Milliseconds after which no SYN of it can leave; `undefined`: it is still under way. */
  readonly endMs: number | undefined;
  /** What was found out earlier, from readings that may be gone by now. */
  readonly known: Attribution;
}
