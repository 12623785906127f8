import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import test from "node:test";
import { Children } from "../../../lab/runner/children.ts";

/** A shell that has run `setup` and then sleeps. */
async function sleeper(children: Children, setup: string) {
  const child = spawn("sh", ["-c", `${setup}; echo ready; while :; do sleep 60 & wait; done`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.add(child);
  await once(child.stdout, "data");
  child.stdout.destroy();
  return child;
}

test("a process that obeys SIGTERM is ended by it, long before the grace period is over", async () => {
  const children = new Children();
  const child = await sleeper(children, "trap 'kill $!; exit 0' TERM");
  await children.stop(60_000);
  assert.deepEqual([child.exitCode, child.signalCode, children.running.size], [0, null, 0]);
});

test("a process that ignores SIGTERM is killed after the grace period", async () => {
  const children = new Children();
  const child = await sleeper(children, "trap '' TERM; echo ready; exec sleep 60");
  await children.stop(50);
  assert.deepEqual([child.signalCode, children.running.size], ["SIGKILL", 0]);
});

test("a process that has ended, or never started, is not waited for", async () => {
  const children = new Children();
  const ended = spawn("true");
  children.add(ended);
  await once(ended, "exit");
  const missing = spawn("/no/such/program");
  children.add(missing);
  await once(missing, "error");
  assert.equal(children.running.size, 0);
  await children.stop();
});
