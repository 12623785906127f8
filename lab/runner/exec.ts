/**
 * Runs the tools that change the lab's network. The only place that reads what they say when they fail.
 */
import { spawn } from "node:child_process";

/** No call takes longer than a second or two; one that hangs must not hang the lab. */
const TIMEOUT_MS = 20_000;
const MAX_STDERR = 8_192;

/** A program and what goes into its standard input. */
export type Exec = (argv: readonly string[], input: string, signal?: AbortSignal) => Promise<void>;

/** A tool that failed: what was run, the line of its input that it did not take, and what it said. */
export class ToolError extends Error {
  override readonly name = "ToolError";
  readonly argv: readonly string[];
  readonly line: string | undefined;
  readonly stderr: string;

  constructor(argv: readonly string[], how: string, line: string | undefined, stderr: string, options?: ErrorOptions) {
    const where = line === undefined ? "" : ` at "${line.trim()}"`;
    super(`${argv.join(" ")}: ${how}${where}${stderr === "" ? "" : `: ${stderr.trim()}`}`, options);
    this.argv = argv;
    this.line = line;
    this.stderr = stderr;
  }
}

/**
 * Runs a tool to its end.
 *
 * @param signal - Kills it.
 * @throws ToolError unless it exits with 0 within 20 s.
 */
export const execTool: Exec = (argv, input, signal) =>
  new Promise((resolve, reject) => {
    const [command = "", ...args] = argv;
    const child = spawn(command, args, {
      stdio: ["pipe", "ignore", "pipe"],
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
      ...(signal === undefined ? {} : { signal }),
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(0, MAX_STDERR);
    });
    // A tool that ends before it has read its input (EPIPE) tells why by its exit code and its message.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    child.on("error", (cause) => reject(new ToolError(argv, cause.message, undefined, stderr, { cause })));
    child.on("close", (code, killedBy) => {
      if (code === 0) resolve();
      else
        reject(
          new ToolError(argv, code === null ? `killed by ${killedBy}` : `exit code ${code}`, badLine(input, stderr), stderr),
        );
    });
  });

/** The line that the tool names: `Command failed -:7` (ip -batch) or `/dev/stdin:7:3-9: Error` (nft -f). */
function badLine(input: string, stderr: string): string | undefined {
  const number = /Command failed -:(\d+)|\/dev\/stdin:(\d+):/.exec(stderr);
  return number === null ? undefined : input.split("\n")[Number(number[1] ?? number[2]) - 1];
}
