import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Disruption } from "../../../lab/cluster/disruption.ts";
import { at, IN_SHOP, SERVICES, serviceBody, startServer } from "./servers.ts";

async function prepared(t: TestContext) {
  const server = await startServer(t);
  await server.request("POST", IN_SHOP, serviceBody("web"));
  const list = () => server.request("GET", SERVICES);
  const newWatch = () => server.watch(`${SERVICES}?watch=1&resourceVersion=2`);
  const open = await newWatch();
  await server.request("POST", IN_SHOP, serviceBody("api"));
  assert.deepEqual(await open.brief(1), ["ADDED api"]);
  return { ...server, list, newWatch, open, disrupt: (mode: Disruption) => server.server.disrupt(mode) };
}

test("refuse: open connections are gone and nobody listens, until it is well again on the same port", async (t) => {
  const { disrupt, list, open } = await prepared(t);
  await disrupt("refuse");
  await assert.rejects(open.next());
  await assert.rejects(list(), { message: "fetch failed" });
  await disrupt("none");
  assert.equal((await list()).status, 200);
});

test("reset: open watches are reset once, and a new one resumes where it was", async (t) => {
  const { disrupt, open, newWatch } = await prepared(t);
  await disrupt("reset");
  await assert.rejects(open.next());
  assert.deepEqual(await (await newWatch()).brief(1), ["ADDED api"]);
});

test("garbage: half a line in watches, HTML for a list", async (t) => {
  const { disrupt, list, open, newWatch } = await prepared(t);
  await disrupt("garbage");
  for (const reader of [open, await newWatch()]) {
    assert.equal(await reader.next(), undefined);
    assert.match(reader.rest, /^\{"type":"MODIFIED","object":\{/);
  }
  const answer = await list();
  assert.deepEqual([answer.status, answer.headers.get("content-type"), answer.json], [200, "text/html", undefined]);
});

for (const [mode, status] of [
  ["error", 500],
  ["too_many", 429],
] as const) {
  test(`${mode}: every request is answered with ${status}, and open watches are reset`, async (t) => {
    const { disrupt, list, open, newWatch } = await prepared(t);
    await disrupt(mode);
    await assert.rejects(open.next());
    const answer = await list();
    assert.deepEqual([answer.status, at(answer.json, "code")], [status, status]);
    assert.equal(answer.headers.get("retry-after"), mode === "too_many" ? "1" : null);
    assert.equal((await newWatch()).status, status);
  });
}

test("hang: requests are never answered and open watches go silent, for good", async (t) => {
  const { disrupt, list, open, request, url } = await prepared(t);
  await disrupt("hang");
  await assert.rejects(fetch(`${url}${SERVICES}`, { signal: AbortSignal.timeout(100) }), { name: "TimeoutError" });
  await disrupt("none");
  await request("DELETE", `${IN_SHOP}/api`);
  assert.equal((await list()).status, 200);
  await assert.rejects(open.next(100), /nothing came/);
});

test("gone: every watch is answered with 410, as status or as event, while lists work", async (t) => {
  const { disrupt, list, open, newWatch } = await prepared(t);
  await disrupt("gone");
  assert.deepEqual(await open.brief(2), ["ERROR 410", "END"]);
  const refused = await newWatch();
  assert.equal(refused.status, 410);
  assert.equal((await list()).status, 200);
  await disrupt("gone_event");
  const event = await newWatch();
  assert.equal(event.status, 200);
  assert.deepEqual(await event.brief(2), ["ERROR 410", "END"]);
  await disrupt("none");
  assert.deepEqual(await (await newWatch()).brief(1), ["ADDED api"]);
});

test("disrupted requests are counted like all others", async (t) => {
  const { disrupt, list, server } = await prepared(t);
  const before = server.counts.get("list services") ?? 0;
  await disrupt("error");
  await list();
  assert.equal(server.counts.get("list services"), before + 1);
});
