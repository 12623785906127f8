/** What a panel asks, and what it is told: queries sent as Grafana sends them when all is chosen. */
import type { Prometheus, Range, Series } from "../../lab/observe/prometheus.ts";
import type { BoardPanel } from "../schema.ts";
import { withAllChosen } from "../variables.ts";

/** What Grafana works out of the time shown and the scrape interval, as durations of PromQL. */
export interface Times {
  readonly rateInterval: string;
  readonly range: string;
}

/** @returns For each query of the panel its series, in their order. */
export const ask = (
  prometheus: Prometheus,
  panel: BoardPanel,
  range: Range,
  times: Times,
): Promise<readonly (readonly Series[])[]> =>
  Promise.all(
    panel.targets.map(({ expr, instant }) => {
      const query = withAllChosen(expr, times);
      return instant === true ? prometheus.query(query, range.endMs) : prometheus.queryRange(query, range);
    }),
  );
