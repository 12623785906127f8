import type { Control } from "../../src/domain/control.ts";
import { PHASES, REASONS } from "../../src/domain/outcome.ts";
import { type AgentDescription, AgentMetrics } from "../../src/metrics/agent-metrics.ts";
import { frontend, snapshot } from "./services.ts";

/** An agent as they are by default. */
export const AGENT: AgentDescription = {
  zone: "eu-west-1a",
  version: "1.2.3",
  nodeVersion: "v26.0.0",
  evidenceLevel: "counters",
  discoversFrom: "kubernetes",
};

/** A page with every metric that there is, each with a value. */
export async function fullPage(): Promise<string> {
  const metrics = new AgentMetrics({ node: "n1", nowMs: () => 0, maxSeries: 20_000 });
  const backends = { ready: 2, unready: 1 };
  const one = frontend({ exposure: 0.5, backends });
  const other = frontend({ id: "shop/web:80@10.0.64.5", address: "10.0.64.5", zone: "eu-west-1b", exposure: 0, backends });
  const control: Control = { id: "c", service: one.service, listener: one.listener, address: "172.20.0.80", port: 80 };
  const discovered = snapshot({
    services: [{ service: one.service, backends: [] }],
    skipped: [{ namespace: "shop", name: "outside", reason: "not_internal", detail: "" }],
  });
  metrics.watchSnapshotAge(() => 1_500);
  metrics.watchAgent(() => AGENT);
  metrics.plan(discovered, [one, other], [control]);
  metrics.leftToOthers(3);
  metrics.pace({ needed: 240, limit: 200, slowed: 1 });
  metrics.started(0.001);
  metrics.resolved(0.002);
  const phases = Object.fromEntries(PHASES.map((phase) => [phase, 0.001]));
  metrics.outcome(one, { kind: "success", phases, certificateExpiry: 2_000_000_000 });
  for (const reason of REASONS)
    metrics.outcome(one, { kind: "failure", reason, phase: "connect", detail: "", seconds: 1, phases: {} });
  metrics.outcome(one, { kind: "discarded", why: "late" });
  metrics.discoveryError("services");
  metrics.serverTls({ isCurrent: true, expiresAt: 2_000_000_000 });
  return metrics.registry.render();
}
