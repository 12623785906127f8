import { createHash } from "node:crypto";
import type { Control } from "../domain/control.ts";
import { EVIDENCE_KINDS } from "../domain/evidence.ts";
import type { Frontend } from "../domain/frontend.ts";
import { REASONS } from "../domain/outcome.ts";
import { serviceKey } from "../domain/service.ts";
import { METRICS } from "./definitions.ts";
import { labelsKey } from "./label-sets.ts";
import { connectLabelsOf, type Folding, NOTHING_FOLDED, portLabelsOf, serviceLabelsOf, whereOf } from "./where-labels.ts";

/** What is to have series. */
export interface Planned {
  readonly services: readonly { readonly namespace: string; readonly name: string }[];
  readonly frontends: readonly Frontend[];
  readonly controls: readonly Control[];
}

export interface SeriesPlan {
  /** Series that it would take to tell everything apart. */
  readonly needed: number;
  readonly folding: Folding;
}

/** Series of an agent that plans nothing: see the table of definitions. */
const OWN = 115;
/** Attempts, failures by reason, hairpins by evidence. What is known besides, exposure and expiry of a certificate, has one each. */
const PER_WHERE = 1 + REASONS.length + EVIDENCE_KINDS.length;
const PER_CONTROL = 1 + REASONS.length;
/** The buckets, the one without a bound, sum and count. */
const PER_CONNECT = METRICS.hairpin_probe_connect_duration_seconds.buckets.length + 3;
/** Backends behind a port that are ready, and that are not. */
const PER_BACKENDS = 2;
/** Configuration, and how many frontends. */
const PER_SERVICE = 2;
/** For what is folded: colocated or not, times exposed, not, or unknown, times how far attempts get. */
const FOLDED = 12 * (PER_WHERE + 1) + PER_CONTROL + PER_BACKENDS + PER_SERVICE;
const FOLDED_CONNECT = 2 * PER_CONNECT;

/** The least budget that makes sense: the agent's own, and all Services as one. */
export const MIN_SERIES = OWN + FOLDED + FOLDED_CONNECT;

/**
 * Fits series into a budget. What does not fit is added up, not left out: every attempt is counted, and sums over all stay true. First
 * ports and zones go, of all Services alike, and the time to connect is that of the node; then Services share one set of labels, in an
 * order that is the same on all nodes, so that those that are told apart are so everywhere.
 *
 * @param limit - Series at most, at least `MIN_SERIES`.
 */
export function planSeries(planned: Planned, limit: number, node: string): SeriesPlan {
  const needed = OWN + seriesOf(planned, node, NOTHING_FOLDED);
  if (needed <= limit) return { needed, folding: NOTHING_FOLDED };
  const folding = { ports: true, services: new Set<string>() };
  if (OWN + seriesOf(planned, node, folding) <= limit) return { needed, folding };
  return { needed, folding: { ...folding, services: servicesToFold(planned, limit, node) } };
}

function seriesOf({ services, frontends, controls }: Planned, node: string, folding: Folding): number {
  const connect = new Set<string>();
  const where = new Set<string>();
  const withExposure = new Set<string>();
  const withCertificate = new Set<string>();
  const withBackends = new Set<string>();
  for (const frontend of frontends) {
    const labels = whereOf(frontend, node, folding);
    const key = labelsKey(labels);
    where.add(key);
    connect.add(labelsKey(connectLabelsOf(labels, folding)));
    if (frontend.exposure !== undefined) withExposure.add(key);
    if (frontend.backends !== undefined) withBackends.add(labelsKey(portLabelsOf(frontend, node, folding)));
    const { protocol } = frontend.listener;
    if ((protocol === "tls" || protocol === "https") && !folding.ports) withCertificate.add(key);
  }
  const control = new Set(controls.map((each) => labelsKey(portLabelsOf(each, node, folding))));
  const named = new Set(services.map((service) => labelsKey(serviceLabelsOf(service, folding))));
  return (
    where.size * PER_WHERE +
    withExposure.size +
    withCertificate.size +
    connect.size * PER_CONNECT +
    control.size * PER_CONTROL +
    withBackends.size * PER_BACKENDS +
    named.size * PER_SERVICE
  );
}

/** As many as do not fit, in the order of their names' hashes: no namespace is worse off for its name. */
function servicesToFold(planned: Planned, limit: number, node: string): ReadonlySet<string> {
  const folding = { ports: true, services: new Set<string>() };
  const frontends = Map.groupBy(planned.frontends, ({ service }) => serviceKey(service));
  const controls = Map.groupBy(planned.controls, ({ service }) => serviceKey(service));
  const inOrder = planned.services
    .map((service) => ({
      service,
      key: serviceKey(service),
      order: createHash("sha256").update(serviceKey(service)).digest("hex"),
    }))
    .sort((a, b) => (a.order < b.order ? -1 : 1));
  let left = limit - MIN_SERIES;
  const folded = new Set<string>();
  for (const { service, key } of inOrder) {
    const own = { services: [service], frontends: frontends.get(key) ?? [], controls: controls.get(key) ?? [] };
    // The time to connect is the node's by now, and paid for.
    const connects = new Set(own.frontends.map(({ colocated }) => colocated)).size;
    left -= seriesOf(own, node, folding) - connects * PER_CONNECT;
    // All that come after the first that does not fit: a Service that comes or goes moves few others.
    if (left < 0) folded.add(key);
  }
  return folded;
}
