/** The fix of every Service that the rules are tried on, tried on the rules. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseService } from "../../src/discovery/objects/service-object.ts";
import { fixOf } from "../../src/discovery/rules/fix.ts";
import { withChanges } from "../../src/discovery/rules/fix-changes.ts";
import { loadBalancerOf } from "../../src/discovery/rules/load-balancer.ts";
import { canHairpin } from "../../src/domain/load-balancer.ts";
import { parseVersion } from "../../src/domain/version.ts";
import { contextsOf } from "./support/nlb-case.ts";
import { LBC_CASES } from "./support/nlb-cases-lbc.ts";
import { MORE_CASES } from "./support/nlb-cases-more.ts";
import { OTHER_CASES } from "./support/nlb-cases-others.ts";

describe("of every Service that the rules are tried on", () => {
  const all = [...LBC_CASES, ...OTHER_CASES, ...MORE_CASES].flatMap(([name, object, , context = {}]) =>
    contextsOf(context).map((surroundings) => {
      const parsed = parseService(object);
      const loadBalancer = loadBalancerOf(parsed, surroundings);
      return { name, parsed, surroundings, loadBalancer, fix: fixOf(loadBalancer, parsed, surroundings) };
    }),
  );

  it("the printed fix leaves preservation on only where it is forced, and nothing refused", () => {
    for (const { name, parsed, surroundings, fix } of all) {
      if (fix === undefined || (fix.annotations.length === 0 && !fix.anew)) continue;
      const annotations = withChanges(parsed.annotations, fix.annotations);
      const fresh = fix.anew ? { hostnames: [], finalizers: [], uid: undefined } : {};
      const ccmVersion = surroundings.context.ccmVersion ?? parseVersion("1.34.2");
      const after = loadBalancerOf({ ...parsed, ...fresh, annotations }, { context: { ...surroundings.context, ccmVersion } });
      assert.deepEqual(after.refusals, [], name);
      for (const { targetGroup } of after.ports) {
        const { enabled, origin } = targetGroup.preserveClientIp;
        assert.equal(enabled, origin === "forced", name);
      }
    }
  });

  it("there is one for each that can hairpin, and where something is refused it is about that", () => {
    for (const { name, loadBalancer, fix } of all) {
      if (loadBalancer.internal.enabled === false || loadBalancer.shortcuts.length > 0) continue;
      if (canHairpin(loadBalancer) === true) assert.ok(fix, name);
      if (!loadBalancer.isNlb || loadBalancer.refusals.length === 0) continue;
      assert.match(fix?.summary ?? "", /^Mend/, name);
      if (fix?.annotations.length === 0) {
        assert.deepEqual(
          fix.caveats,
          loadBalancer.refusals.map(({ detail }) => detail),
          name,
        );
      }
    }
  });
});
