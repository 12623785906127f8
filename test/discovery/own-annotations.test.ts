import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { classify, nlb, skip } from "./support/classify.ts";
import { lbcService } from "./support/objects.ts";

describe("our annotations", () => {
  it("probe false opts out, true does not", () => {
    assert.equal(skip(lbcService({ annotations: { "hairpin-probe/probe": "false" } })), "opted_out");
    nlb(lbcService({ annotations: { "hairpin-probe/probe": "true" } }));
  });
  it("path replaces the default path", () => {
    assert.equal(nlb(lbcService()).listeners[0]?.path, "/");
    assert.equal(nlb(lbcService({ annotations: { "hairpin-probe/path": "/healthz?x=1" } })).listeners[0]?.path, "/healthz?x=1");
  });
  const malformed: readonly (readonly [string, string, string])[] = [
    ["probe", "no", 'got "no", expected "true" or "false"'],
    ["path", "healthz", 'got "healthz", expected a path'],
    ["path", "/a b", 'got "/a b", expected a path'],
    ["path", "/a\r\nHost: x", 'got "/a\\r\\nHost: x", expected a path'],
    ["protocol", "80", 'got "80", expected PORT=PROTOCOL'],
    ["protocol", "80=h2", 'got "80=h2", expected one of tcp, http, tls, https'],
    ["protocol", "81=http", 'got "81=http", expected number or name of a TCP port'],
    ["protocol", "80=http,http=tcp", 'got "http=tcp", expected each port once'],
    ["path", `/${"a".repeat(5_000)}`, "too long"],
  ];
  for (const [name, value, sentence] of malformed) {
    it(`${name} ${JSON.stringify(value.slice(0, 20))} is refused with a sentence`, () => {
      const result = classify(lbcService({ annotations: { [`hairpin-probe/${name}`]: value } }));
      assert.equal(result.kind === "skipped" && result.reason, "invalid");
      const detail = result.kind === "skipped" ? result.detail : "";
      assert.ok(detail.startsWith(`hairpin-probe/${name}: `) && detail.includes(sentence), detail);
    });
  }
});
