/** Answers of the Kubernetes API as they come over the wire: watches, pages of lists, documents. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ApiError, listPages, OutdatedError, type WatchEvent, watchEvents } from "../../src/discovery/api/api-requests.ts";
import { GroupVersions } from "../../src/discovery/api/group-versions.ts";
import type { KubeApi, KubeResponse } from "../../src/discovery/api/kube-api.ts";
import { Reflector } from "../../src/discovery/api/reflector.ts";
import { parseService } from "../../src/discovery/objects/service-object.ts";
import type { Clock } from "../../src/domain/clock.ts";
import { fuzz } from "./support/fuzz.ts";
import { hostileJson, hostileText } from "./support/hostile.ts";
import { KINDS, MEANINGFUL } from "./support/kinds.ts";
import { anyBytes, type Json, mutatedJson, mutatedText } from "./support/mutate.ts";
import { sentence } from "./support/wellformed.ts";

const RESOURCE = { path: "/api/v1/services", query: {} };
const never = new AbortController().signal;
const stopped = { nowMs: () => 0, after: () => () => {} } satisfies Clock;

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string;
}

/** A server that gives one answer after the other, the last for ever. */
function apiOf(answers: readonly Answer[], cuts: readonly number[], onGet: () => void = () => {}): KubeApi {
  let asked = 0;
  return {
    server: "http://api",
    async get() {
      onGet();
      const answer = answers[Math.min(asked++, answers.length - 1)];
      return responseOf(answer ?? { status: 500, text: "", retryAfter: "" }, cuts);
    },
    async close() {},
  };
}

const responseOf = ({ status, text, retryAfter }: Answer, cuts: readonly number[]): KubeResponse => ({
  status,
  retryAfter,
  date: undefined,
  body: chunksOf(Buffer.from(text, "utf8"), cuts),
});

async function* chunksOf(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Uint8Array, void, void> {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  for (const [index, end] of at.slice(1).entries()) yield bytes.subarray(at[index], end);
}

const isDeclared = (error: unknown): error is Error =>
  error instanceof ApiError ||
  error instanceof OutdatedError ||
  (error instanceof Error && error.message === "the stream ended inside a line");

/** What a server said before it ended or failed, and how it failed. */
async function gathered<T>(
  items: AsyncIterable<T>,
): Promise<{ readonly found: readonly T[]; readonly failure: string | undefined }> {
  const found: T[] = [];
  try {
    for await (const item of items) found.push(item);
  } catch (error) {
    if (!isDeclared(error)) throw error;
    sentence(error.message, 500);
    return { found, failure: `${error.name}: ${error.message}` };
  }
  return { found, failure: undefined };
}

const service = mutatedJson(KINDS.Service.recorded, MEANINGFUL);
const STATUS = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };
const EVENTS: readonly Json[] = [
  { type: "ADDED", object: { metadata: { namespace: "shop", name: "web", resourceVersion: "1" } } },
  { type: "BOOKMARK", object: { metadata: { resourceVersion: "9", annotations: { "k8s.io/initial-events-end": "true" } } } },
  { type: "ERROR", object: STATUS },
];
const event = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom("ADDED", "MODIFIED", "DELETED"), service).map(eventText) },
  { weight: 2, arbitrary: mutatedJson(EVENTS) },
  { weight: 1, arbitrary: hostileJson },
  {
    weight: 1,
    arbitrary: mutatedText(
      EVENTS.map((each) => JSON.stringify(each)),
      ["{", "}", "\n", ",", '"', "\\u0000"],
    ),
  },
);
const stream = fc
  .record({ lines: fc.array(event, { maxLength: 5 }), end: fc.constantFrom("\n", "\n", "\r\n", "\n\n", "") })
  .map(({ lines, end }) => lines.join("\n") + end);
const cuts = fc.array(fc.nat({ max: 5_000 }), { maxLength: 8 });
const status = fc.constantFrom(200, 200, 200, 200, 403, 404, 410, 429, 500);
const retryAfter = fc.constantFrom("", "1", "999999999", "-1", "Wed, 21 Oct 2099 07:28:00 GMT", "soon");

function eventText([type, object]: readonly [string, string]): string {
  return `{"type":"${type}","object":${object}}`;
}

fuzz(
  "a watch is read alike however its bytes are cut, or ends with a declared error",
  fc.record({
    text: fc.oneof({ weight: 6, arbitrary: stream }, { weight: 1, arbitrary: anyBytes(200) }),
    cuts,
    status,
    retryAfter,
  }),
  async ({ text, cuts: at, ...answer }) => {
    const read = (where: readonly number[]) => {
      const options = { resourceVersion: "1", timeoutSeconds: 30, onOpen: () => {} };
      return gathered<WatchEvent>(watchEvents(apiOf([{ ...answer, text }], where), RESOURCE, options, never));
    };
    const [whole, cut] = [await read([]), await read(at)];
    assert.deepEqual(cut, whole);
    for (const { type } of whole.found) assert.ok(["ADDED", "MODIFIED", "DELETED", "BOOKMARK"].includes(type), type);
  },
);

const PAGES: readonly Json[] = [
  { kind: "List", metadata: { resourceVersion: "7", continue: "more" }, items: [KINDS.Service.recorded[0] ?? null] },
  { kind: "List", metadata: { resourceVersion: "8" }, items: null },
  STATUS,
];
const page = fc.record({ status, text: fc.oneof({ weight: 6, arbitrary: mutatedJson(PAGES) }, hostileText), retryAfter });
const pages = fc.array(page, { minLength: 1, maxLength: 3 });
const LAST: Answer = { status: 200, text: JSON.stringify(PAGES[1]), retryAfter: "" };

fuzz(
  "a list is read page by page, or ends with a declared error",
  fc.record({ pages, cuts }),
  async ({ pages: given, cuts: at }) => {
    const { found } = await gathered(listPages(apiOf([...given, LAST], at), RESOURCE, 500, never));
    assert.ok(found.length <= given.length + 1);
    for (const { items, resourceVersion } of found) {
      assert.ok(Array.isArray(items));
      assert.ok(typeof resourceVersion === "string" && resourceVersion !== "");
    }
  },
);

const DOCUMENTS: readonly Json[] = [
  { kind: "APIGroup", name: "gateway.k8s.aws", versions: [{ groupVersion: "gateway.k8s.aws/v1beta1", version: "v1beta1" }] },
  { kind: "APIResourceList", resources: [{ name: "loadbalancerconfigurations", kind: "LoadBalancerConfiguration" }] },
];

fuzz(
  "a discovery document names versions and resources, or is refused",
  fc.array(fc.record({ status, text: fc.oneof({ weight: 6, arbitrary: mutatedJson(DOCUMENTS) }, hostileText), retryAfter }), {
    minLength: 1,
    maxLength: 2,
  }),
  async (answers) => {
    const versions = new GroupVersions(apiOf(answers, []), stopped);
    try {
      const found = await versions.find("gateway.k8s.aws", "loadbalancerconfigurations", ["v1", "v1beta1"], never);
      assert.ok(found === undefined || found === "v1beta1" || found === "v1", String(found));
    } catch (error) {
      if (!isDeclared(error)) throw error;
      sentence(error.message, 500);
    }
  },
);

/** Time passes as fast as it is waited for. */
function impatientClock(): Clock {
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    after(ms, run) {
      const timer = setImmediate(() => {
        nowMs += ms;
        run();
      });
      return () => clearImmediate(timer);
    },
  };
}

const ROUNDS = 8;

fuzz(
  "a reflector of a server that answers anything never throws, and holds only what it could read",
  fc.record({
    answers: fc.array(fc.oneof(page, fc.record({ status, text: stream, retryAfter })), { minLength: 1, maxLength: ROUNDS }),
    cuts,
    isOptional: fc.boolean(),
  }),
  async ({ answers, cuts: at, isOptional }) => {
    const controller = new AbortController();
    let asked = 0;
    const api = apiOf(answers, at, () => {
      if (++asked >= ROUNDS) controller.abort();
    });
    const { done } = new Reflector({
      api,
      resource: RESOURCE,
      parse: parseService,
      clock: impatientClock(),
      random: () => 0.5,
      signal: controller.signal,
      onChange: (objects) => objects.forEach(KINDS.Service.holds),
      onError: (error) => sentence(error.message, 2_000),
      ...(isOptional ? { onState: () => {} } : {}),
    });
    await done;
  },
);
