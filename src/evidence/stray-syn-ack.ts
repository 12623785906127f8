import type { BeginningConnect, ChosenTarget } from "../domain/evidence.ts";
import type { Retransmission } from "./retransmissions.ts";
import type { SynAck } from "./syn-ack.ts";

/** A connect that a SYN-ACK may be for. */
export interface Awaiting {
  /** Milliseconds at which its first SYN left. */
  readonly sentMs: number;
  readonly resends: readonly Retransmission[];
  readonly connect: BeginningConnect;
  /** Read while the socket is open, and after its SYN has left: before that there is none, and the answer is remembered. */
  localPort: number | undefined;
  chosen: ChosenTarget | undefined;
  /** A stray SYN-ACK came that may have been for it, or for another with the same local port. */
  isAmbiguous: boolean;
}

/** From a packet's arrival until tcpdump's line about it has been read. */
const CAPTURE_DELAY_MS = 50;

/**
 * Finds the pending connect that a SYN-ACK was for. If it is not from where that went, it is the stray one, and names what the NLB chose.
 *
 * Connects to different frontends may have the same local port, here or in another process: only what comes when an answer to one
 * of its SYNs is due is taken for a connect's own, and what comes at another time leaves open what it was.
 *
 * @param windowMs - In which an answer to a SYN comes.
 */
export function assignSynAck(
  { source, port }: SynAck,
  pending: Iterable<Awaiting>,
  { nowMs, windowMs, node }: { readonly nowMs: number; readonly windowMs: number; readonly node: string | undefined },
): void {
  const candidates: Awaiting[] = [];
  for (const awaiting of pending) {
    awaiting.localPort ??= awaiting.connect.localPort();
    if (awaiting.localPort === port) candidates.push(awaiting);
  }
  if (candidates.some(({ connect }) => source.address === connect.address && source.port === connect.port)) return;
  const isDue = (fromMs: number, untilMs: number) => nowMs >= fromMs && nowMs <= untilMs + windowMs + CAPTURE_DELAY_MS;
  const [found, ...others] = candidates.filter(
    ({ sentMs, resends }) => isDue(sentMs, sentMs) || resends.some(({ earliestMs, latestMs }) => isDue(earliestMs, latestMs)),
  );
  if (found !== undefined && others.length === 0) found.chosen ??= { ...source, node };
  else for (const candidate of candidates) candidate.isAmbiguous = true;
}
