/** Real servers, real timeouts: what one name or server does to the others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { unstalled } from "../support/unstalled.ts";
import { PATIENCE_MS, until } from "../support/waiting.ts";
import { DnsServer } from "./support/dns-server.ts";
import { manyNames, namesOf } from "./support/many-names.ts";
import { resolvedTo } from "./support/running-resolver.ts";

const ANSWER = { a: ["10.0.32.1"] } as const;

test("20 names that nobody answers delay none of 180 others", async () => {
  await using server = await DnsServer.start();
  const [good, dead] = [namesOf("good", 180), namesOf("dead", 20)];
  for (const name of good) server.answers.set(name, ANSWER);
  for (const name of dead) server.answers.set(name, "silence");
  using names = manyNames([server.address]);
  await names.ask(good, dead);
  // It takes seconds; npm run bench:resolver tells how long the others take.
  for (const name of dead) assert.equal(names.resolver.resolution(name), undefined, `${name} has not even failed yet`);
});

test("a name that takes long is resolved, though the server was quick with others", async () => {
  await using server = await DnsServer.start();
  const [quick, slow] = [namesOf("quick", 50), namesOf("slow", 10)];
  server.otherwise = ANSWER;
  for (const name of slow) server.answers.set(name, { ...ANSWER, delayMs: 700 });
  using names = manyNames([server.address]);
  await names.ask(quick);
  await names.ask(quick, slow);
  // Each answer that comes in makes c-ares look for questions whose time is over. How many come in until then is the machine's matter.
  const giveUpMs = performance.now() + PATIENCE_MS;
  const isOver = () => slow.every((name) => names.resolver.resolution(name) !== undefined) || performance.now() > giveUpMs;
  for (let i = 0; !isOver(); i++) await names.ask([...quick, `extra-${i}.example`], slow);
  for (const name of slow) assert.deepEqual(names.resolver.resolution(name), resolvedTo(["10.0.32.1"]));
});

// The first try to a server that was quick has 250 ms.
const MAX_STALL_MS = 100;

test("of two servers one is dead: it costs each question one timeout at most, and later ones none", () =>
  unstalled(MAX_STALL_MS, askOfTwo));

async function askOfTwo(): Promise<void> {
  await using dead = await DnsServer.start();
  await using alive = await DnsServer.start();
  dead.otherwise = "silence";
  alive.otherwise = ANSWER;
  using names = manyNames([dead.address, alive.address]);
  const wanted = namesOf("name", 20);
  await names.ask(wanted);
  const questions = wanted.flatMap((name) => [`A ${name}`, `AAAA ${name}`]);
  assert.ok(dead.questions.length > 0);
  for (const question of questions) assert.ok(dead.asked(question) <= 1, question);
  for (const question of questions) assert.equal(alive.asked(question), 1, question);

  await names.again();
  await until("all were asked again", () => questions.every((question) => alive.asked(question) === 2));
  assert.ok(dead.questions.length <= questions.length + 2, "asked again only to see whether it is back");
}
