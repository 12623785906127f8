import { createHash } from "node:crypto";
import type { Status } from "../domain/status.ts";
import { Html, html } from "../terminal/html.ts";
import { renderMatrix } from "./matrix.ts";
import { SCRIPT } from "./script.ts";
import { renderAgent, renderFailures, renderSkipped, renderTroubles, renderUnmeasured } from "./sections.ts";
import { STYLE } from "./style.ts";
import { clockTime, summaryOf } from "./words.ts";

/** Seconds after which a browser without JavaScript loads the page anew. */
const RELOAD_SECONDS = 15;

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/**
 * What a browser may do with the page: nothing but its own style sheet and script, known by their hashes, and asking for the page
 * again. It is in no frame, in no cache, and tells nobody where its reader came from.
 *
 * @see W3C, Content Security Policy Level 3; the OWASP Secure Headers Project.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": [
    "default-src 'none'",
    `style-src ${hashOf(STYLE)}`,
    `script-src ${hashOf(SCRIPT)}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "cache-control": "no-store",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** The agent's page: all of it at once, in one document, that needs nothing else. */
export function renderPage(status: Status): string {
  const { agent, at } = status;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${agent.node} · hairpin-probe</title>
<link rel="icon" href="data:,">
<noscript><meta http-equiv="refresh" content="${RELOAD_SECONDS}"></noscript>
<style>${new Html(STYLE)}</style>
</head>
<body>
<header><h1>hairpin-probe</h1><p>node <strong>${agent.node}</strong></p><p>zone <strong>${agent.zone ?? "unknown"}</strong></p><p>version ${agent.version}</p></header>
<p id="stale" class="stale" role="status" hidden></p>
<main>
<p class="summary">${summaryOf(status)} <span class="facts">As of <time datetime="${at}">${clockTime(at)}</time> UTC.</span></p>
${renderTroubles(status)}
<section aria-labelledby="frontends"><h2 id="frontends">Services and their frontends</h2>${renderMatrix(status)}</section>
${renderUnmeasured(status)}
<section aria-labelledby="failures"><h2 id="failures">Last failures</h2>${renderFailures(status)}</section>
<section aria-labelledby="unprobed"><h2 id="unprobed">Not probed</h2>${renderSkipped(status)}</section>
<section aria-labelledby="agent"><h2 id="agent">This agent</h2>${renderAgent(status)}</section>
</main>
<footer>The same as <a href="api/v1/status">JSON</a>, and as <a href="metrics">metrics</a>.</footer>
<script>${new Html(SCRIPT)}</script>
</body>
</html>
`.text;
}
