import type { Fix } from "../domain/fix.ts";
import type { Controller } from "../domain/service.ts";
import type { Finding } from "./finding.ts";

/** Load balancers whose fixes are told in the same words. */
export interface FixGroup {
  readonly controller: Controller;
  readonly fix: Fix;
  readonly members: readonly Finding[];
}

/** Groups what can hairpin by what is said about its fix; in the order of the findings. */
export function groupFixes(findings: readonly Finding[]): readonly FixGroup[] {
  const groups = new Map<string, { controller: Controller; fix: Fix; members: Finding[] }>();
  for (const finding of findings) {
    const { fix, loadBalancer } = finding;
    if (fix === undefined || finding.verdict !== "can") continue;
    const { controller, kind } = loadBalancer;
    const key = JSON.stringify([kind, controller, fix.summary, fix.caveats, fix.costs, fix.alternatives]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { controller, fix, members: [finding] });
    else group.members.push(finding);
  }
  return [...groups.values()];
}

/** Quotes for a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** The command that sets a Service's annotations; "" where annotations are not the way. */
export function commandOf({ loadBalancer: { namespace, name }, fix }: Finding): string {
  if (fix === undefined || fix.annotations.length === 0) return "";
  const pairs = fix.annotations.map(({ key, value }) => quoted(`${key}=${value}`));
  return `kubectl annotate --overwrite -n ${namespace} service/${name} ${pairs.join(" ")}`;
}

/** The lines to copy for one load balancer: a command, or objects to apply. */
export function fixLines(finding: Finding): readonly string[] {
  const command = commandOf(finding);
  const { fix } = finding;
  if (command !== "") return [`  ${command}`];
  if (fix === undefined || fix.manifest === "") return [];
  return ["  kubectl apply -f - <<'EOF'", ...fix.manifest.trimEnd().split("\n"), "EOF"];
}
