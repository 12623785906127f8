// node scripts/sandbox.mjs [--announce] [--] COMMAND [ARGS...]
//
// Runs COMMAND in private mount, network and process namespaces (and, for an ordinary user, a user namespace), so that the
// kernel removes every process, namespace, mount and file of it when it ends, however it ends. Plain JavaScript, for the
// machine's own Node (20 or newer): it runs before the project's runtime is known to be there.
//
// - The exit code is COMMAND's (128 + number if a signal ended it); 1 if the sandbox cannot be made.
// - SIGINT, SIGTERM and SIGHUP go to COMMAND, which runs in a session of its own: Ctrl-C reaches it once.
// - Inside: `lo` up and no other link; /run and /tmp private and empty (the project and the working directory stay visible when
//   they are in /tmp, any other file of /tmp does not); DNS is the lab's server; HAIRPIN_LAB_PID names the process to enter.
// - /proc stays the outer one, so pids read there are not the pids to signal from inside.
// - --announce writes `PID net:[INODE]` to ${TMPDIR:-/tmp}/hairpin-lab-UID.pid for as long as it runs, for lab/enter.

import { spawn } from "node:child_process";
import { existsSync, readFileSync, readlinkSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The lab's DNS server: DNS_ADDRESS of lab/topology.ts, which this Node may not be able to read. */
const DNS_ADDRESS = "10.0.0.2";
/** Bounds of each private directory's memory file system. */
const TMPFS = "size=512m,nr_inodes=100k";
const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"];
const MAX_ERROR_TEXT = 4096;
const PROJECT = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const SHARED_TMP = "/tmp/";

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Where /etc/resolv.conf really is. A link into /run may dangle, and is still where a resolver will look. */
function resolverFile() {
  const path = "/etc/resolv.conf";
  try {
    return realpathSync(path);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    try {
      return resolve("/etc", readlinkSync(path));
    } catch {
      throw new Error("/etc/resolv.conf is missing; create it, if only empty: the sandbox puts its own over it");
    }
  }
}

/** The directories that a private /tmp would hide and COMMAND needs. */
function keptDirectories() {
  const wanted = [PROJECT, process.cwd()].map((path) => realpathSync(path)).filter((path) => path.startsWith(SHARED_TMP));
  return wanted.filter((path, i) => !wanted.some((other, j) => path.startsWith(`${other}/`) || (path === other && j < i)));
}

/**
 * What the sandbox's first process runs. Descriptor 2 takes the messages of the preparation, 3 is the line to the wrapper,
 * 4 is COMMAND's standard error.
 *
 * The first process stays a shell, because COMMAND must not be process 1: the kernel does not deliver signals to process 1
 * that it has no handler for, and nobody else would reap orphans.
 */
function firstProcess() {
  const resolver = resolverFile();
  const kept = keptDirectories();
  const inRun = resolver.startsWith("/run/");
  return `set -eu
mount -t tmpfs -o ${TMPFS},mode=755 tmpfs /run
mkdir /run/netns
readlink /proc/self/ns/net >/run/hairpin-sandbox
echo nameserver ${DNS_ADDRESS} >/run/resolv.conf
${inRun ? `mkdir -p ${quote(dirname(resolver))}; cp /run/resolv.conf ${quote(resolver)}` : `mount --bind /run/resolv.conf ${quote(resolver)}`}
${kept.map((path, i) => `mkdir -p /run/kept/${i}; mount --rbind ${quote(path)} /run/kept/${i}`).join("\n")}
mount -t tmpfs -o ${TMPFS},mode=1777 tmpfs /tmp
${kept.map((path, i) => `mkdir -p ${quote(path)}; mount --move /run/kept/${i} ${quote(path)}`).join("\n")}
cd ${quote(process.cwd())}
ip link set lo up
pids() { while read -r key value; do [ "$key" != NSpid: ] || break; done </proc/self/status; }
pids; HAIRPIN_LAB_PID=\${value%%[!0-9]*}; export HAIRPIN_LAB_PID
# The line ends only when the wrapper is gone, and then everything here must go; process 1 ends once COMMAND has.
( read -r _ <&3 || :; kill -s KILL -- -1 ) </dev/null >/dev/null 2>&1 4>&- &
set +e
( pids; echo "$HAIRPIN_LAB_PID $value" >&3; exec 2>&4 3>&- 4>&-; exec "$@" )
exit $?
`;
}

/** The pids of a process in every pid namespace that this process can see, ours last. */
const ownDepth = () => /^NSpid:\s*(.*)$/m.exec(readFileSync("/proc/self/status", "utf8"))[1].split(/\s+/).length;

/** Tells lab/enter where the sandbox is. COMMAND runs on without that if it cannot be told. */
function announcementOf(labPid) {
  const path = join(tmpdir(), `hairpin-lab-${process.getuid()}.pid`);
  try {
    const text = `${labPid} ${readlinkSync(`/proc/${labPid}/ns/net`)}\n`;
    // Removed and made anew, never written through: in a shared /tmp the name could be somebody else's link.
    rmSync(path, { force: true });
    writeFileSync(path, text, { flag: "wx", mode: 0o644 });
    return { remove: () => existsSync(path) && readFileSync(path, "utf8") === text && rmSync(path) };
  } catch (error) {
    process.stderr.write(`sandbox: not announced in ${path}: ${error.message}\n`);
    return undefined;
  }
}

/** One sentence for a sandbox that could not be made, from what the failing tool said. */
function refusal(said) {
  const why = said.trim().split("\n").at(-1) || "unshare said nothing";
  const remedy =
    process.getuid() === 0
      ? "root needs CAP_SYS_ADMIN and CAP_NET_ADMIN for it (in a container: --privileged)"
      : "an ordinary user needs unprivileged user namespaces for it (sysctl user.max_user_namespaces above 0, " +
        "kernel.unprivileged_userns_clone=1 and kernel.apparmor_restrict_unprivileged_userns=0 where they exist), or run it as root";
  return `sandbox: cannot make private namespaces here (${why}); ${remedy}.`;
}

function main(argv) {
  const announce = argv[0] === "--announce";
  const options = argv.findIndex((arg) => arg !== "--announce");
  const command = options === -1 ? [] : argv.slice(argv[options] === "--" ? options + 1 : options);
  if (command.length === 0 || command[0].startsWith("-")) {
    throw new Error("usage: node scripts/sandbox.mjs [--announce] [--] COMMAND [ARGS...]");
  }

  let commandPid;
  let announced;
  let errorText = "";
  let line = "";
  const early = new Set();
  const pass = (signal) => {
    try {
      process.kill(commandPid, signal);
    } catch (error) {
      if (error.code !== "ESRCH") throw error; // it has just ended by itself
    }
  };
  // Before the sandbox is begun: a signal must not end this process and leave COMMAND to the abrupt end.
  for (const signal of FORWARDED) process.on(signal, () => (commandPid === undefined ? early.add(signal) : pass(signal)));

  const user = process.getuid() === 0 ? [] : ["--user", "--map-root-user"];
  const namespaces = [...user, "--net", "--mount", "--pid", "--fork", "--kill-child"];
  const child = spawn("unshare", [...namespaces, "sh", "-c", firstProcess(), "sandbox", ...command], {
    stdio: ["inherit", "inherit", "pipe", "pipe", 2],
    detached: true,
    env: { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin`, TMPDIR: "/tmp" },
  });

  child.stderr.setEncoding("utf8").on("data", (text) => {
    errorText = (errorText + text).slice(0, MAX_ERROR_TEXT);
  });
  child.stdio[3].setEncoding("utf8").on("data", (text) => {
    line += text;
    if (commandPid !== undefined || !line.endsWith("\n")) return;
    const [labPid, ...pids] = line.trim().split(/\s+/);
    commandPid = Number(pids[ownDepth() - 1]);
    if (announce) announced = announcementOf(labPid);
    for (const signal of early) pass(signal);
  });
  // The kernel may reset the line when the other end dies with the sandbox; what that means is told by the exit below.
  child.stdio[3].on("error", (error) => {
    if (error.code !== "ECONNRESET") throw error;
  });
  child.on("error", (error) => {
    fail(error.code === "ENOENT" ? "sandbox: unshare is not installed (Debian package util-linux)." : refusal(error.message));
  });
  child.on("close", (code, signal) => {
    announced?.remove();
    if (commandPid === undefined && process.exitCode === undefined) fail(refusal(errorText));
    process.exitCode ??= code ?? 128 + constants.signals[signal];
  });
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}

try {
  main(process.argv.slice(2));
} catch (error) {
  fail(error.message.startsWith("usage") ? error.message : `sandbox: ${error.message}`);
}
