import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type SetupOptions, setUp } from "../../scripts/setup.mjs";
import { run } from "./sandboxes.ts";

describe("setting a checkout up", () => {
  /** A checkout, and a machine whose programs only write down how they were called. */
  let root: string;
  let calls: string[];
  let said: string[];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "hairpin-"));
    calls = [];
    said = [];
    writeFileSync(join(root, "package-lock.json"), "{}");
    mkdirSync(join(root, "bin"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const installTool = (name: string) => writeFileSync(join(root, "bin", name), "");

  function machine(options: Partial<SetupOptions> = {}): SetupOptions {
    const programs = (command: string, args: readonly string[]) => {
      calls.push([command, ...args].join(" "));
      if (command === "npm") mkdirSync(join(root, "node_modules"), { recursive: true });
      if (command === "apt-get" && args.includes("nftables")) installTool("nft");
      return 0;
    };
    return {
      root,
      also: [],
      tools: [],
      searchPath: ["/nowhere", join(root, "bin")],
      isRoot: true,
      nodeVersion: "20.0.0",
      run: programs,
      log: (line) => said.push(line),
      ...options,
    };
  }

  const NPM_CI = "npm ci --no-audit --no-fund --loglevel=error";

  test("packages are installed once, with one line, and not again while the lock file stays the same", () => {
    setUp(machine());
    setUp(machine());
    assert.deepEqual(calls, [NPM_CI]);
    assert.deepEqual(said, ["setup: installing the npm packages of package-lock.json"]);
  });

  test("a further package of the checkout is installed beside the first, once, and runs no script", () => {
    const other = join(root, "tools/board");
    mkdirSync(join(other, "node_modules"), { recursive: true });
    writeFileSync(join(other, "package-lock.json"), "{}");
    setUp(machine({ also: ["tools/board"] }));
    setUp(machine({ also: ["tools/board"] }));
    assert.deepEqual(calls, [NPM_CI, "npm ci --prefix tools/board --ignore-scripts --no-audit --no-fund --loglevel=error"]);
    assert.equal(said[1], "setup: installing the npm packages of tools/board/package-lock.json");
    const fails = machine({ also: ["tools/board"], run: () => 1 });
    writeFileSync(join(other, "package-lock.json"), "{ }");
    assert.throws(() => setUp(fails), { message: /tools\/board\/package-lock\.json are not installed/ });
  });

  test("packages are installed again when the lock file changes or node_modules goes", () => {
    setUp(machine());
    writeFileSync(join(root, "package-lock.json"), '{"lockfileVersion": 3}');
    setUp(machine());
    rmSync(join(root, "node_modules"), { recursive: true });
    setUp(machine());
    assert.deepEqual(calls, [NPM_CI, NPM_CI, NPM_CI]);
  });

  test("an installation that failed is not taken for done", () => {
    assert.throws(() => setUp(machine({ run: () => 1 })), { message: /^setup: npm ci ended with code 1; / });
    assert.throws(() => setUp(machine({ run: () => undefined })), { message: /^setup: npm ci could not be started; / });
    setUp(machine());
    assert.deepEqual(calls, [NPM_CI]);
  });

  test("root gets the missing tools from apt-get, and only those", () => {
    installTool("ip");
    setUp(machine({ tools: ["ip", "nft"] }));
    setUp(machine({ tools: ["ip", "nft"] }));
    assert.deepEqual(calls.slice(1), ["apt-get update -qq", "apt-get -qq install -y --no-install-recommends nftables"]);
  });

  test("who is not root, or has no apt-get, is told exactly what to install", () => {
    installTool("ip");
    const message =
      "setup: nft, tcpdump missing; install with: apt-get install -y --no-install-recommends nftables tcpdump (as root; Debian package names).";
    const tools = ["ip", "nft", "tcpdump"];
    assert.throws(() => setUp(machine({ tools, isRoot: false })), { message });
    const withoutApt = (command: string) => (command === "npm" ? 0 : undefined);
    assert.throws(() => setUp(machine({ tools, run: withoutApt })), { message });
  });

  test("an apt-get that did not bring the tool is reported", () => {
    assert.throws(() => setUp(machine({ tools: ["tcpdump"] })), { message: /ended with code 0 and tcpdump is missing/ });
  });

  test("a tool that nobody knows a package for is refused", () => {
    assert.throws(() => setUp(machine({ tools: ["nft", "vim"] })), {
      message: "setup: --tools: got vim, expected names out of buildah,chromium,ip,nft,openssl,tcpdump,unshare,nsenter.",
    });
  });

  test("an old Node is told in one sentence, before anything else", () => {
    assert.throws(() => setUp(machine({ nodeVersion: "18.20.4" })), {
      message: "setup: Node.js 20 or newer is needed, this is 18.20.4.",
    });
    assert.deepEqual([calls, existsSync(join(root, "node_modules"))], [[], false]);
  });

  test("the script prints its problem as one line and exits with 1", async () => {
    const script = fileURLToPath(new URL("../../scripts/setup.mjs", import.meta.url));
    const { code, stdout, stderr } = await run([process.execPath, script, "--no-such-option"]);
    assert.deepEqual(
      [code, stdout, stderr],
      [1, "", "usage: node scripts/setup.mjs [--tools ip,nft,tcpdump] [--also tools/board]\n"],
    );
  });
});
