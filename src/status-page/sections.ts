import { BLINDER_WORDS, type BlindSpot } from "../domain/blind-spot.ts";
import { type Cause, CONFIDENCE_WORDS, SEVERITIES } from "../domain/diagnosis.ts";
import type { Status, StatusFailure, StatusFrontend, StatusService } from "../domain/status.ts";
import { type Html, html, NOTHING } from "../terminal/html.ts";
import { CAUSE_WORDS, clockTime, many, rank, span } from "./words.ts";

/** As many as a person reads. */
const MAX_TROUBLES = 20;

/** What is wrong, in words: one entry a frontend, the worst first. */
export const renderTroubles = (status: Status): Html =>
  renderEntries(status, {
    id: "troubles",
    title: "What is wrong",
    not: ["healthy", "unmeasured", "undecided"],
    before: status.agent.blindSpots.map(renderBlindSpot),
  });

/** What is not known, and what would tell. */
export const renderUnmeasured = (status: Status): Html =>
  renderEntries(status, { id: "unmeasured", title: "Measured only to the NLB", only: "unmeasured" });

interface Entries {
  readonly id: string;
  readonly title: string;
  readonly only?: Cause;
  readonly not?: readonly Cause[];
  /** Entries that stand before those of frontends. */
  readonly before?: readonly Html[];
}

function renderEntries({ services }: Status, { id, title, only, not = [], before = [] }: Entries): Html {
  const entries = services
    .flatMap((service) => service.frontends.map((frontend) => ({ service, frontend })))
    .filter(({ frontend: { diagnosis } }) => (only === undefined ? !not.includes(diagnosis.cause) : diagnosis.cause === only))
    .toSorted((a, b) => rank(a.frontend.diagnosis.cause) - rank(b.frontend.diagnosis.cause));
  if (entries.length === 0 && before.length === 0) return NOTHING;
  const more = entries.length - MAX_TROUBLES;
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
<ul class="troubles">
${before}${entries.slice(0, MAX_TROUBLES).map(renderTrouble)}
</ul>
${more > 0 ? html`<p class="empty">And ${more} more.</p>` : NOTHING}
</section>`;
}

/** Of the agent itself: it stands before all that it says of frontends. */
const renderBlindSpot = ({ by, detail }: BlindSpot): Html => html`<li class="cell poor">
<h3>This agent does not see what other pods see</h3>
<p>${BLINDER_WORDS[by]} ${detail}</p>
</li>`;

function renderTrouble({ service, frontend }: { readonly service: StatusService; readonly frontend: StatusFrontend }): Html {
  const { cause, confidence, explanation, next } = frontend.diagnosis;
  return html`<li class="cell ${SEVERITIES[cause]}">
<h3>${service.namespace}/<wbr>${service.name}:${service.port} <span class="facts">${frontend.zone ?? "zone unknown"}, ${frontend.address ?? "no address"}</span></h3>
<p><strong class="cause">${CAUSE_WORDS[cause]}</strong> (${CONFIDENCE_WORDS[confidence]}). ${explanation}</p>
${next === "" ? NOTHING : html`<p>${next}</p>`}
</li>`;
}

const EVIDENCE_WORDS: Readonly<Record<NonNullable<StatusFailure["evidence"]>, string>> = {
  reset: "hairpin: reset",
  capture: "hairpin: captured",
  silent: "no answer",
  undecided: "undecided",
};

const UNQUIET_WORDS =
  "called off: packets from elsewhere make this pod send resets (a port scan?), so timeouts are undecided until a minute after the last";

/** The last failed attempts. */
export function renderFailures({ lastFailures }: Status): Html {
  if (lastFailures.length === 0) return html`<p class="empty">No attempt has failed since the agent started.</p>`;
  return scrolling(
    "Last failed attempts",
    html`<table class="brief">
<thead><tr><th scope="col">Began (UTC)</th><th scope="col">Service</th><th scope="col">At</th><th scope="col">Reason</th><th scope="col">Evidence</th><th scope="col">The NLB chose</th></tr></thead>
<tbody>
${lastFailures.map(renderFailure)}
</tbody></table>`,
  );
}

function renderFailure({
  at,
  namespace,
  name,
  port,
  address,
  zone,
  control,
  reason,
  evidence,
  chosen,
  detail,
}: StatusFailure): Html {
  const where = control ? `past the NLB, ${address ?? ""}` : `${zone ?? "zone unknown"}, ${address ?? "no address"}`;
  return html`<tr><td><time datetime="${at}">${clockTime(at)}</time></td><td>${namespace}/${name}:${port}</td><td>${where}</td><td><span title="${detail}">${reason}</span></td><td>${evidence === null ? "–" : EVIDENCE_WORDS[evidence]}</td><td>${chosen === null ? "–" : `${chosen.node ?? chosen.address}:${chosen.port}`}</td></tr>`;
}

/** What is seen and not probed. */
export function renderSkipped({ skipped, skippedTotal }: Status): Html {
  if (skipped.length === 0) return html`<p class="empty">Nothing that was found is left out.</p>`;
  const more = skippedTotal - skipped.length;
  const rows = skipped.map(
    ({ namespace, name, reason, detail }) => html`<tr><td>${namespace}/${name}</td><td>${reason}</td><td>${detail}</td></tr>`,
  );
  return html`<details id="skipped"><summary>${many(skippedTotal, "Service")} and Gateways, with the reason for each</summary>
${scrolling("Services that are not probed", html`<table><thead><tr><th scope="col">Service</th><th scope="col">Reason</th><th scope="col">Why</th></tr></thead><tbody>${rows}</tbody></table>`)}
${more > 0 ? html`<p class="empty">And ${more} more.</p>` : NOTHING}
</details>`;
}

/** How the agent itself is. */
export function renderAgent({ agent, at }: Status): Html {
  const { discarded, evidence, snapshotAgeSeconds, addressesSkipped, resources } = agent;
  const up = (Date.parse(at) - Date.parse(agent.startedAt)) / 1000;
  const unwatched = resources.filter(({ state }) => state !== "watched");
  const facts: readonly (readonly [string, string])[] = [
    ["Running for", span(up)],
    ["Attempts", `${agent.attempts}, ${agent.failures} failed, ${agent.attemptsInFlight} under way`],
    [
      "Discarded",
      `${discarded.late} late, ${discarded.over_budget} over budget, ${discarded.shortage} for want of files or ports`,
    ],
    ["Each frontend", `every ${span(agent.intervalSeconds)}, timeout ${span(agent.timeoutSeconds)}`],
    ["Evidence", evidence.note === null ? evidence.level : `${evidence.level}: ${evidence.note}`],
    ...(evidence.quiet === false ? [["Counters", UNQUIET_WORDS] as const] : []),
    ["Kubernetes", snapshotAgeSeconds === null ? "not read" : `last sign of life ${span(snapshotAgeSeconds)} ago`],
    ["Discovery errors", String(agent.discoveryErrors)],
    ["Addresses left out", `${addressesSkipped.ipv6_not_private} public IPv6, ${addressesSkipped.over_limit} too many`],
    ["Log lines dropped", String(agent.logLinesDropped)],
    ["Not watched", unwatched.map(({ resource, state }) => `${resource} (${state})`).join(", ") || "nothing"],
    ["Runtime", `hairpin-probe ${agent.version}, Node.js ${agent.nodeVersion}`],
  ];
  return html`<dl>${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** A table that is wider than a phone scrolls by itself, also by keyboard. */
const scrolling = (name: string, content: Html): Html =>
  html`<div class="scroll" role="region" aria-label="${name}" tabindex="0">${content}</div>`;
