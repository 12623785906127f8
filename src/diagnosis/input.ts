import type { Exposure } from "../domain/exposure.ts";
import type { Window } from "../domain/window.ts";

/** All that a diagnosis of one frontend is made from. */
export interface DiagnosisInput {
  readonly window: Window;
  /** As configuration and topology imply it now. */
  readonly exposure: Exposure;
  /** What the configuration says about client IP preservation; `undefined`: it does not tell. */
  readonly preservesClientIp: boolean | undefined;
  /** DNS no longer answers with the address. */
  readonly withdrawn: boolean;
  /** The NLB completes the connect by itself, so that the kernel's counters tell nothing. */
  readonly tlsTerminated: boolean;
  /** Attempts past the NLB in the same while; `undefined`: there is no way past it. */
  readonly control: Window | undefined;
  /** The frontends of the same port in other zones. */
  readonly others: readonly Window[];
}
