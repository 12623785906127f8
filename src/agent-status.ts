import { setImmediate } from "node:timers/promises";
import { withBlindSpots } from "./diagnosis/blinded.ts";
import { diagnose } from "./diagnosis/explain.ts";
import { type History, WINDOW_MS } from "./diagnosis/history.ts";
import { configurationOf } from "./diagnosis/input.ts";
import { bracketed } from "./domain/address.ts";
import type { Control } from "./domain/control.ts";
import type { Frontend } from "./domain/frontend.ts";
import type { Failure } from "./domain/outcome.ts";
import { reachOf, serviceKey } from "./domain/service.ts";
import type { SkippedService } from "./domain/snapshot.ts";
import type {
  Status,
  StatusAgent,
  StatusControl,
  StatusFailure,
  StatusFrontend,
  StatusService,
  StatusWindow,
} from "./domain/status.ts";
import type { Window } from "./domain/window.ts";

/** More Services that are not probed are counted and not listed. */
const MAX_SKIPPED = 200;

export interface StatusParts {
  readonly at: Date;
  /** The clock that attempts are timed with. */
  readonly clockMs: () => number;
  /** What it said at `at`. */
  readonly nowMs: number;
  readonly agent: StatusAgent;
  readonly frontends: readonly Frontend[];
  readonly controls: readonly Control[];
  readonly history: History;
  readonly lastFailures: readonly StatusFailure[];
  readonly skipped: readonly SkippedService[];
}

/** Milliseconds for which the event loop may be held at a stretch: what is read later than 15 ms is discarded. */
const HOLD_MS = 4;

/**
 * What an agent knows at one moment, with a diagnosis of each frontend.
 *
 * An agent of thousands of frontends takes a while for it, and lets its attempts go on meanwhile.
 */
export async function buildStatus(parts: StatusParts): Promise<Status> {
  const { at, agent, frontends, lastFailures, skipped } = parts;
  const ports = [...Map.groupBy(frontends, portKey)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const services: StatusService[] = [];
  let heldSinceMs = parts.clockMs();
  for (const [, [first, ...others]] of ports) {
    if (first !== undefined) services.push(serviceStatus(first, [first, ...others], parts));
    if (parts.clockMs() - heldSinceMs < HOLD_MS) continue;
    await setImmediate();
    heldSinceMs = parts.clockMs();
  }
  return {
    schemaVersion: 1,
    at: at.toISOString(),
    agent,
    services,
    lastFailures,
    skipped: skipped.slice(0, MAX_SKIPPED).map(({ namespace, name, reason, detail }) => ({ namespace, name, reason, detail })),
    skippedTotal: skipped.length,
  };
}

/** Sorts as people expect: by name, then by the port's number. */
const portKey = ({ service, listener }: Pick<Frontend, "service" | "listener">): string =>
  `${serviceKey(service)} ${String(listener.port).padStart(5, "0")}`;

function serviceStatus(first: Frontend, frontends: readonly Frontend[], parts: StatusParts): StatusService {
  const { service, listener, colocated } = first;
  const { targetType, preserveClientIp, crossZone } = listener.targetGroup;
  const control = parts.controls.find((candidate) => portKey(candidate) === portKey(first));
  const windows = new Map(frontends.map((frontend) => [frontend, parts.history.window(frontend.id, parts.nowMs)]));
  return {
    namespace: service.namespace,
    name: service.name,
    port: listener.port,
    protocol: listener.protocol,
    reach: reachOf(listener),
    hostname: service.hostname ?? null,
    controller: service.controller,
    targetType: targetType ?? null,
    preserveClientIp: preserveClientIp.enabled ?? null,
    crossZone: crossZone.enabled ?? null,
    colocated,
    frontends: [...windows]
      .toSorted(([a], [b]) => (whereOf(a) < whereOf(b) ? -1 : 1))
      .map(([frontend, window]) => frontendStatus(frontend, window, windows, control, parts))
      .map((status) => ({ ...status, diagnosis: withBlindSpots(status.diagnosis, parts.agent.blindSpots) })),
    control: control === undefined ? null : controlStatus(control, parts),
  };
}

const whereOf = ({ zone, address }: Frontend): string => `${zone ?? "~"} ${address ?? ""}`;

function frontendStatus(
  frontend: Frontend,
  window: Window,
  windows: ReadonlyMap<Frontend, Window>,
  control: Control | undefined,
  { history, nowMs, agent }: StatusParts,
): StatusFrontend {
  const { address, zone, withdrawn, exposure } = frontend;
  return {
    address: address ?? null,
    zone: zone ?? null,
    withdrawn,
    exposure: exposure ?? null,
    window: windowStatus(window, nowMs),
    diagnosis: diagnose({
      ...configurationOf(frontend),
      window,
      control: control && history.controlWindow(control.id, window.sinceMs ?? nowMs, nowMs),
      others: [...windows].flatMap(([other, seen]) => (other.zone === zone ? [] : [seen])),
      answeredMs: history.answeredMs,
      evidence: agent.evidence.level,
    }),
  };
}

function windowStatus(window: Window, nowMs: number): StatusWindow {
  const { attempts, failures, timeouts, hairpins, silent, undecided, heard, slow, late, reasons, sinceMs } = window;
  const seconds = sinceMs === undefined ? 0 : Math.round((nowMs - sinceMs) / 1000);
  return { attempts, failures, timeouts, hairpins, silent, undecided, heard, slow, discarded: late, reasons, seconds };
}

function controlStatus(control: Control, { history, nowMs }: StatusParts): StatusControl {
  const { attempts, failures, reasons } = history.controlWindow(control.id, nowMs - WINDOW_MS, nowMs);
  return { address: `${bracketed(control.address)}:${control.port}`, attempts, failures, reasons };
}

/** A failed attempt as a person reads it. */
export function failureStatus(probed: Frontend | Control, failure: Failure, startedAt: Date): StatusFailure {
  const { service, listener, address } = probed;
  const { reason, phase, detail, seconds, evidence } = failure;
  const chosen = evidence?.kind === "capture" ? { ...evidence.chosen, node: evidence.chosen.node ?? null } : null;
  return {
    at: startedAt.toISOString(),
    namespace: service.namespace,
    name: service.name,
    port: listener.port,
    address: address ?? null,
    zone: "zone" in probed ? (probed.zone ?? null) : null,
    control: !("zone" in probed),
    reason,
    phase,
    detail,
    seconds,
    evidence: evidence?.kind ?? null,
    chosen,
  };
}
