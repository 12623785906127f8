import { SEVERITIES } from "../domain/diagnosis.ts";
import { percent } from "../domain/percent.ts";
import type { Reach } from "../domain/service.ts";
import type { Status, StatusFrontend, StatusService } from "../domain/status.ts";
import { timeoutShare } from "../domain/window.ts";
import { type Html, html, NOTHING } from "../terminal/html.ts";
import { CAUSE_WORDS, rank, span } from "./words.ts";

/** More rows are counted and left to the JSON: nobody reads them, and every browser that looks would fetch them again and again. */
export const MAX_ROWS = 200;

const zoneName = (zone: string | null): string => zone ?? "zone unknown";

/** What stands where in the matrix: the worst ports first, then by name. */
export function rowsOf(services: readonly StatusService[]): readonly StatusService[] {
  const worst = ({ frontends }: StatusService): number =>
    Math.min(...frontends.map(({ diagnosis }) => rank(diagnosis.cause)), Number.POSITIVE_INFINITY);
  return services.toSorted((a, b) => worst(a) - worst(b)).slice(0, MAX_ROWS);
}

/** Services by the zones of their frontends: share of timeouts, diagnosis, and what was to be expected. */
export function renderMatrix({ services, agent }: Status): Html {
  if (services.length === 0) return html`<p class="empty">No internal NLB is probed from here.</p>`;
  const zones = [...new Set(services.flatMap(({ frontends }) => frontends.map(({ zone }) => zone)))].sort((a, b) =>
    (a ?? "~") < (b ?? "~") ? -1 : 1,
  );
  const rows = rowsOf(services);
  const heads = zones.map(
    (zone) =>
      html`<th scope="col">${zoneName(zone)}${zone !== null && zone === agent.zone ? html` <span class="tag">here</span>` : NOTHING}</th>`,
  );
  const more = services.length - rows.length;
  return html`
<table class="matrix">
<caption>Share of connections that timed out, by Service port and zone of the frontend. The mark on a bar is the share that configuration and topology imply.</caption>
<thead><tr><th scope="col">Service</th>${heads}<th scope="col">Past the NLB</th></tr></thead>
<tbody>
${rows.map((service) => renderRow(service, zones))}
</tbody>
</table>
${more > 0 ? html`<p class="empty">${more} more, none of them worse, in <a href="api/v1/status">the JSON</a>.</p>` : NOTHING}`;
}

function renderRow(service: StatusService, zones: readonly (string | null)[]): Html {
  const cells = zones.map((zone) => {
    const here = service.frontends.filter((frontend) => frontend.zone === zone);
    if (here.length === 0)
      return html`<td class="none" data-label="${zoneName(zone)}"><span aria-label="no frontend">–</span></td>`;
    return html`<td data-label="${zoneName(zone)}">${here.map((frontend) => renderFrontend(frontend, service.reach))}</td>`;
  });
  return html`<tr>
<th scope="row"><span class="name">${service.namespace}/<wbr>${service.name}:${service.port}</span>
<span class="facts">${factsOf(service)}</span></th>
${cells}
<td data-label="past the NLB">${renderControl(service)}</td>
</tr>`;
}

/** `instance targets, client IP kept, backend here`. */
function factsOf({ targetType, preserveClientIp, colocated }: StatusService): string {
  const kept = preserveClientIp === null ? "client IP unknown" : `client IP ${preserveClientIp ? "kept" : "not kept"}`;
  return [`${targetType ?? "unknown"} targets`, kept, ...(colocated ? ["backend here"] : [])].join(", ");
}

function renderFrontend({ address, window, diagnosis, exposure, withdrawn }: StatusFrontend, reach: Reach): Html {
  const { attempts, timeouts, failures } = window;
  const share = timeoutShare(window, reach);
  const others = failures - timeouts;
  const counts = share !== undefined || attempts === 0 ? `${timeouts} of ${attempts}` : `${attempts} attempts`;
  return html`<div class="cell ${SEVERITIES[diagnosis.cause]}">
<p class="share">${share === undefined ? "–" : percent(share)} <span class="cause">${CAUSE_WORDS[diagnosis.cause]}</span></p>
${renderBar(share ?? 0, exposure)}
<p class="facts">${counts} in ${span(window.seconds)}${others > 0 ? `, ${others} failed otherwise` : ""}<br>
expected ${exposure === null ? "unknown" : percent(exposure)}${withdrawn ? ", withdrawn by DNS" : ""}<br>
<span class="address">${address ?? "no address"}</span></p>
</div>`;
}

/** Widths are attributes: the page's policy allows no style that it does not know. */
function renderBar(share: number, exposure: number | null): Html {
  const mark = exposure === null ? NOTHING : html`<rect class="mark" x="${(exposure * 99).toFixed(1)}%" width="2" height="10"/>`;
  return html`<svg class="bar" width="100%" height="10" aria-hidden="true" focusable="false"><rect class="track" y="3" width="100%" height="4" rx="2"/><rect class="fill" y="3" width="${(share * 100).toFixed(1)}%" height="4" rx="2"/>${mark}</svg>`;
}

/** With fewer attempts than this, that none failed is no sign that all is well. */
const MIN_CONTROLS = 3;

function renderControl({ control }: StatusService): Html {
  if (control === null) return html`<span class="facts">no way past it</span>`;
  const { attempts, failures, address } = control;
  const tone = failures > 0 ? "bad" : attempts < MIN_CONTROLS ? "idle" : "good";
  const [share, word] =
    attempts === 0
      ? ["–", "no attempt yet"]
      : failures === 0
        ? ["all", "came through"]
        : [percent(failures / attempts), "failed"];
  return html`<div class="cell ${tone}"><p class="share">${share} <span class="cause">${word}</span></p>
<p class="facts">${failures} of ${attempts} failed<br><span class="address">${address}</span></p></div>`;
}
