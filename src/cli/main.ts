import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { DEFINITIONS } from "../config/definitions.ts";
import { renderSettingsHelp } from "../config/help.ts";
import { ConfigError, loadSettings } from "../config/load.ts";
import { VERSION } from "../version.ts";

/** Exit codes of every command: 0 fine, 1 the agent failed, 2 it was called in a way that cannot work. */
const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

const HELP = `hairpin-probe ${VERSION}: finds, measures and explains hairpin timeouts of internal AWS NLBs

Usage
  hairpin-probe agent [flags]    probe every internal NLB from this node, export to Prometheus
  hairpin-probe --help | --version

Flags of agent (a flag beats its environment variable, which beats the file, which beats the default)
${renderSettingsHelp(DEFINITIONS)}

Example, outside a cluster
  hairpin-probe agent --frontends nlbs.yaml --interval 2s --metrics-address 127.0.0.1:9867
`;

async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  if (argv.includes("--help") || argv.includes("-h") || command === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  if (command === "--version" || command === "version") {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  if (command !== "agent") {
    const got = command === undefined ? "no command" : `unknown command ${JSON.stringify(command)}`;
    process.stderr.write(`hairpin-probe: ${got}, expected: agent. See hairpin-probe --help.\n`);
    return EXIT_USAGE;
  }
  try {
    const settings = loadSettings({
      argv: rest,
      env: process.env,
      readFile: (path) => readFileSync(path, "utf8"),
      hostname: hostname(),
    });
    // Loaded only now: help and usage errors need none of it.
    const { runAgentCommand } = await import("./agent.ts");
    await runAgentCommand(settings, process.env, untilSignalled());
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) process.stderr.write(`hairpin-probe: ${problem}\n`);
    process.stderr.write("See hairpin-probe --help.\n");
    return EXIT_USAGE;
  }
}

/** Aborted by the signals that end a container (SIGTERM) or a terminal's program (SIGINT). A second one ends it at once. */
function untilSignalled(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort(new Error(`ended by ${signal}`)));
  return stop.signal;
}

let exitCode = EXIT_FAILURE;
try {
  exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`hairpin-probe: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
// Connections that are still saying goodbye would keep the process for another second; nothing is lost with them.
process.exit(exitCode);
