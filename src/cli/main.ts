#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { AUDIT_DEFINITIONS } from "../config/audit-definitions.ts";
import { CHECK_DEFINITIONS } from "../config/check-definitions.ts";
import { TARGET_FORMS } from "../config/check-target.ts";
import { DEFINITIONS } from "../config/definitions.ts";
import { renderSettingsHelp } from "../config/help.ts";
import { ConfigError, loadAuditSettings, loadCheckSettings, loadSettings, loadVerifySettings } from "../config/load.ts";
import { VERIFY_DEFINITIONS } from "../config/verify-definitions.ts";
import { VERSION } from "../version.ts";
import { AGENT_EXIT, COMMON_EXIT, EXIT_CODES, renderExitHelp } from "./exit-codes.ts";

const HELP = `hairpin-probe ${VERSION}: finds, measures and explains hairpin timeouts of internal AWS NLBs

Usage
  hairpin-probe agent [flags]    probe every internal NLB from this node, export to Prometheus
  hairpin-probe audit [flags]    tell which load balancers can hairpin, and how to fix each; probes nothing
  hairpin-probe check TARGET     a burst of attempts from here: is it the hairpin, or what else?
  hairpin-probe verify SERVICE   did a change end the hairpin? FIXED, NOT FIXED or INCONCLUSIVE
  hairpin-probe COMMAND --help | --version

Examples
  hairpin-probe agent --frontends nlbs.yaml --interval 2s --metrics-address 127.0.0.1:9867
  hairpin-probe audit -n shop,payments -o markdown > ticket.md
  hairpin-probe check shop/web
  hairpin-probe verify shop/web --prometheus http://localhost:9090
`;

const AGENT_HELP = `hairpin-probe agent [flags]: probe every internal NLB from this node, export to Prometheus

Flags (a flag beats its environment variable, which beats the file, which beats the default)
${renderSettingsHelp(DEFINITIONS)}

${renderExitHelp(EXIT_CODES.agent)}

Example, outside a cluster
  hairpin-probe agent --frontends nlbs.yaml --interval 2s --metrics-address 127.0.0.1:9867
`;

const AUDIT_HELP = `hairpin-probe audit [flags]: tell which load balancers can hairpin, and how to fix each; probes nothing

It lists Services, EndpointSlices and Nodes, and Gateways and TargetGroupBindings where there are any, with your kubeconfig.

Flags (a flag beats its environment variable, which beats the file, which beats the default)
${renderSettingsHelp(AUDIT_DEFINITIONS)}

${renderExitHelp(EXIT_CODES.audit)}

Examples
  hairpin-probe audit
  hairpin-probe audit --verdict can,unknown --ccm-version 1.34.2
  hairpin-probe audit -n shop -o json | jq '.loadBalancers[] | select(.verdict == "can") | .fix.command'
`;

const CHECK_HELP = `hairpin-probe check TARGET [flags]: a burst of attempts from here, with cause and confidence

TARGET is ${TARGET_FORMS}.
A Service is found as the agents find it, in the cluster or in --frontends; a host needs neither.

Flags (a flag beats its environment variable, which beats the file, which beats the default)
${renderSettingsHelp(CHECK_DEFINITIONS)}

${renderExitHelp(EXIT_CODES.check)}

Examples
  kubectl exec -n hairpin-probe ds/hairpin-probe -- hairpin-probe check shop/web
  hairpin-probe check shop/web:443 -o json | jq .verdict
  hairpin-probe check 10.0.32.5:80 --attempts 50
`;

const VERIFY_HELP = `hairpin-probe verify NAMESPACE/SERVICE [flags]: did a change end the hairpin?

It compares what the agents counted before and after, as Prometheus or the agents themselves have it, and says FIXED only if so
few timeouts would have had a chance below 0.001, had nothing changed.

Flags (a flag beats its environment variable, which beats the file, which beats the default)
${renderSettingsHelp(VERIFY_DEFINITIONS)}

${renderExitHelp(EXIT_CODES.verify)}

Examples
  hairpin-probe verify shop/web --prometheus http://localhost:9090
  hairpin-probe verify shop/web --prometheus http://localhost:9090 --at "12m ago" --before 2h
  hairpin-probe verify shop/web --prometheus https://mimir.example/prometheus --org-id team-a -o markdown > ticket.md
  hairpin-probe verify shop/web --agents hairpin-probe
`;

type Command = { readonly help: string; readonly run: (argv: readonly string[]) => Promise<number> };

// What a command needs is loaded when it runs: help and usage errors need none of it.
const COMMANDS: Readonly<Record<string, Command>> = {
  agent: {
    help: AGENT_HELP,
    async run(argv) {
      const settings = loadSettings({ ...sourcesOf(argv), hostname: hostname() });
      const { runAgentCommand } = await import("./agent.ts");
      await runAgentCommand(settings, process.env, untilSignalled());
      return AGENT_EXIT.ended.code;
    },
  },
  audit: {
    help: AUDIT_HELP,
    async run(argv) {
      const settings = loadAuditSettings(sourcesOf(argv));
      const { runAuditCommand } = await import("./audit.ts");
      return runAuditCommand(settings, process, untilSignalled());
    },
  },
  check: {
    help: CHECK_HELP,
    async run(argv) {
      const settings = loadCheckSettings({ ...sourcesOf(argv), hostname: hostname() });
      const { runCheckCommand } = await import("./check.ts");
      return runCheckCommand(settings, process, untilSignalled());
    },
  },
  verify: {
    help: VERIFY_HELP,
    async run(argv) {
      const settings = loadVerifySettings(sourcesOf(argv));
      const { runVerifyCommand } = await import("./verify.ts");
      return runVerifyCommand(settings, process, Date.now, untilSignalled());
    },
  },
};

const sourcesOf = (argv: readonly string[]) => ({
  argv,
  env: process.env,
  readFile: (path: string) => readFileSync(path, "utf8"),
});

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  const command = name === undefined || !Object.hasOwn(COMMANDS, name) ? undefined : COMMANDS[name];
  if (argv.includes("--help") || argv.includes("-h") || name === "help") {
    process.stdout.write(command?.help ?? HELP);
    return 0;
  }
  if (argv.includes("--version") || name === "version") {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  if (command === undefined) {
    const got = name === undefined ? "no command" : `unknown command ${JSON.stringify(name)}`;
    process.stderr.write(`hairpin-probe: ${got}, expected: ${Object.keys(COMMANDS).join(", ")}. See hairpin-probe --help.\n`);
    return COMMON_EXIT.usage.code;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) process.stderr.write(`hairpin-probe: ${problem}\n`);
    process.stderr.write(`See hairpin-probe ${name} --help.\n`);
    return COMMON_EXIT.usage.code;
  }
}

/** Aborted by the signals that end a container (SIGTERM) or a terminal's program (SIGINT). A second one ends it at once. */
function untilSignalled(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort(new Error(`ended by ${signal}`)));
  return stop.signal;
}

function broken(error: unknown): number {
  process.stderr.write(`hairpin-probe: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return COMMON_EXIT.broken.code;
}

// What a timer runs has nobody to reject to: a plan that is made a little later, for instance.
process.once("uncaughtException", (error) => process.exit(broken(error)));

// No `await` at the top: the bundle of the image is a CommonJS module (scripts/bundle.ts).
void main(process.argv.slice(2))
  .catch(broken)
  // Connections that are still saying goodbye would keep the process for another second; nothing is lost with them.
  .then((exitCode) => process.exit(exitCode));
