/**
 * A lab changes the network namespace that it runs in. Two checks come first: that this namespace is a sandbox of ours, and
 * that no other lab has it.
 */
import { readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";

/** Written by scripts/sandbox.mjs into the sandbox's private /run: the network namespace that it made. */
const SANDBOX_MARK = "/run/hairpin-sandbox";
/** Which process's lab has this sandbox. Private like all of /run, so it cannot outlive the sandbox. */
const CLAIM = "/run/hairpin-lab";
/** Where ip(8) keeps named network namespaces. */
const NAMESPACES = "/run/netns";

/** The file that holds a named network namespace, for nsenter(1). */
export const namespacePath = (name: string): string => `${NAMESPACES}/${name}`;

/** The named network namespaces that are there, whoever made them. */
export const presentNamespaces = (): readonly string[] => readdirSync(NAMESPACES);

/** The interfaces of this process's network namespace. Not from /sys, which shows the namespace that it was mounted in. */
export const presentInterfaces = (): readonly string[] =>
  [...readFileSync("/proc/self/net/dev", "utf8").matchAll(/^\s*([^\s:]+):/gm)].map(([, name = ""]) => name);

/**
 * Takes this sandbox for one lab.
 *
 * @param names - The namespaces that the lab is about to make.
 * @returns Gives it back.
 * @throws Error that says who has it, or that this is no sandbox at all.
 */
export function claimSandbox(names: readonly string[]): () => void {
  if (readIfThere(SANDBOX_MARK)?.trim() !== readlinkSync("/proc/self/ns/net")) {
    throw new Error("lab: this is not a sandbox, and a lab would change the machine's own network; use node scripts/sandbox.mjs");
  }
  try {
    writeFileSync(CLAIM, `${process.pid}\n`, { flag: "wx" });
  } catch (cause) {
    if (errnoOf(cause) !== "EEXIST") throw cause;
    const owner = readIfThere(CLAIM)?.trim() ?? "that has just ended";
    throw new Error(`lab: this sandbox already has the lab of process ${owner}; a second one needs a sandbox of its own`, {
      cause,
    });
  }
  const release = () => rmSync(CLAIM, { force: true });
  const present = new Set(presentNamespaces());
  const taken = names.filter((name) => present.has(name));
  if (taken.length > 0) {
    release();
    throw new Error(`lab: namespaces ${taken.join(", ")} exist already; a lab needs a sandbox without them`);
  }
  return release;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

const errnoOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined);
