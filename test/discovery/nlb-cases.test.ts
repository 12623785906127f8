import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseService } from "../../src/discovery/objects/service-object.ts";
import { loadBalancerOf } from "../../src/discovery/rules/load-balancer.ts";
import { contextsOf, describeLoadBalancer, type NlbCase } from "./support/nlb-case.ts";
import { LBC_CASES } from "./support/nlb-cases-lbc.ts";
import { MORE_CASES } from "./support/nlb-cases-more.ts";
import { OTHER_CASES } from "./support/nlb-cases-others.ts";

const check = ([name, object, expected, context = {}]: NlbCase): void => {
  it(`${name}: ${expected}`, () => {
    for (const surroundings of contextsOf(context)) {
      const loadBalancer = loadBalancerOf(parseService(object), surroundings);
      assert.equal(describeLoadBalancer(loadBalancer), expected, JSON.stringify(surroundings));
    }
  });
};

describe("what a Service of the AWS Load Balancer Controller implies", () => LBC_CASES.forEach(check));
describe("what a Service of anyone else implies", () => OTHER_CASES.forEach(check));
describe("corners of the rules", () => MORE_CASES.forEach(check));

describe("what is not known", () => {
  const all = [...LBC_CASES, ...OTHER_CASES, ...MORE_CASES].flatMap(([name, object, expected, context = {}]) =>
    contextsOf(context).map((surroundings) => ({
      name,
      expected,
      loadBalancer: loadBalancerOf(parseService(object), surroundings),
    })),
  );
  it("comes with a sentence each, or with what is refused", () => {
    for (const { name, expected, loadBalancer } of all) {
      const isOpen = loadBalancer.isNlb && expected.includes("unknown") && !expected.includes("internet-facing");
      const { doubts, refusals } = loadBalancer;
      if (isOpen) assert.ok(doubts.length + refusals.length > 0, name);
      for (const sentence of doubts) assert.match(sentence, /^[A-Zk][^\n]*\.$/, name);
    }
  });
});
