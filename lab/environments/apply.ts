import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Lab, VPC } from "../runner/lab.ts";
import type { Change, Environment, Setting } from "./environment.ts";
import { type Destination, planEnvironment } from "./plan.ts";

const COMMANDS = { nft: ["nft", "-f", "-"], ip: ["ip", "-batch", "-"] } as const;

/**
 * Makes the network of every agent's pod like this one, for agents that are started after it.
 *
 * @param destinations - What the agents connect to.
 * @returns What takes it all back.
 * @throws Error with what the kernel refused; then it may be there in part, and the lab has to be taken down.
 */
export async function makeEnvironment(
  lab: Lab,
  environment: Environment,
  destinations: readonly Destination[],
): Promise<() => Promise<void>> {
  const plan = planEnvironment(environment, lab.topology, destinations);
  const programs: ChildProcess[] = [];
  for (const { place, name, args } of plan.programs) {
    const path = fileURLToPath(new URL(name, import.meta.url));
    const runtime = name.endsWith(".py") ? "python3" : process.execPath;
    const child = lab.spawnIn(placeOf(place), [runtime, path, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    programs.push(child);
    await begun(child, `${name} in ${place}`);
  }
  for (const change of plan.changes) await run(lab, change);
  for (const setting of plan.settings) await set(lab, setting);
  return async () => {
    for (const setting of plan.settingsBefore) await set(lab, setting);
    for (const change of plan.undo) await run(lab, change);
    await Promise.all(programs.map(end));
  };
}

const placeOf = (place: string): string => (place === "vpc" ? VPC : place);

async function begun(child: ChildProcess, what: string): Promise<void> {
  if (child.stdout === null) throw new Error(`${what}: no standard output`);
  const said = once(child.stdout, "data").then(() => true);
  const ended = once(child, "exit").then(() => false);
  if (!(await Promise.race([said, ended]))) throw new Error(`${what} ended before it began`);
  child.stdout.resume();
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

const set = (lab: Lab, { place, path, value }: Setting): Promise<void> =>
  finished(lab, place, ["sh", "-ec", 'echo "$2" >"/proc/sys/$1"', "sh", path, String(value)], "");

const run = (lab: Lab, { place, tool, text }: Change): Promise<void> => finished(lab, place, COMMANDS[tool], text);

async function finished(lab: Lab, place: string, argv: readonly string[], input: string): Promise<void> {
  const child = lab.spawnIn(placeOf(place), argv, { stdio: ["pipe", "ignore", "pipe"] });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  child.stdin?.on("error", () => {});
  child.stdin?.end(input);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${argv.join(" ")} in ${place}: exit code ${code}: ${said.trim()}\n${input}`);
}
