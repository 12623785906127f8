import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MAX_ADDRESSES } from "../../src/discovery/dns/resolver.ts";
import { type Kept, keepThroughFailure, keepWithdrawn, NOTHING_KEPT } from "../../src/discovery/dns/withdrawn.ts";
import type { Resolution } from "../../src/domain/frontend.ts";
import { until } from "../support/waiting.ts";
import { NLB_HOSTNAME as NLB } from "./support/objects.ts";
import { type Running, resolvedTo, run } from "./support/running-resolver.ts";

const A = { address: "10.0.32.1", zone: "eu-west-1a" };
const B = { address: "10.0.64.1", zone: "eu-west-1b" };
const GONE_B = { ...B, withdrawn: true };

/** Two zones, of which the second is then withdrawn. */
async function withdrawn(withdrawnGraceMs: number): Promise<Running> {
  const running = await run({ withdrawnGraceMs });
  running.server.answers.set(NLB, { a: [A.address, B.address], ttl: 60 });
  running.server.answers.set(`${A.zone}.${NLB}`, { a: [A.address] });
  running.server.answers.set(`${B.zone}.${NLB}`, { a: [B.address] });
  await running.settle({ [NLB]: [A.zone, B.zone] });
  running.server.answers.set(NLB, { a: [A.address], ttl: 60 });
  await running.round();
  return running;
}

const resolved = (...addresses: readonly { readonly address: string; readonly zone: string; readonly withdrawn?: true }[]) =>
  ({ kind: "resolved", addresses, overLimit: 0 }) satisfies Resolution;

describe("an address that the name answers with no more", () => {
  it("stays for the grace period, in its place and with its zone, and then goes", async () => {
    await using running = await withdrawn(150_000);
    const { clock, resolver } = running;
    const withdrawnAtMs = clock.nowMs();
    assert.deepEqual(resolver.resolution(NLB), { ...resolved(A), addresses: [A, GONE_B] });
    assert.equal(running.changes(), 2);
    await running.round();
    await running.round();
    assert.deepEqual(resolver.resolution(NLB), { ...resolved(A), addresses: [A, GONE_B] });
    assert.equal(clock.nextMs, 30_000, "the end of the grace comes before the TTL's");
    await running.round();
    assert.equal(clock.nowMs() - withdrawnAtMs, 150_000);
    assert.deepEqual(resolver.resolution(NLB), resolved(A));
    assert.equal(running.changes(), 3);
    assert.equal(clock.nextMs, 60_000);
  });

  it("is an ordinary one when it comes back, and its next grace is a whole one", async () => {
    await using running = await withdrawn(100_000);
    const { server, resolver, clock } = running;
    await running.round();
    server.answers.set(NLB, { a: [A.address, B.address] });
    await running.round();
    assert.deepEqual(resolver.resolution(NLB), resolved(A, B));
    server.answers.set(NLB, { a: [A.address] });
    await running.round();
    await running.round();
    assert.deepEqual(resolver.resolution(NLB), { ...resolved(A), addresses: [A, GONE_B] });
    assert.equal(clock.nextMs, 40_000);
  });

  it("goes at once where there is no grace", async () => {
    await using running = await withdrawn(0);
    assert.deepEqual(running.resolver.resolution(NLB), resolved(A));
    assert.equal(running.clock.nextMs, 60_000);
  });

  it("is not told from the others by a failure, which withdraws nothing, but does not outlive its grace in one", async () => {
    await using running = await withdrawn(10_000);
    const { server, resolver, clock } = running;
    server.answers.set(NLB, "SERVFAIL");
    await running.round();
    // Its end was due, and the answer was a failure.
    const failed = resolver.resolution(NLB);
    assert.ok(failed?.kind === "failed");
    assert.deepEqual(failed.lastAddresses, [A]);
    for (let i = 0; i < 10; i++) await running.round();
    assert.ok(clock.nowMs() > 80_000);
    const later = resolver.resolution(NLB);
    assert.deepEqual(later?.kind === "failed" && later.lastAddresses, [A]);
  });

  it("is none of another name's", async () => {
    await using running = await withdrawn(100_000);
    running.resolver.want(new Map());
    running.server.answers.set("other.example", { a: ["10.0.99.1"] });
    await running.settle({ "other.example": [] });
    assert.deepEqual(running.resolver.resolution("other.example"), resolvedTo(["10.0.99.1"]));
    await running.settle({ [NLB]: [] });
    assert.deepEqual(running.resolver.resolution(NLB), resolvedTo([A.address]));
  });
});

describe("a name that flaps", () => {
  it("between nothing and something keeps what it had, and reports each turn once", async () => {
    await using running = await run({ withdrawnGraceMs: 300_000 });
    const { server, resolver } = running;
    for (let turn = 0; turn < 5; turn++) {
      server.answers.set(NLB, { a: [`10.0.${turn}.1`], ttl: 1 });
      if (turn === 0) await running.settle({ [NLB]: [] });
      else await running.round();
      server.answers.set(NLB, "NXDOMAIN");
      await running.round();
    }
    const resolution = resolver.resolution(NLB);
    assert.ok(resolution?.kind === "failed");
    const expected = [0, 1, 2, 3].map((turn) => ({ address: `10.0.${turn}.1`, zone: undefined, withdrawn: true }));
    assert.deepEqual(resolution.lastAddresses, [...expected, { address: "10.0.4.1", zone: undefined }]);
    assert.equal(running.errors.length, 5);
    assert.equal(running.clock.pending, 1);
  });

  it("through ever new addresses stays within the bound, and its newest are all there", async () => {
    await using running = await run({ withdrawnGraceMs: 3_600_000 });
    const { server, resolver } = running;
    const block = (turn: number) => Array.from({ length: 20 }, (_, i) => `10.${turn}.0.${i}`);
    for (let turn = 0; turn < 12; turn++) {
      server.answers.set(NLB, { a: block(turn), ttl: 1 });
      if (turn === 0) await running.settle({ [NLB]: [] });
      else await running.round();
    }
    const resolution = resolver.resolution(NLB);
    assert.ok(resolution?.kind === "resolved");
    assert.equal(resolution.addresses.length, MAX_ADDRESSES);
    const present = resolution.addresses.filter((address) => address.withdrawn !== true).map(({ address }) => address);
    assert.deepEqual(present.sort(), block(11).sort());
    const newest = resolution.addresses.filter(({ address }) => address.startsWith("10.10."));
    assert.equal(newest.length, 20, "what was withdrawn last stays longest");
  });

  it("is forgotten whole with its withdrawn addresses, while a question is under way", async () => {
    await using running = await withdrawn(300_000);
    running.clock.advance(60_000);
    running.resolver.want(new Map());
    await until("the question was asked", () => running.server.asked(`A ${NLB}`) === 3);
    assert.equal(running.resolver.resolution(NLB), undefined);
    assert.equal(running.clock.pending, 0);
  });
});

describe("whatever DNS answers, in whatever order", () => {
  const addresses = fc.uniqueArray(fc.integer({ min: 10, max: 40 }), { maxLength: 12 });
  const step = fc.record({ answer: fc.option(addresses), waitMs: fc.integer({ min: 0, max: 90 }) });
  const rules = { graceMs: 100, max: 8 };

  it("present addresses are never pushed out, withdrawn ones never outlive their grace, and the bound holds", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let kept: Kept = NOTHING_KEPT;
        let nowMs = 0;
        const lastSeenMs = new Map<string, number>();
        for (const { answer, waitMs } of steps) {
          nowMs += waitMs;
          const present = answer?.map((n) => ({ address: `10.0.0.${n}`, zone: undefined })).toSorted(byAddress);
          if (present === undefined) kept = keepThroughFailure(kept, nowMs, rules);
          else {
            kept = keepWithdrawn(kept, present, nowMs, rules);
            const used = present.slice(0, rules.max);
            assert.deepEqual(
              kept.addresses.filter(({ withdrawn }) => withdrawn === undefined),
              used,
            );
            assert.equal(kept.overLimit, present.length - used.length);
          }
          assert.ok(kept.addresses.length <= rules.max);
          assert.deepEqual(kept.addresses, kept.addresses.toSorted(byAddress));
          for (const { address, withdrawn } of kept.addresses) {
            if (withdrawn === undefined) lastSeenMs.set(address, nowMs);
            else assert.ok(nowMs - (kept.missingSince.get(address) ?? 0) < rules.graceMs && lastSeenMs.has(address));
          }
          assert.equal(kept.missingSince.size, kept.addresses.filter(({ withdrawn }) => withdrawn === true).length);
        }
      }),
    );
  });
});

const byAddress = (a: { readonly address: string }, b: { readonly address: string }): number => (a.address < b.address ? -1 : 1);
