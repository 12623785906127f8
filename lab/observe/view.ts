import type { Cause } from "../../src/domain/diagnosis.ts";
import { type Sample, sumOf } from "../../src/domain/exposition.ts";
import type { Status } from "../../src/domain/status.ts";

/** What one agent has seen of one frontend zone and port of one Service: a row of what the demo prints. */
export interface View {
  readonly node: string;
  readonly service: string;
  readonly port: string;
  readonly frontendZone: string;
  readonly colocated: boolean;
  readonly attempts: number;
  readonly timeouts: number;
  /** Timeouts with evidence. */
  readonly hairpins: number;
  /** Failures of any other reason. */
  readonly otherFailures: number;
  /** Expected share of hairpins; `undefined`: the agent does not know. */
  readonly exposure: number | undefined;
  /** What the agent says is wrong, the worst of all ports; `undefined`: it does not know such a frontend. */
  readonly cause: Cause | undefined;
}

/** One row per label set that an agent counts attempts under. */
export function viewsOf(samples: readonly Sample[]): readonly View[] {
  return samples
    .filter(({ name }) => name === "hairpin_probe_attempts_total")
    .map(({ labels, value }) => {
      const failures = sumOf(samples, "hairpin_probe_failures_total", labels);
      const timeouts = sumOf(samples, "hairpin_probe_failures_total", { ...labels, reason: "connect_timeout" });
      const exposure = samples.find(
        (sample) =>
          sample.name === "hairpin_probe_exposure_ratio" && Object.entries(labels).every(([k, v]) => sample.labels[k] === v),
      );
      return {
        node: labels.node ?? "",
        service: `${labels.service_namespace}/${labels.service_name}`,
        port: labels.service_port ?? "",
        frontendZone: labels.frontend_zone ?? "",
        colocated: labels.colocated === "true",
        attempts: value,
        timeouts,
        hairpins: sumOf(samples, "hairpin_probe_hairpins_total", labels),
        otherFailures: failures - timeouts,
        exposure: exposure?.value,
        cause: undefined,
      };
    });
}

/** Rows with what the agent itself makes of them. */
export function diagnosed(views: readonly View[], { agent, services }: Status): readonly View[] {
  return views.map((view) => {
    if (view.node !== agent.node) return view;
    const causes = services
      .filter(({ namespace, name }) => `${namespace}/${name}` === view.service)
      .flatMap(({ frontends }) => frontends.filter(({ zone }) => (zone ?? "") === view.frontendZone))
      .map(({ diagnosis }) => diagnosis.cause);
    return { ...view, cause: causes.find((cause) => cause !== "healthy") ?? causes[0] };
  });
}

const keyOf = (view: View): string => [view.node, view.service, view.port, view.frontendZone].join(" ");

/**
 * Rows with the same node, Service, port and zone added up: their labels differ because pods moved or the configuration changed.
 * Exposure and colocation are those of the row that is counted under now, which is the one that knows an exposure, or the last.
 */
export function merged(views: readonly View[]): readonly View[] {
  const rows = new Map<string, View>();
  for (const view of views) {
    const row = rows.get(keyOf(view));
    rows.set(
      keyOf(view),
      row === undefined
        ? view
        : {
            ...(row.exposure === undefined ? view : row),
            attempts: row.attempts + view.attempts,
            timeouts: row.timeouts + view.timeouts,
            hairpins: row.hairpins + view.hairpins,
            otherFailures: row.otherFailures + view.otherFailures,
          },
    );
  }
  return [...rows.values()];
}

/** What happened between two looks. */
export function since(before: readonly View[], now: readonly View[]): readonly View[] {
  const earlier = new Map(before.map((view) => [keyOf(view), view]));
  return now.map((view) => {
    const then = earlier.get(keyOf(view));
    return {
      ...view,
      attempts: view.attempts - (then?.attempts ?? 0),
      timeouts: view.timeouts - (then?.timeouts ?? 0),
      hairpins: view.hairpins - (then?.hairpins ?? 0),
      otherFailures: view.otherFailures - (then?.otherFailures ?? 0),
    };
  });
}
