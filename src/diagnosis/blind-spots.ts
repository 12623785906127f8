import type { DiagnosisInput } from "./input.ts";

/** From here on all that fails could hairpin: every target is on this node. */
const ALL = 0.99;

/**
 * What would make hairpins look like packets that nobody answers, as far as it fits the target type and the level of evidence here.
 *
 * @returns a sentence; "" where hairpins cannot be what is seen.
 */
export function lookAlikesOf({ window, exposure, targetType, evidence }: DiagnosisInput): string {
  const { timeouts, attempts, silent } = window;
  if (exposure === 0 || silent === 0) return "";
  // Hairpins alone never take them all as long as there are targets elsewhere.
  if (timeouts === attempts && exposure !== undefined && exposure < ALL) return "";
  const places = [
    ...(targetType === "instance" ? [] : ["behind a network policy that an eBPF agent enforces on the pod"]),
    ...(evidence !== "capture" ? ["behind a pod firewall that drops INVALID packets"] : []),
    "with rp_filter=1 on the node's interface",
    "where this pod is in the host's network or its address is translated on the way",
  ];
  return `Hairpins would look the same ${places.slice(0, -1).join(", ")}, or ${places.at(-1)}: see docs/blind-spots.md.`;
}
