import type { Window } from "../domain/window.ts";

/** Failures after the connect that lost packets can be the cause of. */
export const brokenOff = ({ reasons }: Window): number =>
  (reasons.tls_error ?? 0) + (reasons.response_timeout ?? 0) + (reasons.connection_lost ?? 0);

/** Round trips after the handshake, at most: two of TLS 1.2, and one for the response. */
const LATER_ROUND_TRIPS = 3;
/** So many failures are chance, whatever the share. */
const CHANCE = 3;

/**
 * Whether packets are lost on the way. Loss lets some connects through late; neither a hairpin, nor a drop, nor a dead backend ever does: a
 * SYN that is sent again takes the same way. The heavier the loss, the more of them time out, but with two SYNs and four of five lost there
 * is still a late success for each four timeouts.
 *
 * Loss does not end with the handshake. Where a share q of connects lost a packet, a later round trip fails when it loses one and has no
 * time left (q of the late connects, which are q of all), or another (q of q again): 2q² of attempts at most. What breaks off more often than
 * that is somebody's fault.
 */
export function losesPackets(window: Window): boolean {
  const { slow, attempts, failures, reasons } = window;
  const timeouts = reasons.connect_timeout ?? 0;
  if (slow < 2 || slow * 8 < timeouts) return false;
  const later = brokenOff(window);
  if ((timeouts + later) * 2 < failures) return false;
  const lossy = Math.min(1, (slow + timeouts) / attempts);
  return later <= 2 * LATER_ROUND_TRIPS * attempts * lossy ** 2 + CHANCE;
}
