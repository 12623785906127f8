/** What tests say where this machine lacks what they take. Never in silence; and where everything must be there, it is a failure. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";

/** Set to 1 where nothing may be left out, as in CI. */
const NO_SKIPS = "HAIRPIN_NO_SKIPS";

/**
 * Says what a test leaves out. The test goes on, or returns.
 *
 * @param what - What is lacking, and how to get it.
 * @throws AssertionError where nothing may be left out.
 */
export function notChecked(t: Pick<TestContext, "diagnostic">, what: string, env: NodeJS.ProcessEnv = process.env): void {
  const notice = `NOT CHECKED: ${what}`;
  if (env[NO_SKIPS] === "1") assert.fail(`${notice}; ${NO_SKIPS} is 1`);
  t.diagnostic(notice);
}

/** The same for a whole file of tests, in their place. */
export function notRun(what: string): void {
  console.error(`NOT RUN: ${what}`);
  test(`not run: ${what}`, (t) => notChecked(t, what));
}

/** A program of tools/ that is not there. */
export const noGoTool = (name: string): string => `${name} is not there, and there is no Go to build it with`;
