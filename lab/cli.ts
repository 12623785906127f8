import { parseArgs } from "node:util";
import { DEMO_FLAGS, runDemo } from "./demo.ts";
import { painterFor } from "./observe/table.ts";
import { withLab } from "./running-lab.ts";
import { buildTopology } from "./topology.ts";
import { runUp } from "./up.ts";

const USAGE = `usage: node lab/cli.ts demo|up [--nodes N] [--zones Z]   (inside scripts/sandbox.mjs)`;

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { nodes: { type: "string", default: "3" }, zones: { type: "string", default: "2" } },
    allowPositionals: true,
  });
  const [command] = positionals;
  const topology = buildTopology({ nodes: Number(values.nodes), zones: Number(values.zones) });
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => stop.abort(new Error(`ended by ${signal}`)));
  const screen = { write: (text: string) => process.stdout.write(text), isTerminal: process.stdout.isTTY === true };
  const paint = painterFor(process.stdout);
  const common = { topology, signal: stop.signal, onError: complain };
  switch (command) {
    case "demo": {
      return (await withLab({ ...common, agentFlags: DEMO_FLAGS }, (lab) => runDemo({ lab, screen, paint, signal: stop.signal })))
        ? 0
        : 1;
    }
    case "up":
      await withLab({ ...common, agentFlags: [] }, (lab) => runUp({ lab, screen, paint, signal: stop.signal }));
      return 0;
    default:
      throw new Error(USAGE);
  }
}

function complain(error: unknown): void {
  process.stderr.write(`lab: ${error instanceof Error ? error.message : String(error)}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  complain(error);
  process.exitCode = 1;
}
