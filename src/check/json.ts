import { reachOf } from "../domain/service.ts";
import { timeoutShare } from "../domain/window.ts";
import { fixJson } from "../terminal/fix-lines.ts";
import {
  type CheckReport,
  chosenTargets,
  connectHistogram,
  intervalOf,
  stoppedEarly,
  totalAttempts,
  verdictOf,
} from "./report.ts";

/** Raised when a key changes its meaning or goes; new keys may come at any time. */
const SCHEMA_VERSION = 1;

/** The report for programs: everything that is known, `null` where it is not. */
export function renderJson(report: CheckReport): string {
  const { target, at, node, zone, seconds, maxAttempts, frontends, controls, fix, notes } = report;
  const value = {
    schemaVersion: SCHEMA_VERSION,
    target,
    at: at.toISOString(),
    from: { node, zone: zone ?? null },
    verdict: verdictOf(report),
    attempts: totalAttempts(report),
    maxAttemptsPerAddress: maxAttempts,
    stoppedEarly: stoppedEarly(report),
    interrupted: report.isInterrupted,
    seconds,
    frontends: frontends.map(({ frontend, outcomes, window, diagnosis }) => {
      const { attempts, failures, reasons, timeouts, hairpins, silent, undecided, heard, slow, late } = window;
      const reach = reachOf(frontend.listener);
      const observed = timeoutShare(window, reach);
      const histogram = connectHistogram(outcomes);
      return {
        service: frontend.service.name,
        address: frontend.address ?? null,
        port: frontend.listener.port,
        zone: frontend.zone ?? null,
        reach,
        exposure: frontend.exposure ?? null,
        attempts,
        discarded: late,
        failures,
        reasons,
        timeouts,
        heard,
        share: observed === undefined ? null : { observed, ...intervalOf(window) },
        evidence: { hairpins, silent, undecided, chosen: chosenTargets(outcomes) },
        slow,
        connectSeconds: histogram.map(({ from, to, count }) => ({ from, to: Number.isFinite(to) ? to : null, count })),
        diagnosis,
      };
    }),
    controls: controls.map(({ address, port, window: { attempts, failures, reasons } }) => ({
      address,
      port,
      attempts,
      failures,
      reasons,
    })),
    fix: fix === undefined ? null : fixJson(fix),
    notes,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}
