/**
 * The Grafana board as data: `npm run board` writes grafana/hairpin-probe.json, a test holds the file to it.
 *
 * The classic schema, at a version that Grafana 10 and newer migrate by themselves; a fixed uid, so that links to it last.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  RowBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { buildPanel, DATASOURCE, DOCS } from "./panel.ts";
import { SERVICE } from "./queries.ts";
import { ROWS } from "./rows.ts";
import type { Board } from "./schema.ts";
import { VARIABLES } from "./variables.ts";

const SCHEMA_VERSION = 39;
/** Columns of the board. */
const WIDTH = 24;
/** What makes a new NLB, a new target group, or another fate of the connections. */
const CHANGING = "service_namespace, service_name, target_type, preserve_client_ip, cross_zone, hostname";

/** A configuration that was not there five minutes ago, of a Service that was. */
const CHANGES = `group by (${CHANGING}) (hairpin_probe_service_info{${SERVICE}}) unless group by (${CHANGING}) (hairpin_probe_service_info{${SERVICE}} offset 5m) and on (service_namespace, service_name) group by (service_namespace, service_name) (hairpin_probe_service_info{${SERVICE}} offset 5m)`;

/** The board, as Grafana reads it. Panels are laid out in rows of 24 columns, in their order. */
export function renderBoard(): Board {
  const board = new DashboardBuilder("hairpin-probe")
    .uid("hairpin-probe")
    .description("Connections from pods to internal NLBs: what times out, from where, and whether the configuration makes it so.")
    .tags(["hairpin-probe", "nlb"])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .refresh("1m")
    .time({ from: "now-3h", to: "now" })
    .timezone("browser")
    .annotation(
      new AnnotationQueryBuilder()
        .name("Configuration changes")
        .datasource(DATASOURCE)
        .enable(true)
        .iconColor("blue")
        .expr(CHANGES)
        .step("60s")
        .titleFormat("{{service_namespace}}/{{service_name}} changed")
        .textFormat("{{target_type}} targets, preserve_client_ip={{preserve_client_ip}}, cross_zone={{cross_zone}}"),
    )
    .link(
      new DashboardLinkBuilder("Alerts and runbooks")
        .type(DashboardLinkType.Link)
        .url(`${DOCS}/alerts.md`)
        .icon("doc")
        .targetBlank(true),
    )
    .link(
      new DashboardLinkBuilder("Reasons of failures")
        .type(DashboardLinkType.Link)
        .url(`${DOCS}/failures.md`)
        .icon("doc")
        .targetBlank(true),
    )
    .withVariable(new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"));
  for (const variable of VARIABLES) board.withVariable(variable);
  let y = 0;
  for (const { question, panels } of ROWS) {
    board.withRow(new RowBuilder(question).gridPos({ x: 0, y, w: WIDTH, h: 1 }));
    y += 1;
    let [x, height] = [0, 0];
    for (const panel of panels) {
      if (x + panel.width > WIDTH) [x, y, height] = [0, y + height, 0];
      board.withPanel(buildPanel(panel, { x, y, w: panel.width, h: panel.height }));
      x += panel.width;
      height = Math.max(height, panel.height);
    }
    y += height;
  }
  return finished(board.build());
}

/**
 * What the SDK leaves to Grafana, which then makes it up anew each time: the panels' ids. And what it sets that older versions do not
 * know: the places of links and annotations.
 */
function finished(board: ReturnType<DashboardBuilder["build"]>): Board {
  const withoutPlacement = ({ placement: _, ...rest }: { readonly placement?: unknown }): object => rest;
  return {
    ...board,
    schemaVersion: SCHEMA_VERSION,
    panels: (board.panels ?? []).map((panel, i) => {
      const links = "links" in panel && panel.links !== undefined ? { links: panel.links.map(withoutPlacement) } : {};
      return { ...panel, ...links, id: i + 1 };
    }),
    links: (board.links ?? []).map(withoutPlacement),
    annotations: { list: (board.annotations?.list ?? []).map(withoutPlacement) },
  } as unknown as Board;
}

const FILE = new URL("./hairpin-probe.json", import.meta.url);

if (import.meta.main) writeFileSync(fileURLToPath(FILE), `${JSON.stringify(renderBoard(), null, 2)}\n`);
