/** Memory: what lives for as long as an agent does must not keep what it was given once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { ObjectStore } from "../../src/discovery/api/object-store.ts";
import { ClusterClassifier } from "../../src/discovery/cluster.ts";
import { parseService } from "../../src/discovery/objects/service-object.ts";
import { type EndpointSliceObject, sliceParser } from "../../src/discovery/objects/slice-object.ts";
import { SnapshotBuilder } from "../../src/discovery/snapshot.ts";
import { addressPolicy } from "../../src/domain/address.ts";
import { DEFAULT_CONTEXT } from "../../src/domain/controller-context.ts";
import { AgentMetrics } from "../../src/metrics/agent-metrics.ts";
import { SERIES_GRACE_MS } from "../../src/metrics/label-sets.ts";
import { planFrontends } from "../../src/plan/frontends.ts";
import { casesFor, SEED_OF_RUN } from "./support/fuzz.ts";
import { KINDS, MEANINGFUL } from "./support/kinds.ts";
import { mutatedJson } from "./support/mutate.ts";

const NAME = "the heap does not grow over many cases";
const BATCHES = 12;
/** The first fill what is bounded: caches, compiled code, pools. */
const WARM_UP = 5;
/** Bytes by which a batch may leave the heap larger than the last, by the slope over all of them. */
const MAX_SLOPE = 96 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function heapBytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** Least squares. */
function slopeOf(values: readonly number[]): number {
  const mean = (all: readonly number[]): number => all.reduce((sum, value) => sum + value, 0) / all.length;
  const [middle, average] = [(values.length - 1) / 2, mean(values)];
  const [covariance, variance] = [
    values.reduce((sum, value, x) => sum + (x - middle) * (value - average), 0),
    values.reduce((sum, _, x) => sum + (x - middle) ** 2, 0),
  ];
  return covariance / variance;
}

test(NAME, async (t) => {
  const perBatch = Math.ceil(casesFor(NAME) / BATCHES);
  const stores = {
    services: new ObjectStore(parseService, () => {}),
    slices: new ObjectStore<EndpointSliceObject>(sliceParser(), () => {}),
  };
  const classifier = new ClusterClassifier(DEFAULT_CONTEXT, "/");
  const builder = new SnapshotBuilder();
  let nowMs = 0;
  const metrics = new AgentMetrics({ node: "n1", nowMs: () => nowMs, maxSeries: 20_000 });
  const given = fc.record({
    service: mutatedJson(KINDS.Service.recorded, MEANINGFUL),
    slice: mutatedJson(KINDS.EndpointSlice.recorded, MEANINGFUL),
  });
  const sizes: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    for (const { service, slice } of fc.sample(given, { seed: SEED_OF_RUN + batch, numRuns: perBatch })) {
      const [serviceObject, sliceObject]: readonly unknown[] = [JSON.parse(service), JSON.parse(slice)];
      stores.services.set(serviceObject);
      stores.slices.set(sliceObject);
      const classified = classifier.classify({
        services: stores.services.objects,
        classes: new Map(),
        gateways: new Map(),
        routes: [],
        configurations: { loadBalancers: new Map(), targetGroups: new Map() },
        configurationsReadable: true,
        bindings: [],
      });
      const slices = [...stores.slices.objects.values()];
      const snapshot = builder.build({ classified, slices, agentsService: undefined, others: [], isListed: () => true });
      const resolution = { kind: "resolved", addresses: [{ address: "10.0.32.5", zone: "eu-west-1a" }], overLimit: 0 } as const;
      const { frontends, controls } = planFrontends(snapshot, () => resolution, { node: "n1", zone: "a" }, addressPolicy([]));
      metrics.plan(snapshot, frontends, controls);
      nowMs += SERIES_GRACE_MS / 10;
      stores.services.delete(serviceObject);
      stores.slices.delete(sliceObject);
    }
    // What was left out stays named until the next list: an object is one for good, as there are so many names only.
    stores.services.startReplacement().commit();
    stores.slices.startReplacement().commit();
    nowMs += 2 * SERIES_GRACE_MS;
    await metrics.registry.render();
    sizes.push(heapBytes());
  }
  const slope = slopeOf(sizes.slice(WARM_UP));
  const shown = sizes.map((bytes) => `${(bytes / 2 ** 20).toFixed(2)}`).join(", ");
  assert.ok(slope < MAX_SLOPE, `${Math.round(slope)} bytes more with each batch of ${perBatch} (MiB: ${shown})`);
  t.diagnostic(`${perBatch * BATCHES} cases, ${Math.round(slope / 1024)} KiB a batch of ${perBatch}: ${NAME}`);
});
