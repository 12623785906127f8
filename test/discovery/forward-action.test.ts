import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ActionError, parseForwardAction } from "../../src/discovery/rules/forward-action.ts";

const action = (config: string): string => `{"type":"forward","forwardConfig":${config}}`;
const group = (fields: string): string => action(`{"targetGroups":[{"serviceName":"canary",${fields}}]}`);

describe("a forward action is read as Go reads it", () => {
  for (const [name, text, expected] of [
    ["a port by number", group(`"servicePort":80`), 80],
    ["a port by name, though it looks like a number", group(`"servicePort":"80"`), "80"],
    ["keys in any case, the last of them", group(`"servicePort":80,"SERVICEPORT":81`), 81],
    ["keys that nobody knows", group(`"servicePort":80,"foo":1.5`), 80],
  ] as const) {
    it(name, () => assert.equal(parseForwardAction(text).groups[0]?.servicePort, expected));
  }

  for (const [name, text] of [
    ["a whole number with an exponent", group(`"servicePort":80,"weight":1e2`)],
    ["a whole number with a fraction", group(`"servicePort":80,"weight":1.0`)],
    ["a switch that is none", group(`"servicePort":80,"decrypt":"yes"`)],
    ["null for the whole", "null"],
    ["null for a target group", action(`{"targetGroups":[null]}`)],
  ] as const) {
    it(`refuses ${name}`, () => assert.throws(() => parseForwardAction(text), ActionError));
  }
});
