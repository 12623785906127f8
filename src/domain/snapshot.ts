import type { Backend, NlbService, SkipReason } from "./service.ts";

/** A Service that was seen and is not probed, with the sentence that says why. */
export interface SkippedService {
  readonly namespace: string;
  readonly name: string;
  readonly reason: SkipReason;
  readonly detail: string;
}

/** A node that runs an agent: how the number of nodes per zone is known without permission to read Nodes. */
export interface NodePlacement {
  readonly node: string;
  readonly zone: string | undefined;
}

/** One NLB Service with what stands behind it. */
export interface DiscoveredService {
  readonly service: NlbService;
  readonly backends: readonly Backend[];
}

/** Everything discovery knows at one moment. Whole and immutable: a new one replaces it, nobody edits it. */
export interface Snapshot {
  readonly services: readonly DiscoveredService[];
  readonly skipped: readonly SkippedService[];
  /** Nodes that run an agent; empty when the agents' own Service is not known. */
  readonly nodes: readonly NodePlacement[];
}
