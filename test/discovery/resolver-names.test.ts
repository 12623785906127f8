import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../support/waiting.ts";
import { NLB_HOSTNAME as NLB } from "./support/objects.ts";
import { resolvedTo, run } from "./support/running-resolver.ts";

describe("zones", () => {
  it("come from the zonal names, and one that does not answer leaves its addresses without", async () => {
    await using running = await run();
    const { server, resolver } = running;
    server.answers.set(NLB, { a: ["10.0.32.1", "10.0.64.1", "10.0.96.1"] });
    server.answers.set(`eu-west-1a.${NLB}`, { a: ["10.0.32.1"] });
    server.answers.set(`eu-west-1b.${NLB}`, { a: ["10.0.64.1", "10.0.64.9"] });
    await running.settle({ [NLB]: ["eu-west-1a", "eu-west-1b", "eu-west-1c"] });
    assert.deepEqual(
      resolver.resolution(NLB),
      resolvedTo(["10.0.32.1", "eu-west-1a"], ["10.0.64.1", "eu-west-1b"], ["10.0.96.1"]),
    );
  });

  it("once known stay with their address, and are not asked for again", async () => {
    await using running = await run();
    const { server, resolver } = running;
    server.answers.set(NLB, { a: ["10.0.32.1"] });
    server.answers.set(`eu-west-1a.${NLB}`, { a: ["10.0.32.1"] });
    await running.settle({ [NLB]: ["eu-west-1a"] });
    server.answers.set(`eu-west-1a.${NLB}`, "NXDOMAIN");
    await running.round();
    assert.deepEqual(resolver.resolution(NLB), resolvedTo(["10.0.32.1", "eu-west-1a"]));
    assert.equal(server.asked(`A eu-west-1a.${NLB}`), 1);
  });

  it("that become known later are asked for at once, where an address lacks one", async () => {
    await using running = await run();
    const { server, resolver } = running;
    server.answers.set(NLB, { a: ["10.0.32.1"] });
    server.answers.set(`eu-west-1a.${NLB}`, { a: ["10.0.32.1"] });
    await running.settle({ [NLB]: [] });
    resolver.want(new Map([[NLB, ["eu-west-1a"]]]));
    assert.equal(running.clock.nextMs, 0);
    await running.round();
    assert.deepEqual(resolver.resolution(NLB), resolvedTo(["10.0.32.1", "eu-west-1a"]));
  });

  it("are looked for behind names of NLBs only", async () => {
    await using running = await run();
    running.server.answers.set("lb.example.com", { a: ["10.0.32.1"] });
    await running.settle({ "lb.example.com": ["eu-west-1a"] });
    assert.deepEqual(running.server.questions.sort(), ["A lb.example.com", "AAAA lb.example.com"]);
  });
});

describe("names that are wanted", () => {
  it("no more are forgotten, and asked for no more", async () => {
    await using running = await run();
    running.server.answers.set(NLB, { a: ["10.0.32.1"] });
    await running.settle({ [NLB]: [] });
    running.resolver.want(new Map());
    assert.equal(running.resolver.resolution(NLB), undefined);
    assert.equal(running.clock.pending, 0);
  });

  it("all at once are asked for one after the other", async () => {
    let drawn = 0;
    await using running = await run({ random: () => (drawn++ % 100) / 100 });
    running.resolver.want(new Map(Array.from({ length: 100 }, (_, i) => [`lb-${i}.example`, []])));
    running.clock.advance(400);
    await until("the first are asked for", () => running.server.questions.length > 0);
    const asked = new Set(running.server.questions.map((question) => question.split(" ")[1])).size;
    assert.ok(running.clock.pending >= 50 && asked <= 50, `${asked} asked, ${running.clock.pending} to come`);
  });

  it("leave nothing behind when all ends, not even a question under way", async () => {
    await using ended = await run({ tries: 3, timeoutMs: 300 });
    await using control = await run({ tries: 3, timeoutMs: 300 });
    for (const { server, resolver, clock } of [ended, control]) {
      server.answers.set(NLB, "silence");
      resolver.want(new Map([[NLB, []]]));
      clock.advance(0);
      await until("it is asked for", () => server.asked(`A ${NLB}`) === 1);
    }
    const asked = ended.server.asked(`A ${NLB}`);
    ended.controller.abort();
    // The control was asked later: what had not been given up would have been asked again before.
    await until("the control is asked for again", () => control.server.asked(`A ${NLB}`) > asked);
    assert.equal(ended.server.asked(`A ${NLB}`), asked);
    assert.equal(ended.resolver.resolution(NLB), undefined);
    assert.deepEqual([ended.clock.pending, ended.errors], [0, []]);
  });
});
