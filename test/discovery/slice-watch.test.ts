import assert from "node:assert/strict";
import { it } from "node:test";
import { selectorsOf } from "../../src/discovery/slice-selectors.ts";
import { SliceWatch } from "../../src/discovery/slice-watch.ts";
import { systemClock } from "../../src/schedule/system-clock.ts";
import { until } from "../support/waiting.ts";
import { ApiServer } from "./support/api-server.ts";
import { slice } from "./support/objects.ts";
import { SLICES } from "./support/running-discovery.ts";

const names = (count: number) => Array.from({ length: count }, (_, i) => `a-service-with-a-name-that-is-fairly-long-${i}`);

it("selectors hold every name once, in as few as fit into a request line", () => {
  for (const count of [0, 1, 80, 85, 90, 600]) {
    const selectors = selectorsOf(names(count));
    assert.deepEqual(selectors.flatMap((selector) => [...selector.names]).toSorted(), names(count).toSorted());
    for (const { labelSelector } of selectors) assert.ok(labelSelector.length <= 4096);
  }
  assert.deepEqual([selectorsOf([]).length, selectorsOf(names(80)).length, selectorsOf(names(600)).length], [0, 1, 7]);
});

it("where all slices are asked for, those of other Services take no room", async () => {
  await using server = await ApiServer.start();
  const wanted = names(1_000);
  for (const name of ["nobodys", wanted[0] ?? ""]) server.put(SLICES, slice(name, [{ address: "10.0.1.1", node: "n1" }]));
  const controller = new AbortController();
  const api = server.api();
  const watch = new SliceWatch({
    api,
    clock: systemClock,
    random: Math.random,
    signal: controller.signal,
    timing: {},
    onChange: () => {},
    onError: () => {},
    onFault: (error) => assert.fail(String(error)),
  });
  try {
    watch.want(new Set(wanted));
    await until("they are listed", () => watch.isListed(wanted[0] ?? ""));
    assert.equal(server.requests[0]?.query.get("labelSelector"), "kubernetes.io/service-name");
    assert.deepEqual(
      [...watch.objects()].map(({ serviceName }) => serviceName),
      [wanted[0]],
    );
    assert.equal(watch.isListed("nobodys"), false);
  } finally {
    controller.abort();
    await watch.ended();
    await api.close();
  }
});
