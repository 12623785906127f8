import type { EvidenceLevel } from "../domain/evidence.ts";
import type { Exposure } from "../domain/exposure.ts";
import type { Frontend } from "../domain/frontend.ts";
import { reachOf } from "../domain/service.ts";
import type { TargetType } from "../domain/target-group.ts";
import type { Window } from "../domain/window.ts";

/** What a diagnosis has to know of how a frontend is configured. */
export interface Configuration {
  /** As configuration and topology imply it now. */
  readonly exposure: Exposure;
  /** What the configuration says about client IP preservation; `undefined`: it does not tell. */
  readonly preservesClientIp: boolean | undefined;
  /** DNS no longer answers with the address. */
  readonly withdrawn: boolean;
  /** The NLB completes the connect by itself, so that the kernel's counters tell nothing. */
  readonly tlsTerminated: boolean;
  /** What the NLB forwards to; `undefined`: the configuration does not tell. */
  readonly targetType: TargetType | undefined;
  /** Attempts get no further than the NLB (see `reachOf`), and where it is to be said what would; absent: they do. */
  readonly endsAtNlb?: EndsAtNlb | undefined;
}

export interface EndsAtNlb {
  readonly port: number;
  /** In the frontends file, where others have annotations. */
  readonly isInFile: boolean;
}

/** All that a diagnosis of one frontend is made from. */
export interface DiagnosisInput extends Configuration {
  readonly window: Window;
  /** Attempts past the NLB in the same while; `undefined`: there is no way past it. */
  readonly control: Window | undefined;
  /** The frontends of the same port in other zones. */
  readonly others: readonly Window[];
  /**
   * When the last attempt of all began that anybody answered, whatever it was aimed at, by the clock of the windows; `undefined`: none was.
   */
  readonly answeredMs: number | undefined;
  /** How it is found out why connects time out. */
  readonly evidence: EvidenceLevel;
}

export function configurationOf({ exposure, withdrawn, service, listener }: Frontend): Configuration {
  const { tlsTerminated, targetGroup, port } = listener;
  return {
    exposure,
    withdrawn,
    tlsTerminated,
    targetType: targetGroup.targetType,
    endsAtNlb: reachOf(listener) === "nlb" ? { port, isInFile: service.controller === "static" } : undefined,
    preservesClientIp: targetGroup.preserveClientIp.enabled,
  };
}
