/** A panel of ours as one of Grafana's. */
import { ReduceDataOptionsBuilder, TableCellDisplayMode } from "@grafana/grafana-foundation-sdk/common";
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  FieldColorBuilder,
  FieldColorModeId,
  type GridPos,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as HeatmapBuilder, YAxisConfigBuilder } from "@grafana/grafana-foundation-sdk/heatmap";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import type { Panel } from "./rows.ts";

export const DOCS = "https://github.com/hairpin-probe/hairpin-probe/blob/main/docs";
export const DATASOURCE = { type: "prometheus", uid: "$datasource" };
const COLOURS = ["green", "orange", "red"];
const FORMATS = { table: PromQueryFormat.Table, heatmap: PromQueryFormat.Heatmap, time_series: PromQueryFormat.TimeSeries };

type Builder = StatBuilder | TableBuilder | TimeseriesBuilder | HeatmapBuilder;

/** @param gridPos - Where on the board, in columns and rows. */
export function buildPanel(panel: Panel, gridPos: GridPos): Builder {
  const builder = builderOf(panel);
  builder.title(panel.title).description(panel.description).unit(panel.unit).datasource(DATASOURCE).gridPos(gridPos);
  const steps = [null, ...(panel.thresholds ?? [])].map((value, i) => ({ value, color: COLOURS[i] ?? "red" }));
  builder.thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps));
  builder.colorScheme(
    new FieldColorBuilder().mode(panel.thresholds === undefined ? FieldColorModeId.PaletteClassic : FieldColorModeId.Thresholds),
  );
  const isInstant = panel.type === "stat" || panel.type === "table";
  for (const [i, { expr, legend, format = "time_series" }] of panel.queries.entries()) {
    const query = new DataqueryBuilder()
      .refId(String.fromCharCode(65 + i))
      .datasource(DATASOURCE)
      .expr(expr)
      .legendFormat(legend)
      .format(FORMATS[format]);
    builder.withTarget(isInstant ? query.instant() : query.range());
  }
  if (panel.runbooks !== undefined)
    builder.links(
      panel.runbooks.map((alert) =>
        new DashboardLinkBuilder(`Runbook of ${alert}`)
          .type(DashboardLinkType.Link)
          .url(`${DOCS}/runbooks/${alert}.md`)
          .targetBlank(true),
      ),
    );
  for (const transformation of panel.transformations ?? []) builder.withTransformation(transformation);
  return builder;
}

function builderOf({ type, thresholds, unit }: Panel): Builder {
  switch (type) {
    case "stat":
      return new StatBuilder().reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]));
    case "table":
      return thresholds === undefined
        ? new TableBuilder()
        : new TableBuilder().cellOptions({ type: TableCellDisplayMode.ColorBackground });
    case "timeseries":
      return new TimeseriesBuilder();
    case "heatmap":
      return new HeatmapBuilder().calculate(false).yAxis(new YAxisConfigBuilder().unit(unit));
  }
}
