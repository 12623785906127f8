import type { Control } from "../domain/control.ts";
import { exposedLabel } from "../domain/exposure.ts";
import type { Frontend } from "../domain/frontend.ts";
import { reachOf, serviceKey } from "../domain/service.ts";
import type { LabelsOf } from "./definitions.ts";

export type WhereLabels = LabelsOf<"hairpin_probe_attempts_total">;
export type ControlLabels = LabelsOf<"hairpin_probe_control_attempts_total">;
export type ConnectLabels = LabelsOf<"hairpin_probe_connect_duration_seconds">;

/** What series are added up instead of told apart. A label that is folded is empty. */
export interface Folding {
  /** Ports and zones of the frontends of a Service, and Services in the time to connect. */
  readonly ports: boolean;
  /** Services, by `serviceKey`, whose series are added up under one empty name. */
  readonly services: ReadonlySet<string>;
}

export const NOTHING_FOLDED: Folding = { ports: false, services: new Set() };

type ServiceLabels = Pick<ControlLabels, "service_namespace" | "service_name">;
type Named = { readonly namespace: string; readonly name: string };

export const serviceLabelsOf = (service: Named, { services }: Folding): ServiceLabels =>
  services.size > 0 && services.has(serviceKey(service))
    ? { service_namespace: "", service_name: "" }
    : { service_namespace: service.namespace, service_name: service.name };

export const whereOf = (frontend: Frontend, node: string, folding: Folding): WhereLabels => ({
  node,
  ...serviceLabelsOf(frontend.service, folding),
  service_port: folding.ports ? "" : String(frontend.listener.port),
  frontend_zone: folding.ports ? "" : (frontend.zone ?? ""),
  colocated: String(frontend.colocated),
  exposed: exposedLabel(frontend.exposure),
  reach: reachOf(frontend.listener),
});

export const controlLabelsOf = ({ service, listener }: Control, node: string, folding: Folding): ControlLabels => ({
  node,
  ...serviceLabelsOf(service, folding),
  service_port: folding.ports ? "" : String(listener.port),
});

export const connectLabelsOf = (where: WhereLabels, { ports }: Folding): ConnectLabels => ({
  node: where.node,
  service_namespace: ports ? "" : where.service_namespace,
  service_name: ports ? "" : where.service_name,
  colocated: where.colocated,
});
