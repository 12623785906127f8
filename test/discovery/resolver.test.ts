import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_ADDRESSES } from "../../src/discovery/dns/resolver.ts";
import { NLB_HOSTNAME as NLB } from "./support/objects.ts";
import { resolvedTo, run } from "./support/running-resolver.ts";

describe("addresses", () => {
  it("come in a fixed order, each once, and a change of order is no change", async () => {
    await using running = await run();
    const { server, resolver } = running;
    server.answers.set(NLB, { a: ["10.0.64.1", "10.0.32.1", "10.0.64.1"] });
    await running.settle({ [NLB]: [] });
    assert.deepEqual(resolver.resolution(NLB), resolvedTo(["10.0.32.1"], ["10.0.64.1"]));
    server.answers.set(NLB, { a: ["10.0.32.1", "10.0.64.1"] });
    await running.round();
    assert.equal(running.changes(), 1);
    assert.deepEqual(running.resolved, [NLB, NLB]);
  });

  it("of IPv6 are taken when they are there, and their absence or failure is none of the name", async () => {
    await using running = await run();
    const { server, resolver } = running;
    server.answers.set(NLB, { a: ["10.0.32.1"], aaaa: ["fd00::1"] });
    server.answers.set("v4.example", { a: ["10.0.32.2"] });
    await running.settle({ [NLB]: [], "v4.example": [] });
    assert.deepEqual(resolver.resolution(NLB), resolvedTo(["10.0.32.1"], ["fd00::1"]));
    assert.deepEqual(resolver.resolution("v4.example"), resolvedTo(["10.0.32.2"]));
    assert.deepEqual(running.errors, []);
  });

  it("beyond the bound are cut, the same ones each time, and that is reported once", async () => {
    await using running = await run();
    const a = Array.from({ length: MAX_ADDRESSES + 3 }, (_, i) => `10.0.1.${i}`);
    // Too large for a datagram without EDNS; c-ares asks with it.
    running.server.answers.set(NLB, { a });
    await running.settle({ [NLB]: [] });
    await running.round();
    const resolution = running.resolver.resolution(NLB);
    assert.equal(resolution?.kind === "resolved" && resolution.addresses.length, MAX_ADDRESSES);
    assert.equal(resolution?.overLimit, 3);
    assert.deepEqual(running.errors, [`${NLB}: 67 addresses; only the first 64 are used`]);
  });
});

describe("how long an answer is good for", () => {
  const ttls = [
    [0, 1_000],
    [7, 7_000],
    [60, 60_000],
    [3_600, 60_000],
  ] as const;
  for (const [ttl, expectedMs] of ttls) {
    it(`a TTL of ${ttl} s: ${expectedMs / 1000} s`, async () => {
      await using running = await run();
      running.server.answers.set(NLB, { a: ["10.0.32.1"], ttl });
      await running.settle({ [NLB]: [] });
      assert.equal(running.clock.nextMs, expectedMs);
      assert.equal(running.server.asked(`A ${NLB}`), 1);
      await running.round();
      assert.equal(running.server.asked(`A ${NLB}`), 2);
    });
  }
});

describe("a name that fails", () => {
  for (const failure of ["NXDOMAIN", "SERVFAIL", "silence"] as const) {
    it(`(${failure}) says so at once, keeps its last addresses, and comes back when it answers`, async () => {
      await using running = await run({ tries: 2, timeoutMs: 300 });
      const { server, resolver } = running;
      server.answers.set(NLB, { a: ["10.0.32.1"] });
      await running.settle({ [NLB]: [] });
      server.answers.set(NLB, failure);
      await running.round();
      const failed = resolver.resolution(NLB);
      assert.ok(failed?.kind === "failed");
      const code = { NXDOMAIN: "ENOTFOUND", SERVFAIL: "ESERVFAIL", silence: "ETIMEOUT" }[failure];
      assert.equal(failed.detail, `${code} for the A records of ${NLB}`);
      assert.deepEqual(failed.lastAddresses, [{ address: "10.0.32.1", zone: undefined }]);
      assert.ok((running.clock.nextMs ?? 0) >= 1_000 && (running.clock.nextMs ?? 0) <= 4_000);

      await running.round();
      assert.equal(running.errors.length, 1, "the same failure is reported once");
      server.answers.set(NLB, { a: ["10.0.32.2"] });
      await running.round();
      assert.deepEqual(resolver.resolution(NLB), resolvedTo(["10.0.32.2"]));
      assert.equal(running.changes(), 3);
    });
  }

  it("from the start has no last addresses", async () => {
    await using running = await run();
    await running.settle({ [NLB]: [] });
    assert.deepEqual(running.resolver.resolution(NLB), {
      kind: "failed",
      detail: `ENOTFOUND for the A records of ${NLB}`,
      lastAddresses: [],
      overLimit: 0,
    });
  });

  it("because it has no addresses of any kind says that", async () => {
    await using running = await run();
    running.server.answers.set(NLB, {});
    await running.settle({ [NLB]: [] });
    const resolution = running.resolver.resolution(NLB);
    assert.match(resolution?.kind === "failed" ? resolution.detail : "", /neither A nor AAAA/);
  });

  it("because it is none is not asked for", async () => {
    await using running = await run();
    await running.settle({ "not a name": [] });
    assert.equal(running.resolver.resolution("not a name")?.kind, "failed");
    assert.deepEqual(running.server.questions, []);
  });
});
