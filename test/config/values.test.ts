import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CONTROLLER_DEFINITIONS, type ControllerSettings, controllerContextOf } from "../../src/config/controller-definitions.ts";
import { define } from "../../src/config/definition.ts";
import { boolean, word } from "../../src/config/parsers.ts";
import { readValues } from "../../src/config/values.ts";
import { DEFAULT_CONTEXT } from "../../src/domain/controller-context.ts";

const DEFINITIONS = {
  namespace: define({ parse: word, short: "n", placeholder: "NAME", help: "Which." }),
  noColor: define({ parse: boolean, isSwitch: true, placeholder: "", help: "None.", default: "false" }),
  ...CONTROLLER_DEFINITIONS,
};

const read = (argv: readonly string[], given: { env?: Record<string, string>; ownsEnvironment?: boolean } = {}) =>
  readValues(DEFINITIONS, { argv, env: given.env ?? {}, readFile: () => "", ownsEnvironment: given.ownsEnvironment ?? true });

describe("the values of a command's settings", () => {
  it("are taken by the short name of a flag, too", () => {
    assert.equal(read(["-n", "shop"]).values.namespace, "shop");
    assert.deepEqual(read(["-n"]).problems, ["-n: got nothing, expected a value"]);
    assert.match(read(["-x"]).problems[0] ?? "", /^-x: unknown flag/);
  });

  it("of a switch need none, and are still parsed where one is given", () => {
    assert.equal(read([]).values.noColor, false);
    assert.equal(read(["--no-color"]).values.noColor, true);
    assert.equal(read(["--no-color", "-n", "shop"]).values.namespace, "shop");
    assert.deepEqual(read(["--no-color=perhaps"]).problems, ['--no-color: got "perhaps", expected true or false']);
    assert.equal(read([], { env: { HAIRPIN_PROBE_NO_COLOR: "true" } }).values.noColor, true);
  });

  it("leave variables alone that belong to another command", () => {
    const env = { HAIRPIN_PROBE_INTERVAL: "5s", HAIRPIN_PROBE_NAMESPACE: "shop" };
    assert.equal(read([], { env }).problems.length, 1);
    const beside = read([], { env, ownsEnvironment: false });
    assert.deepEqual([beside.problems, beside.values.namespace], [[], "shop"]);
  });
});

describe("what the operator says of the controllers", () => {
  const contextOf = (argv: readonly string[]) => controllerContextOf(read(argv).values as unknown as ControllerSettings);

  it("is that they are current ones, as they come, where nothing is said", () => {
    assert.deepEqual(contextOf([]), DEFAULT_CONTEXT);
  });

  it("reaches discovery whole", () => {
    const argv = [
      "--lbc-version",
      "v2.13.4",
      "--ccm-version",
      "1.34",
      "--lbc-target-type",
      "ip",
      "--lbc-scheme",
      "internet-facing",
    ];
    const gates = ["--lbc-load-balancer-only=true", "--lbc-tcp-udp-listener=true", "--lbc-ip-targets=false"];
    const all = [...argv, "--lbc-class", "example.com/nlb", ...gates, "--lbc-service-controller", "false"];
    assert.deepEqual(contextOf(all), {
      lbcVersion: { major: 2, minor: 13, patch: 4 },
      ccmVersion: { major: 1, minor: 34, patch: 0 },
      lbcTargetType: "ip",
      lbcScheme: "internet-facing",
      lbcClass: "example.com/nlb",
      lbcLoadBalancerOnly: true,
      lbcTcpUdpListener: true,
      lbcIpTargets: false,
      lbcServiceController: false,
    });
  });

  it("must be what it is documented to be", () => {
    const { problems } = read(["--lbc-version", "latest", "--lbc-target-type", "alb"]);
    assert.deepEqual(problems, [
      '--lbc-version: got "latest", expected a version such as 2.13.4',
      '--lbc-target-type: got "alb", expected one of instance, ip',
    ]);
  });
});
