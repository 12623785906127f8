import type { LoadBalancerPort } from "../domain/load-balancer.ts";
import { type Sibling, type Switch, UNKNOWN_SWITCH } from "../domain/target-group.ts";
import { fixJson } from "../terminal/fix-lines.ts";
import { countVerdicts, type Finding } from "./finding.ts";
import { fixableOf } from "./fixes.ts";
import type { AuditReport } from "./text.ts";

/** Raised when a key changes its meaning or goes; new keys may come at any time. */
const SCHEMA_VERSION = 1;

/** The report for programs: everything that is known, `null` where it is not. */
export function renderJson({ findings, all, notes }: AuditReport): string {
  const { can, unknown, cannot } = countVerdicts(all);
  const report = {
    schemaVersion: SCHEMA_VERSION,
    summary: { total: all.length, can, unknown, cannot },
    loadBalancers: findings.map(loadBalancerJson),
    notes,
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

function loadBalancerJson(finding: Finding): object {
  const { loadBalancer, verdict, reason, exposure, exposedNode, skipped } = finding;
  const { kind, namespace, name, controller, isNlb, internal, hostnames, shortcuts, zonalAffinity, ports } = loadBalancer;
  return {
    kind,
    namespace,
    name,
    verdict,
    reason,
    controller,
    isNlb,
    internal: switchJson(internal),
    hostnames,
    exposure: exposure ?? null,
    exposedNode: exposedNode ?? null,
    ports: ports.map(portJson),
    shortcuts,
    zonalAffinity,
    refusals: loadBalancer.refusals,
    ignored: loadBalancer.ignored ?? [],
    doubts: loadBalancer.doubts,
    skipped: skipped === undefined ? null : { reason: skipped.reason, detail: skipped.detail },
    fix: fixJson(fixableOf(finding)),
  };
}

function portJson({ port, name, transport, tlsTerminated, targetGroup }: LoadBalancerPort): object {
  const { targetType, preserveClientIp, crossZone, externalTrafficPolicy, stickiness, nodeSelector, multiCluster, weight } =
    targetGroup;
  return {
    port,
    name,
    transport,
    tlsTerminated,
    targetType: targetType ?? null,
    preserveClientIp: switchJson(preserveClientIp),
    crossZone: switchJson(crossZone),
    externalTrafficPolicy,
    stickiness,
    nodeSelector: nodeSelector === undefined ? null : Object.fromEntries(nodeSelector),
    multiCluster,
    weight: weight ?? null,
    siblings: (targetGroup.siblings ?? []).map(siblingJson),
    ipFamily: targetGroup.ipFamily ?? null,
  };
}

/** Another target group of the same listener. */
function siblingJson({ port, weight, targetGroup }: Sibling): object {
  const { targetType, preserveClientIp = UNKNOWN_SWITCH } = targetGroup ?? {};
  return {
    port: port ?? null,
    weight: weight ?? null,
    targetType: targetType ?? null,
    preserveClientIp: switchJson(preserveClientIp),
  };
}

const switchJson = ({ enabled, origin }: Switch): object => ({ enabled: enabled ?? null, origin });
