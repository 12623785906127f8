import assert from "node:assert/strict";
import { test } from "node:test";
import { continued } from "../../src/verify/agents/continued.ts";
import { NoAgentsError, type Reading, UnreadableError } from "../../src/verify/agents/reading.ts";

/** What the agents' counter says in each reading, by agent; an error: it cannot be read. */
type Step = Readonly<Record<string, number>> | Error;

const readingOf = (atMs: number, counters: Readonly<Record<string, number>>): Reading => ({
  atMs,
  pages: new Map(
    Object.entries(counters).map(([agent, value]) => [
      agent,
      {
        samples: [
          { name: "hairpin_probe_attempts_total", labels: { zone: "a" }, value },
          { name: "hairpin_probe_exposure_ratio", labels: { zone: "a" }, value },
        ],
      },
    ]),
  ),
  problems: Object.keys(counters).length === 0 ? ["a: away", "b: away", "c: away", "d: away"] : [],
});

/** Reads all steps, so many milliseconds apart. @returns what the counter of each agent then said. */
async function readAll(steps: readonly Step[], everyMs = 2_000, name = "hairpin_probe_attempts_total") {
  let nowMs = 0;
  const rest = steps.values();
  const source = continued(
    {
      async read() {
        nowMs += everyMs;
        const step = rest.next().value ?? assert.fail("no more steps");
        if (step instanceof Error) throw step;
        return readingOf(nowMs, step);
      },
      readEveryMs: () => everyMs,
      close: async () => {},
    },
    () => nowMs,
  );
  const said: Record<string, number | undefined>[] = [];
  for (const _ of steps) {
    const { pages } = await source.read();
    const values = [...pages].map(([agent, { samples }]) => [agent, samples.find((each) => each.name === name)?.value] as const);
    said.push(Object.fromEntries(values));
  }
  return said;
}

test("an agent that began anew goes on where it was, however far it gets", async () => {
  const steps = [{ n1: 100, n2: 50 }, { n1: 7, n2: 60 }, { n1: 500, n2: 70 }, { n1: 3 }];
  assert.deepEqual(await readAll(steps), [{ n1: 100, n2: 50 }, { n1: 107, n2: 60 }, { n1: 600, n2: 70 }, { n1: 603 }]);
});

test("what is no counter may fall", async () => {
  assert.deepEqual(await readAll([{ n1: 1 }, { n1: 0.5 }], 2_000, "hairpin_probe_exposure_ratio"), [{ n1: 1 }, { n1: 0.5 }]);
});

test("an API server or agents that are away for a moment leave a gap, and what is counted goes on", async () => {
  const steps = [{ n1: 1 }, new UnreadableError("away"), new NoAgentsError("none"), {}, { n1: 4 }];
  assert.deepEqual(await readAll(steps), [{ n1: 1 }, {}, {}, {}, { n1: 4 }]);
});

test("who never answered, or not for two minutes, is an error that names a few of them", async () => {
  await assert.rejects(readAll([new NoAgentsError("none")]), NoAgentsError);
  await assert.rejects(readAll([{}]), { message: "no agent answers: a: away; b: away; c: away; and 1 more" });
  await assert.doesNotReject(readAll([{ n1: 1 }, {}, {}, {}], 60_000));
  const steps = [{ n1: 1 }, {}, {}, {}, new UnreadableError("away"), new UnreadableError("gone")];
  await assert.rejects(readAll(steps, 50_000), { message: "gone" });
});

test("the minutes between two spans, in which nobody is asked, are no silence", async () => {
  await assert.doesNotReject(readAll([{ n1: 1 }, {}, { n1: 1 }, new UnreadableError("away"), { n1: 1 }], 150_000));
});

test("a broken program is no gap", async () => {
  await assert.rejects(readAll([{ n1: 1 }, new TypeError("broken")]), TypeError);
});
