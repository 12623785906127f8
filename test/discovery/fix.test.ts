import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseAttributes, setAttribute } from "../../src/discovery/objects/annotations.ts";
import { parseService } from "../../src/discovery/objects/service-object.ts";
import { fixOf } from "../../src/discovery/rules/fix.ts";
import { loadBalancerOf } from "../../src/discovery/rules/load-balancer.ts";
import { type ControllerContext, DEFAULT_CONTEXT } from "../../src/domain/controller-context.ts";
import type { Fix } from "../../src/domain/fix.ts";
import { canHairpin } from "../../src/domain/load-balancer.ts";
import { parseVersion } from "../../src/domain/version.ts";
import { commandOf } from "../../src/terminal/fix-lines.ts";
import {
  AUTO,
  CCM,
  CCM_HOSTNAME,
  type GivenService,
  lbcService,
  NLB_HOSTNAME,
  PRESERVE_OFF,
  PRESERVE_ON,
  service,
} from "./support/objects.ts";

const PREFIX = "service.beta.kubernetes.io/aws-load-balancer-";
const KEY = "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes";

function assess(
  object: unknown,
  given: Partial<ControllerContext> = {},
): { possible: boolean | undefined; fix: Fix | undefined } {
  const parsed = parseService(object);
  const context = { ...DEFAULT_CONTEXT, ...given };
  const loadBalancer = loadBalancerOf(parsed, { context });
  return { possible: canHairpin(loadBalancer), fix: fixOf(loadBalancer, parsed, { context }) };
}
const annotations = (object: unknown, given: Partial<ControllerContext> = {}) =>
  assess(object, given).fix?.annotations.map(({ key, value }) => `${key.replace(KEY, "…")}: ${value}`);

describe("the annotation", () => {
  it("is merged with what is there, and keeps its order and its escapes", () => {
    const asked = `stickiness.enabled=true, ${PRESERVE_ON},x=a\\,b`;
    assert.deepEqual(annotations(lbcService({ annotations: { "target-group-attributes": asked } })), [
      `…: stickiness.enabled=true,${PRESERVE_OFF},x=a\\,b`,
    ]);
    assert.deepEqual(annotations(lbcService()), [`…: ${PRESERVE_OFF}`]);
  });

  it("of a port that says otherwise is corrected, too", () => {
    const ports = [
      { name: "a", port: 80 },
      { name: "b", port: 443 },
    ];
    const object = lbcService({
      ports,
      annotations: { "target-group-attributes.443": `${PRESERVE_ON},deregistration_delay.timeout_seconds=5` },
    });
    assert.deepEqual(annotations(object), [
      `…: ${PRESERVE_OFF}`,
      `….443: ${PRESERVE_OFF},deregistration_delay.timeout_seconds=5`,
    ]);
  });

  it("is for the TCP ports alone where another port always preserves; where ports cannot differ there is none", () => {
    const object = lbcService({
      ports: [
        { name: "dns", port: 53, protocol: "UDP" },
        { name: "web", port: 80 },
      ],
    });
    assert.deepEqual(annotations(object), [`….80: ${PRESERVE_OFF}`]);
    assert.match(assess(object).fix?.caveats.join() ?? "", /cannot be off for 53\/UDP/);
    const older = { lbcVersion: parseVersion("2.13.0") };
    assert.deepEqual(annotations(object, older), []);
    assert.match(assess(object, older).fix?.summary ?? "", /split the Service/);
  });

  it("reaches the target groups of another Service that a listener forwards to, by its port", () => {
    const canary = parseService(service({ name: "canary", spec: { type: "NodePort" }, ports: [{ name: "alt", port: 8080 }] }));
    const forward = {
      forwardConfig: { targetGroups: [{ serviceName: "canary", servicePort: 8080, weight: 1 }] },
      type: "forward",
    };
    const given = {
      "service.beta.kubernetes.io/actions.TCP-80": JSON.stringify(forward),
      "target-group-attributes.80": PRESERVE_OFF,
    };
    const changes = (more: Readonly<Record<string, string>>, ports = [{ name: "a", port: 80, protocol: "TCP" }]) => {
      const parsed = parseService(lbcService({ ports, annotations: { ...given, ...more } }));
      const surroundings = { context: DEFAULT_CONTEXT, serviceOf: () => canary };
      return fixOf(loadBalancerOf(parsed, surroundings), parsed, surroundings)?.annotations.map(({ key }) =>
        key.replace(KEY, "…"),
      );
    };
    assert.deepEqual(changes({}), ["…"]);
    assert.deepEqual(changes({ "target-group-attributes.8080": PRESERVE_ON }), ["…", "….8080"]);
    const withUdp = [
      { name: "a", port: 80, protocol: "TCP" },
      { name: "b", port: 53, protocol: "UDP" },
    ];
    assert.deepEqual(changes({}, withUdp), ["….8080"]);
  });

  it("says since when the cloud provider honours it, and none where it does not", () => {
    const object = service({ annotations: CCM });
    assert.match(assess(object).fix?.caveats.join() ?? "", /1\.32\.6, 1\.33\.3 and 1\.34\.2/);
    assert.deepEqual(assess(object, { ccmVersion: parseVersion("1.34.2") }).fix?.caveats, []);
    const older = assess(object, { ccmVersion: parseVersion("1.34.1") }).fix;
    assert.match(older?.summary ?? "", /upgrade it.*or make the Service anew for the AWS Load Balancer Controller/);
    assert.equal(older?.anew, true);
  });

  it("is not for a controller that is older than it", () => {
    const fix = assess(service({ annotations: { type: "nlb-ip", "target-group-attributes": "x=y" } }), {
      lbcVersion: parseVersion("2.0.1"),
    }).fix;
    assert.equal(fix, undefined);
    const instance = assess(
      lbcService({ spec: { loadBalancerClass: undefined }, annotations: { type: "external", "nlb-target-type": "instance" } }),
      {
        lbcVersion: parseVersion("2.2.0"),
      },
    );
    assert.deepEqual(instance.fix?.annotations.length, 1);
  });

  it("is not offered where nothing can hairpin, or it is not known", () => {
    assert.equal(assess(lbcService({ annotations: { "target-group-attributes": PRESERVE_OFF } })).fix, undefined);
    assert.equal(assess(lbcService({ annotations: { scheme: "internet-facing" } })).fix, undefined);
    assert.equal(assess(lbcService({ spec: { externalIPs: ["10.0.0.9"] } })).fix, undefined);
  });
});

describe("where something else is refused", () => {
  it("the fix is to mend that first, with what is refused, and no command that would change nothing", () => {
    const { fix } = assess(lbcService({ annotations: { "target-group-attributes": "oops" } }));
    assert.match(fix?.summary ?? "", /^Mend first what its controller refuses.*run the audit again/);
    assert.match(fix?.caveats.join() ?? "", /target-group-attributes: got "oops", expected KEY=VALUE/);
    assert.deepEqual([fix?.annotations, fix?.anew, fix?.costs], [[], false, []]);
    const other = assess(lbcService({ annotations: { "cross-zone-load-balancing-enabled": "yes" } })).fix;
    assert.match(other?.caveats.join() ?? "", /cross-zone-load-balancing-enabled: got "yes"/);
    assert.deepEqual(other?.annotations, []);
  });

  it("and the attribute itself is what is refused, setting it mends that, too", () => {
    const object = lbcService({
      annotations: { "target-group-attributes": "preserve_client_ip.enabled=no,proxy_protocol_v2.enabled=true" },
    });
    assert.deepEqual(annotations(object), [`…: ${PRESERVE_OFF},proxy_protocol_v2.enabled=true`]);
    assert.match(assess(object).fix?.summary ?? "", /^Mends what is refused\. Switches/);
  });

  it("by AWS, because a port always preserves, the attribute goes where it is refused and comes where it is not", () => {
    const ports = [
      { name: "dns", port: 53, protocol: "UDP" },
      { name: "web", port: 80 },
    ];
    const of = (value: string) => annotations(lbcService({ ports, annotations: { "target-group-attributes": value } }));
    assert.deepEqual(of(`${PRESERVE_OFF},stickiness.enabled=true`), ["…: stickiness.enabled=true", `….80: ${PRESERVE_OFF}`]);
    assert.deepEqual(of(PRESERVE_OFF), ["…: undefined", `….80: ${PRESERVE_OFF}`]);
    const { fix } = assess(lbcService({ ports: ports.slice(0, 1), annotations: { "target-group-attributes": PRESERVE_OFF } }));
    assert.deepEqual([fix?.summary, fix?.costs], ["Mends what is refused.", []]);
  });

  it("nothing is printed where all that can be off is off already", () => {
    const ports = [
      { name: "dns", port: 53, protocol: "UDP" },
      { name: "web", port: 80 },
    ];
    const { fix } = assess(lbcService({ ports, annotations: { "target-group-attributes.80": PRESERVE_OFF } }));
    assert.match(fix?.summary ?? "", /^No setting of the NLB ends it/);
    assert.deepEqual([fix?.annotations, fix?.costs], [[], []]);
  });

  it("an annotation that is too long to be read is not written over", () => {
    const { fix } = assess(lbcService({ annotations: { "target-group-attributes": `stickiness.type=${"x".repeat(5000)}` } }));
    assert.deepEqual(fix?.annotations, []);
    assert.match(fix?.summary ?? "", /too long to be read/);
  });
});

describe("the Service is made anew", () => {
  const OLD = { ccmVersion: parseVersion("1.31.0") };
  const command = (object: ReturnType<typeof service>, given: Partial<ControllerContext> = {}): string =>
    commandOf({ namespace: "shop", name: "web", fix: assess(object, given).fix });

  it("for the AWS Load Balancer Controller where the cloud provider's version ignores the setting, all in one command", () => {
    assert.equal(
      command(service({ annotations: CCM }), OLD).replaceAll(`${PREFIX}`, "…"),
      "kubectl get -n shop service/web -o yaml | kubectl annotate --local --overwrite -f - -o yaml " +
        "'…type=external' '…nlb-target-type=instance' '…scheme=internal' " +
        `'…target-group-attributes=${PRESERVE_OFF}' | kubectl replace --force -f -`,
    );
    const { fix } = assess(service({ annotations: CCM }), OLD);
    assert.match(fix?.costs.join() ?? "", /deletes its NLB/);
    assert.match(fix?.caveats.join() ?? "", /Controller is to run before/);
  });

  it("with targets of type ip where those are asked for, which do not preserve", () => {
    const text = command(service({ annotations: { ...CCM, "nlb-target-type": "ip" } }), OLD);
    assert.match(text, /nlb-target-type=ip' '.*scheme=internal' \|/);
    assert.doesNotMatch(text, /target-group-attributes/);
  });

  it("as it is, where its annotations are right already and another controller made the NLB", () => {
    const edited = {
      type: "external",
      "nlb-target-type": "instance",
      scheme: "internal",
      "target-group-attributes": PRESERVE_OFF,
    };
    assert.equal(
      command(service({ annotations: edited, hostname: CCM_HOSTNAME })),
      "kubectl get -n shop service/web -o yaml | kubectl replace --force -f -",
    );
    const { "target-group-attributes": _, ...without } = edited;
    assert.match(
      command(service({ annotations: without, hostname: CCM_HOSTNAME })),
      /attributes=preserve_client_ip\.enabled=false' \|/,
    );
  });

  it("back to the controller, where annotations of the cloud provider were put on an NLB of its own", () => {
    assert.match(command(service({ annotations: CCM, hostname: NLB_HOSTNAME })), /type=external' .* \| kubectl replace --force/);
  });

  it("only when nothing else is refused of the new one", () => {
    const edited = { type: "external", "nlb-target-type": "instance", scheme: "private" };
    const { fix } = assess(service({ annotations: edited, hostname: CCM_HOSTNAME }));
    assert.deepEqual([fix?.anew, fix?.annotations], [false, []]);
    assert.match(fix?.summary ?? "", /is to be made anew, and first what would be refused of the new one is to be mended/);
    assert.match(fix?.caveats.join() ?? "", /scheme: got "private"/);
  });
});

const attribute = fc.tuple(
  fc.constantFrom("stickiness.enabled", "proxy_protocol_v2.enabled", "deregistration_delay.timeout_seconds"),
  fc.constantFrom("true", "false", "5"),
);
const attributes = fc
  .tuple(fc.array(attribute, { maxLength: 3 }), fc.option(fc.constantFrom(PRESERVE_ON, ` ${PRESERVE_ON} `)))
  .map(([others, own]) => [...others.map((pair) => pair.join("=")), ...(own === null ? [] : [own])].join(","));

it("done, it leaves nothing that can hairpin, whatever was asked for before, with every controller that can", () => {
  const given = fc.record({
    kind: fc.constantFrom<GivenService>({ spec: { loadBalancerClass: "service.k8s.aws/nlb" } }, AUTO),
    ports: fc.uniqueArray(fc.constantFrom(80, 443, 9000), { minLength: 1 }),
    base: fc.option(attributes),
    ofPort: fc.option(attributes),
    ip: fc.boolean(),
  });
  fc.assert(
    fc.property(given, ({ kind, ports, base, ofPort, ip }) => {
      const asked: Record<string, string> = {
        ...(base === null ? {} : { "target-group-attributes": base }),
        ...(ofPort === null ? {} : { [`target-group-attributes.${ports[0]}`]: ofPort }),
        ...(ip ? { "nlb-target-type": "ip" } : {}),
      };
      const made = (extra: Readonly<Record<string, string>>) =>
        service({ ...kind, annotations: { ...asked, ...extra }, ports: ports.map((port) => ({ name: `p${port}`, port })) });
      const { possible, fix } = assess(made({}));
      if (possible !== true) return;
      assert.ok(fix);
      const fixed = Object.fromEntries(fix.annotations.map(({ key, value }) => [key, value]));
      const object = made({});
      const after = assess({
        ...object,
        metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...fixed } },
      });
      assert.deepEqual([after.possible, after.fix], [false, undefined]);
    }),
  );
});

it("setting an attribute changes that one and no other, in whatever notation", () => {
  const item = fc.tuple(fc.stringMatching(/^[a-z_.]{1,8}$/), fc.stringMatching(/^[a-z0-9\\, ]{0,8}$/));
  fc.assert(
    fc.property(fc.array(item, { maxLength: 4 }), (items) => {
      const text = items.map(([key, value]) => `${key}=${value.replaceAll(/[\\,]/g, "\\$&")}`).join(",");
      const before = parseAttributes(text);
      assert.ok(before);
      const after = parseAttributes(setAttribute(text, "the.one", "false"));
      assert.deepEqual(after, new Map([...before, ["the.one", "false"]]));
    }),
  );
});
