/**
 * Many frontends on one machine: private addresses on the loopback interface of a sandbox, one server behind all of them, and a
 * firewall that drops what goes to some of them.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const BACKEND = fileURLToPath(new URL("../lab/backend.ts", import.meta.url));

export interface FrontendFarm {
  readonly addresses: readonly string[];
  /** Those that drop every SYN without a word. */
  readonly dropping: readonly string[];
  close(): Promise<void>;
}

/**
 * @param options.frontends - How many addresses, 1 to 2,500.
 * @param options.droppingShare - Share of them that drops silently, 0 to 1.
 * @param options.core - The processor that the server is kept on, so that what is measured has the other to itself.
 */
export async function startFrontendFarm(options: {
  readonly frontends: number;
  readonly droppingShare: number;
  readonly core: number;
}): Promise<FrontendFarm> {
  const addresses = Array.from({ length: options.frontends }, (_, i) => `10.99.${Math.floor(i / 250)}.${(i % 250) + 1}`);
  const dropping = addresses.slice(0, Math.round(options.frontends * options.droppingShare));
  run("ip", ["-batch", "-"], addresses.map((address) => `address add ${address}/32 dev lo`).join("\n"));
  run("nft", ["-f", "-"], renderDropping(dropping));
  const server = spawn("taskset", ["-c", String(options.core), process.execPath, BACKEND, "--name", "farm"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await Promise.race([
    once(server.stdout, "data"),
    once(server, "exit").then(([code]) => {
      throw new Error(`the server behind the frontends ended with ${code}`);
    }),
  ]);
  return {
    addresses,
    dropping,
    close: async () => {
      await end(server);
      run("nft", ["-f", "-"], "table inet farm\ndelete table inet farm\n");
      run("ip", ["-batch", "-"], addresses.map((address) => `address del ${address}/32 dev lo`).join("\n"));
    },
  };
}

/** Replaces the table whole, so that a farm that was not closed is no harm. */
const renderDropping = (addresses: readonly string[]): string => `\
table inet farm
delete table inet farm
table inet farm {
	chain input {
		type filter hook input priority filter; policy accept;
${addresses.map((address) => `\t\tip daddr ${address} tcp flags & (syn | ack) == syn drop`).join("\n")}
	}
}
`;

const run = (command: string, args: readonly string[], input: string): void => {
  execFileSync(command, args, { input, stdio: ["pipe", "ignore", "inherit"] });
};

/** Ends a process that we started, and waits for it. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}
