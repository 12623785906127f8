/** The fix of every Service that the controllers' own code was run on. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseService } from "../../src/discovery/objects/service-object.ts";
import { fixOf } from "../../src/discovery/rules/fix.ts";
import { withChanges } from "../../src/discovery/rules/fix-changes.ts";
import { loadBalancerOf, type Surroundings } from "../../src/discovery/rules/load-balancer.ts";
import { DEFAULT_CONTEXT } from "../../src/domain/controller-context.ts";
import { canHairpin } from "../../src/domain/load-balancer.ts";
import { parseVersion } from "../../src/domain/version.ts";
import { CONTROLLER_ROWS, MODEL_ROWS, situationOf } from "./support/controller-rows.ts";

const all = [
  ...CONTROLLER_ROWS.map((row) => ({ name: row.name, refused: row.expect.reconcileError, ...situationOf(row) })),
  ...MODEL_ROWS.map(({ name, service, controller }) => ({
    name,
    refused: controller.refused !== undefined,
    service: parseService(service),
    surroundings: { context: DEFAULT_CONTEXT } satisfies Surroundings,
  })),
].map((row) => {
  const loadBalancer = loadBalancerOf(row.service, row.surroundings);
  return { ...row, loadBalancer, fix: fixOf(loadBalancer, row.service, row.surroundings) };
});

describe("the fix of each Service that the controllers' own code was run on", () => {
  it("as it is printed, leaves nothing refused and nothing known to be on but what is forced", () => {
    let printed = 0;
    for (const { name, service, surroundings, fix } of all) {
      if (fix === undefined || (fix.annotations.length === 0 && !fix.anew)) continue;
      printed++;
      const fresh = fix.anew ? { hostnames: [], finalizers: [], uid: undefined } : {};
      const context = { ...surroundings.context, ccmVersion: surroundings.context.ccmVersion ?? parseVersion("1.34.2") };
      const annotations = withChanges(service.annotations, fix.annotations);
      const after = loadBalancerOf({ ...service, ...fresh, annotations }, { ...surroundings, context });
      assert.deepEqual(after.refusals, [], name);
      for (const { targetGroup } of after.ports) {
        const { enabled, origin } = targetGroup.preserveClientIp;
        if (origin !== "forced") assert.notEqual(enabled, true, name);
        if (enabled === undefined) assert.ok(fix.caveats.length > 0, `${name}: what is not known is said`);
      }
    }
    assert.ok(printed > 250, String(printed));
  });

  it("mends first whatever the controller refuses, and there is one for each that can hairpin", () => {
    for (const { name, refused, loadBalancer, fix } of all) {
      if (canHairpin(loadBalancer) === true) assert.ok(fix, name);
      if (!refused || !loadBalancer.isNlb || loadBalancer.internal.enabled === false) continue;
      assert.match(fix?.summary ?? "", /^Mend/, name);
    }
  });
});
