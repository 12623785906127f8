/** Objects of the Kubernetes API, as their readers take or refuse them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ObjectStore } from "../../src/discovery/api/object-store.ts";
import { ObjectError } from "../../src/discovery/objects/schema.ts";
import { parseService } from "../../src/discovery/objects/service-object.ts";
import type { PropertyName } from "./support/budget.ts";
import { fuzz } from "./support/fuzz.ts";
import { hostileJson } from "./support/hostile.ts";
import { KINDS, type Kind, MEANINGFUL } from "./support/kinds.ts";
import { type Json, mutatedJson } from "./support/mutate.ts";
import { complaint, readOrRefused, sentence } from "./support/wellformed.ts";

const isObjectError = (error: unknown): error is ObjectError => error instanceof ObjectError;

function readsOrRefuses<T>({ kind, read, holds }: Kind<T>, object: unknown): T | Error {
  const result = readOrRefused(() => read(object), isObjectError);
  if (result instanceof Error) {
    complaint(result.message);
    assert.ok(result.message.startsWith(`${kind}: `) || result.message.startsWith("metadata.annotations."), result.message);
  } else holds(result);
  return result;
}

for (const [name, kind] of Object.entries(KINDS) as readonly (readonly [keyof typeof KINDS, Kind<unknown>])[]) {
  const article = name.startsWith("EndpointSlice") ? "an" : "a";
  fuzz(
    `${article} ${name} is read, or refused with what was expected` as PropertyName,
    mutatedJson(kind.recorded, MEANINGFUL),
    (text) => {
      readsOrRefuses(kind, JSON.parse(text));
    },
  );
}

const ALL: readonly Kind<unknown>[] = Object.values(KINDS) as readonly Kind<unknown>[];

/** Values of every type of JSON, none of which could be meant by any other. */
const OF_TYPE: Readonly<Record<string, Json>> = {
  text: "zzz",
  number: 12_345,
  boolean: true,
  list: ["zzz"],
  mapping: { zzz: "zzz" },
};
const typeOf = (value: Json): string =>
  Array.isArray(value) ? "list" : typeof value === "object" ? "mapping" : typeof value === "string" ? "text" : typeof value;

/** Every place of a value: its path, and what is there. */
function* placesOf(
  value: Json,
  path: readonly (string | number)[] = [],
): Generator<readonly [readonly (string | number)[], Json]> {
  yield [path, value];
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) yield* placesOf(item, [...path, Array.isArray(value) ? Number(key) : key]);
}

function withAt(value: Json, [key, ...rest]: readonly (string | number)[], other: Json): Json {
  if (key === undefined) return other;
  if (Array.isArray(value)) return value.map((item, index) => (index === key ? withAt(item, rest, other) : item));
  const mapping = value as { readonly [key: string]: Json };
  return { ...mapping, [key]: withAt(mapping[String(key)] ?? null, rest, other) };
}

/** The one place that may be of two types: a port by its number, or by its name. */
const mayBeEither = (path: readonly (string | number)[]): boolean => path.join(".") === "spec.serviceRef.port";

fuzz(
  "a value of another type is refused, or was never read",
  fc.record({ kind: fc.nat(), recorded: fc.nat(), place: fc.nat(), type: fc.constantFrom(...Object.keys(OF_TYPE)) }),
  ({ kind: at, recorded, place, type }) => {
    const kind = ALL[at % ALL.length] ?? KINDS.Service;
    const object = kind.recorded[recorded % kind.recorded.length] ?? null;
    const places = [...placesOf(object)].filter(([, value]) => value !== null);
    const [path, there] = places[place % places.length] ?? [[], null];
    if (typeOf(there) === type || mayBeEither(path)) return;
    const result = readOrRefused(() => kind.read(withAt(object, path, OF_TYPE[type] ?? null)), isObjectError);
    if (result instanceof Error) return;
    assert.deepEqual(
      result,
      kind.read(object),
      `${kind.kind}: ${path.join(".")} as a ${type} is taken, and changes what is read`,
    );
  },
);

fuzz("no JSON at all makes a reader of objects do anything but read or refuse", hostileJson, (text) => {
  const object: unknown = JSON.parse(text);
  for (const kind of ALL) readsOrRefuses(kind, object);
});

fuzz(
  "a store of objects holds what could be read, and says of each other once why it is left out",
  fc.array(fc.tuple(fc.constantFrom("set", "set", "delete"), mutatedJson(KINDS.Service.recorded, MEANINGFUL)), { maxLength: 6 }),
  (events) => {
    const errors: string[] = [];
    const store = new ObjectStore(parseService, ({ message }) => errors.push(message));
    for (const [kind, text] of events) {
      const object: unknown = JSON.parse(text);
      if (kind === "delete") store.delete(object);
      else {
        store.set(object);
        const known = errors.length;
        store.set(object);
        assert.equal(errors.length, known, "the same complaint twice in a row");
      }
    }
    for (const [key, read] of store.objects) {
      assert.equal(key, `${read.namespace}/${read.name}`);
      KINDS.Service.holds(read);
    }
    for (const message of errors) sentence(message);
  },
);
