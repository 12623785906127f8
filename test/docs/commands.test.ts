/** Every call of our commands that the documentation shows, under the commands' own eyes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { loadAuditSettings, loadCheckSettings, loadSettings, loadVerifySettings } from "../../src/config/load.ts";
import { PAGE_PATHS } from "./pages.ts";

/** What stands for what the reader puts there, with something that it can be. */
const PLACEHOLDERS: readonly (readonly [name: RegExp, value: string])[] = [
  [/"\$URL"/g, "http://localhost:9090"],
  [/"\$\{agents%,\}"/g, "10.0.0.1:9867"],
  [/\bNAMESPACE\b/g, "shop"],
  [/\b(SERVICE|NAME)\b/g, "web"],
  [/\bFILE\b/g, "nlbs.yaml"],
];
const CALL = /\bhairpin-probe (agent|audit|check|verify)((?: [^|;>#`]*)?)/g;

/** In a cluster, so that the agent has something to find. */
const env = { KUBERNETES_SERVICE_HOST: "172.20.0.1", HAIRPIN_PROBE_NODE_NAME: "n1" };
const sources = (argv: readonly string[]) => ({ argv, env, readFile: () => "", hostname: "n1" });
const LOADERS: Readonly<Record<string, (argv: readonly string[]) => unknown>> = {
  agent: (argv) => loadSettings(sources(argv)),
  audit: (argv) => loadAuditSettings({ ...sources(argv), env: {} }),
  check: (argv) => loadCheckSettings({ ...sources(argv), env: {} }),
  verify: (argv) => loadVerifySettings({ ...sources(argv), env: {} }),
};

/** Words as a shell takes them. */
const wordsOf = (text: string): readonly string[] =>
  [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) => double ?? single ?? plain ?? "");

/** Code of a page: blocks with continued lines joined, and code within sentences. */
function codeOf(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].flatMap(([, block = ""]) =>
    block.replaceAll(/\\\n\s*/g, "").split("\n"),
  );
  const rest = text.replaceAll(/^```[\s\S]*?^```/gm, "");
  return [...blocks, ...[...rest.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code.replaceAll(/\s+/g, " "))];
}

/** Calls with arguments; without any it is the command's name in a sentence. */
const callsIn = (code: string): readonly (readonly [command: string, argv: readonly string[]])[] =>
  [...code.matchAll(CALL)].flatMap(([, command = "", rest = ""]) => {
    const filled = PLACEHOLDERS.reduce((text, [name, value]) => text.replaceAll(name, value), rest);
    const argv = wordsOf(filled);
    return argv.length === 0 || argv.includes("--help") ? [] : [[command, argv] as const];
  });

/** What is wrong with a call, if anything is. */
function refusalOf(command: string, argv: readonly string[]): string | undefined {
  try {
    LOADERS[command]?.(argv);
    return undefined;
  } catch (error) {
    return `hairpin-probe ${command} ${argv.join(" ")}: ${error}`;
  }
}

test("every call that the documentation shows is one that the command takes", () => {
  let calls = 0;
  for (const path of PAGE_PATHS) {
    const text = readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
    for (const [command, argv] of codeOf(text).flatMap(callsIn)) {
      assert.equal(refusalOf(command, argv), undefined, path);
      calls++;
    }
  }
  assert.ok(calls > 10, `${calls} calls were found`);
});

test("a call with an argument or a flag that the command does not have would be found", () => {
  const wrong =
    "`hairpin-probe audit NAMESPACE/NAME`\n```sh\nnpx hairpin-probe verify shop/web \\\n  --prometeus http://localhost:9090   # oh\n```\n";
  assert.deepEqual(
    codeOf(wrong)
      .flatMap(callsIn)
      .map(([command, argv]) => refusalOf(command, argv) !== undefined),
    [true, true],
  );
});
