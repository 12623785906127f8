import type { NodePlacement, Snapshot } from "../domain/snapshot.ts";
import type { Self } from "./exposure.ts";
import { hashOf, weightOf } from "./rendezvous.ts";

/** A frontend as far as it matters who probes it. */
export interface Shared {
  readonly id: string;
  /** Nodes that host a ready backend of it. */
  readonly hosts: ReadonlySet<string>;
}

/** Milliseconds for which a choice that is lost is held: an agent learns of others within seconds, and of one that is away within a minute. */
export const HOLD_MS = 60_000;

interface Candidate {
  readonly node: string;
  readonly hash: number;
}

/**
 * Who probes a frontend: of the nodes of each zone, at most so many that host a backend of it, and so many that do not. Every agent
 * works it out alone from the agents' own EndpointSlices, and all that know the same agents come to the same choice (rendezvous hashing):
 * min(limit, agents there are) of each kind. An agent that comes or goes moves only its own share.
 *
 * Between two agents that do not know the same ones yet, a choice that is lost is held for a while: whoever is to take over may not know.
 */
export class FanOut {
  readonly #limit: number;
  readonly #holdMs: number;
  #chosenMs = new Map<string, number>();
  #hashes = new Map<string, number>();

  /**
   * @param options.limit - Nodes of a kind and zone that probe a frontend at most; 0: all of them.
   * @param options.holdMs - Milliseconds for which a frontend is still probed that others have been chosen for.
   */
  constructor(options: { readonly limit: number; readonly holdMs: number }) {
    this.#limit = options.limit;
    this.#holdMs = options.holdMs;
  }

  /**
   * The frontends that this node probes, and when that may change although nothing else does.
   *
   * @param nowMs - Monotonic milliseconds.
   */
  choose<T extends Shared>(
    frontends: readonly T[],
    { nodes }: Pick<Snapshot, "nodes">,
    self: Self,
    nowMs: number,
  ): { readonly chosen: readonly T[]; readonly untilMs: number } {
    const candidates = this.#candidatesBeside(nodes, self);
    if (this.#limit === 0 || candidates.length < this.#limit) {
      this.#chosenMs = new Map(frontends.map(({ id }) => [id, nowMs]));
      return { chosen: frontends, untilMs: Number.POSITIVE_INFINITY };
    }
    const chosenMs = new Map<string, number>();
    let untilMs = Number.POSITIVE_INFINITY;
    const ownHash = hashOf(self.node);
    const chosen = frontends.filter((frontend) => {
      if (this.#isChosen(frontend, { node: self.node, hash: ownHash }, candidates)) {
        chosenMs.set(frontend.id, nowMs);
        return true;
      }
      const lastMs = this.#chosenMs.get(frontend.id);
      if (lastMs === undefined || nowMs - lastMs >= this.#holdMs) return false;
      chosenMs.set(frontend.id, lastMs);
      untilMs = Math.min(untilMs, lastMs + this.#holdMs);
      return true;
    });
    this.#chosenMs = chosenMs;
    return { chosen, untilMs };
  }

  /** Other agents of this node's zone that serve; agents of unknown zone are a zone of their own. */
  #candidatesBeside(nodes: readonly NodePlacement[], self: Self): readonly Candidate[] {
    const hashes = new Map<string, number>();
    const candidates: Candidate[] = [];
    for (const { node, zone, hasAgent } of nodes) {
      if (zone !== self.zone || node === self.node || !hasAgent) continue;
      const hash = this.#hashes.get(node) ?? hashOf(node);
      hashes.set(node, hash);
      candidates.push({ node, hash });
    }
    this.#hashes = hashes;
    return candidates;
  }

  /** Whether fewer than the limit of the others of its kind want the frontend more. */
  #isChosen({ id, hosts }: Shared, self: Candidate, candidates: readonly Candidate[]): boolean {
    const keyHash = hashOf(id);
    const own = weightOf(keyHash, self.hash);
    const isHost = hosts.has(self.node);
    let ahead = 0;
    for (const { node, hash } of candidates) {
      const weight = weightOf(keyHash, hash);
      // Names decide between equals.
      if (weight < own || (weight === own && node > self.node) || hosts.has(node) !== isHost) continue;
      ahead += 1;
      if (ahead >= this.#limit) return false;
    }
    return true;
  }
}
