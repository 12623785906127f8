import assert from "node:assert/strict";
import { test } from "node:test";
import { checkTarget } from "../../src/config/check-target.ts";
import { Expected } from "../../src/config/parsers.ts";

const service = (namespace: string, name: string, port?: number) => ({ kind: "service", namespace, name, port });
const host = (name: string, port: number) => ({ kind: "host", host: name, port });

const TAKEN: readonly (readonly [text: string, target: object])[] = [
  ["shop/web", service("shop", "web")],
  ["shop/web:443", service("shop", "web", 443)],
  ["shop/gateway/edge", service("shop", "gateway/edge")],
  ["shop/gateway/edge:80", service("shop", "gateway/edge", 80)],
  ["10.0.32.5:80", host("10.0.32.5", 80)],
  ["[fd00::5]:80", host("fd00::5", 80)],
  ["web.elb.eu-west-1.amazonaws.com:443", host("web.elb.eu-west-1.amazonaws.com", 443)],
];
for (const [text, target] of TAKEN) test(`${text} is taken`, () => assert.deepEqual(checkTarget(text), target));

for (const text of [
  "",
  "web",
  "10.0.32.5",
  "shop/",
  "/web",
  "shop/a/b",
  "shop/web:0",
  "shop/web:65536",
  "a b:80",
  "shop/w\u001beb",
  ":80",
  "-x:80",
]) {
  test(`${JSON.stringify(text)} is refused, with what was expected`, () => assert.throws(() => checkTarget(text), Expected));
}
