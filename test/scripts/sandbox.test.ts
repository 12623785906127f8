import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DNS_ADDRESS } from "../../lab/topology.ts";
import { until } from "../support/waiting.ts";
import { inSandbox, run, SANDBOX, startSandbox, statusOf } from "./sandboxes.ts";

/** Puts a shell script called `name` in front of everything else on the PATH. */
async function withProgram(name: string, script: string, body: (env: { PATH: string }) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "hairpin-"));
  try {
    writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(directory, name), 0o755);
    await body({ PATH: `${directory}:${process.env.PATH}` });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("the command runs as if there were no sandbox: its input, output and exit code are its own", async () => {
  assert.deepEqual(await inSandbox("cat; echo bad >&2; exit 7", { input: "good" }), { code: 7, stdout: "good", stderr: "bad\n" });
});

test("a command that a signal ended gives 128 and its number, and one that does not exist 127", async () => {
  assert.equal((await inSandbox("kill -TERM $$")).code, 128 + 15);
  const missing = await run([process.execPath, SANDBOX, "/no/such/command"]);
  assert.equal(missing.code, 127);
  assert.match(missing.stderr, /\/no\/such\/command/);
});

test("arguments arrive as they were given", async () => {
  const argv = ["sh", "-c", 'printf "<%s>" "$@"', "sh", "a b", "", "$HOME", "'", "--"];
  assert.equal((await run([process.execPath, SANDBOX, ...argv])).stdout, "<a b><><$HOME><'><-->");
});

test("the network is a private one with nothing but lo, and DNS is the lab's server", async () => {
  const { stdout } = await inSandbox("readlink /proc/self/ns/net; ip -br link | cut -d' ' -f1; cat /etc/resolv.conf");
  const [namespace, ...rest] = stdout.trim().split("\n");
  assert.notEqual(namespace, readlinkSync("/proc/self/ns/net"));
  assert.deepEqual(rest, ["lo", `nameserver ${DNS_ADDRESS}`]);
  assert.equal((await inSandbox("exec 3<>/dev/null; ip addr show lo | grep -c 'inet 127.0.0.1'")).stdout, "1\n");
});

test("files in /tmp and /run are gone with the sandbox, and the outer resolver is as it was", async () => {
  const before = readFileSync("/etc/resolv.conf", "utf8");
  const outer = mkdtempSync("/tmp/hairpin-");
  const inner = `${outer}-inner`;
  try {
    const script = `touch ${inner} /run/inner && ls -d /tmp/hairpin-*`;
    assert.deepEqual(await inSandbox(script), { code: 0, stdout: `${inner}\n`, stderr: "" });
  } finally {
    rmSync(outer, { recursive: true });
  }
  assert.deepEqual([existsSync(inner), existsSync("/run/inner")], [false, false]);
  assert.equal(readFileSync("/etc/resolv.conf", "utf8"), before);
});

test("the working directory stays visible when it is in /tmp", async () => {
  const directory = mkdtempSync("/tmp/it's here ");
  try {
    writeFileSync(join(directory, "file"), "content\n");
    const { stdout } = await run([
      "sh",
      "-c",
      'cd "$1" && exec "$2" "$3" -- sh -c "pwd; cat file"',
      "sh",
      directory,
      process.execPath,
      SANDBOX,
    ]);
    assert.equal(stdout, `${directory}\ncontent\n`);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("a sandbox can be made in a sandbox", async () => {
  const { code, stdout } = await inSandbox(
    `"${process.execPath}" "${SANDBOX}" sh -c 'ip netns add x && ip netns list; exit 3'; echo $?`,
  );
  assert.deepEqual([code, stdout], [0, "x\n3\n"]);
});

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  test(`${signal} reaches the command, which may end as it likes`, async () => {
    const trap = `trap 'kill $!; exit 5' ${signal.slice(3)}; hello; while :; do sleep 60 & wait; done`;
    const { wrapper, left } = await startSandbox(trap);
    wrapper.kill(signal);
    assert.deepEqual(await once(wrapper, "exit"), [5, null]);
    await until("nothing is left", () => left().length === 0);
  });
}

test("a signal that comes while the sandbox is still being made is not lost", async () => {
  const signalling = `kill -TERM $PPID; exec "$(PATH=\${PATH#*:} command -v unshare)" "$@"`;
  await withProgram("unshare", signalling, async (env) => {
    assert.equal((await inSandbox("exec sleep 600", { env })).code, 128 + 15);
  });
});

/** A child, and a grandchild in a session of its own that nobody waits for. */
const FAMILY = "setsid sleep 1000 & sleep 1000 & hello; wait";

test("when the wrapper is killed, nothing is left", async () => {
  const { wrapper, left } = await startSandbox(FAMILY);
  // So that what follows cannot pass because nothing of the sandbox is ever found.
  assert.ok(left().length >= 5, `the sandbox has ${left().length} processes`);
  wrapper.kill("SIGKILL");
  await until("nothing is left", () => left().length === 0);
});

test("when the process that made the namespaces is killed, nothing is left", async () => {
  const { wrapper, labPid, left } = await startSandbox(FAMILY);
  // Stopped, so that it cannot be the wrapper that notices and clears up.
  wrapper.kill("SIGSTOP");
  process.kill(statusOf(statusOf(labPid).parent).pid, "SIGKILL");
  try {
    // The killed process itself stays a zombie until its parent may look.
    await until("nothing but the zombie is left", () => left().length <= 1);
  } finally {
    wrapper.kill("SIGCONT");
  }
  assert.deepEqual(await once(wrapper, "exit"), [128 + 9, null]);
  await until("nothing is left", () => left().length === 0);
});

test("when the sandbox's first process is killed, nothing is left", async () => {
  const { wrapper, labPid, left } = await startSandbox(FAMILY);
  process.kill(statusOf(labPid).pid, "SIGKILL");
  const [code] = await once(wrapper, "exit");
  assert.ok(code > 0, `exit code ${code}`);
  await until("nothing is left", () => left().length === 0);
});

test("when the command ends, what it left running ends too", async () => {
  const { wrapper, left } = await startSandbox("setsid sleep 1000 & hello; exit 0");
  assert.deepEqual(await once(wrapper, "exit"), [0, null]);
  await until("nothing is left", () => left().length === 0);
});

test("an announced sandbox says where it is for as long as it runs", async () => {
  const directory = mkdtempSync(join(tmpdir(), "hairpin-"));
  try {
    const path = join(directory, `hairpin-lab-${process.getuid?.()}.pid`);
    const { wrapper, labPid } = await startSandbox("hello; sleep 600", ["--announce"], { TMPDIR: directory });
    await until("the announcement", () => existsSync(path));
    assert.equal(readFileSync(path, "utf8"), `${labPid} ${readlinkSync(`/proc/${labPid}/ns/net`)}\n`);
    wrapper.kill("SIGTERM");
    await once(wrapper, "exit");
    assert.equal(existsSync(path), false);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("where namespaces are refused, one sentence says so", async () => {
  await withProgram("unshare", "echo 'unshare: unshare failed: Operation not permitted' >&2; exit 1", async (env) => {
    const { code, stdout, stderr } = await inSandbox("echo never", { env });
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(
      stderr,
      /^sandbox: cannot make private namespaces here \(unshare: unshare failed: Operation not permitted\); .*\.\n$/,
    );
  });
});

test("where unshare is not installed, one sentence says so", async () => {
  const { code, stderr } = await inSandbox("echo never", { env: { PATH: "/nowhere" } });
  assert.deepEqual([code, stderr], [1, "sandbox: unshare is not installed (Debian package util-linux).\n"]);
});

test("an announcement that cannot be made is reported, and the command runs on", async () => {
  const argv = [process.execPath, SANDBOX, "--announce", "--", "sh", "-c", "echo on"];
  const { code, stdout, stderr } = await run(argv, { env: { TMPDIR: "/nowhere" } });
  assert.deepEqual([code, stdout], [0, "on\n"]);
  assert.match(stderr, /^sandbox: not announced in \/nowhere\/hairpin-lab-\d+\.pid: ENOENT/);
});

test("a call without a command is refused", async () => {
  for (const args of [[], ["--"], ["--announce"], ["--no-such-option", "true"]]) {
    const { code, stderr } = await run([process.execPath, SANDBOX, ...args]);
    assert.deepEqual([code, stderr], [1, "usage: node scripts/sandbox.mjs [--announce] [--] COMMAND [ARGS...]\n"]);
  }
});
