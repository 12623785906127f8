import type { Fix } from "../domain/fix.ts";
import type { Controller } from "../domain/service.ts";
import type { Fixable } from "../terminal/fix-lines.ts";
import type { Finding } from "./finding.ts";

/** Load balancers whose fixes are told in the same words. */
export interface FixGroup {
  readonly controller: Controller;
  readonly fix: Fix;
  readonly members: readonly Finding[];
}

/** Groups what can hairpin, or is not known not to, by what is said about its fix; in the order of the findings. */
export function groupFixes(findings: readonly Finding[]): readonly FixGroup[] {
  const groups = new Map<string, { controller: Controller; fix: Fix; members: Finding[] }>();
  for (const finding of findings) {
    const { fix, loadBalancer } = finding;
    if (fix === undefined || finding.verdict === "cannot") continue;
    const { controller, kind } = loadBalancer;
    const key = JSON.stringify([kind, controller, fix.summary, fix.caveats, fix.costs, fix.alternatives]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { controller, fix, members: [finding] });
    else group.members.push(finding);
  }
  return [...groups.values()];
}

/** A finding as its fix is told. */
export const fixableOf = ({ loadBalancer: { namespace, name }, fix }: Finding): Fixable => ({ namespace, name, fix });
