import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "../support/waiting.ts";
import { type Running, run, startSandbox } from "./sandboxes.ts";

const ENTER = fileURLToPath(new URL("../../lab/enter", import.meta.url));

describe("lab/enter", () => {
  const directory = mkdtempSync(join(tmpdir(), "hairpin-"));
  const pidFile = join(directory, `hairpin-lab-${process.getuid?.()}.pid`);
  let lab: Running;

  before(async () => {
    lab = await startSandbox("ip netns add agent-1; hello; sleep 600", ["--announce"], { TMPDIR: directory });
    await until("the announcement", () => existsSync(pidFile));
  });
  after(async () => {
    lab.wrapper.kill("SIGTERM");
    await once(lab.wrapper, "exit");
    rmSync(directory, { recursive: true });
  });

  const enter = (args: readonly string[], env: Record<string, string> = {}) =>
    run([ENTER, ...args], { env: { HAIRPIN_LAB_PID: "", TMPDIR: directory, ...env } });

  test("a command runs in the namespaces of the pod, or of the VPC", async () => {
    const script = "readlink /proc/self/ns/net; ip netns identify; ls /run/netns";
    const vpc = await enter(["vpc", "sh", "-c", script]);
    const pod = await enter(["agent-1", "sh", "-c", script]);
    assert.deepEqual([vpc.code, vpc.stderr, pod.code, pod.stderr], [0, "", 0, ""]);
    assert.match(vpc.stdout, /^net:\[\d+\]\n\n?agent-1\n$/);
    assert.match(pod.stdout, /^net:\[\d+\]\nagent-1\nagent-1\n$/);
  });

  test("arguments, exit code and working directory are kept", async () => {
    const { code, stdout } = await enter(["agent-1", "sh", "-c", 'printf "<%s>" "$PWD" "$@"; exit 9', "sh", "a b", "$HOME"]);
    assert.deepEqual([code, stdout], [9, `<${process.cwd()}><a b><$HOME>`]);
  });

  test("the lab can be named by its pid", async () => {
    const env = { HAIRPIN_LAB_PID: String(lab.labPid), TMPDIR: "/nowhere" };
    assert.equal((await enter(["vpc", "ls", "/run/netns"], env)).stdout, "agent-1\n");
  });

  test("what was entered ends with the lab", async () => {
    const other = await startSandbox("hello; sleep 600");
    const entered = enter(["vpc", "sleep", "600"], { HAIRPIN_LAB_PID: String(other.labPid) });
    await until("the entered process", () => other.left().length >= 6);
    other.wrapper.kill("SIGKILL");
    assert.notEqual((await entered).code, 0);
    await until("nothing is left", () => other.left().length === 0);
  });

  test("a pod that is not there is refused with those that are", async () => {
    const { code, stderr } = await enter(["agent-9", "true"]);
    assert.deepEqual([code, stderr], [1, "lab/enter: no pod or node is called agent-9; there are: vpc agent-1\n"]);
  });

  test("no lab, and a file that a killed lab left, are told in one sentence", async () => {
    const empty = mkdtempSync(join(tmpdir(), "hairpin-"));
    try {
      const file = join(empty, `hairpin-lab-${process.getuid?.()}.pid`);
      const none = await enter(["vpc", "true"], { TMPDIR: empty });
      assert.deepEqual(
        [none.code, none.stderr],
        [1, `lab/enter: no lab is running for this user (${file} is missing); start one with: npm run lab\n`],
      );
      writeFileSync(file, `${process.pid} net:[1]\n`);
      const stale = await enter(["vpc", "true"], { TMPDIR: empty });
      assert.deepEqual(
        [stale.code, stale.stderr],
        [1, `lab/enter: ${file} is stale (process ${process.pid} is not the lab any more); start a lab with: npm run lab\n`],
      );
      writeFileSync(file, "nonsense\n");
      assert.match(
        (await enter(["vpc", "true"], { TMPDIR: empty })).stderr,
        /got 'nonsense', expected one line 'PID net:\[INODE\]'/,
      );
    } finally {
      rmSync(empty, { recursive: true });
    }
  });

  test("a call without a pod is told how to call it", async () => {
    const { code, stderr } = await enter([]);
    assert.equal(code, 1);
    assert.match(stderr, /^lab\/enter: usage: lab\/enter POD/);
  });
});
