import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { readSynAck, type SynAck, TCPDUMP_ARGUMENTS } from "./syn-ack.ts";

/** Starts a program; its stdout and stderr are piped. */
export type SpawnProgram = (command: string, args: readonly string[]) => ChildProcess;

export interface CaptureOptions {
  readonly spawn: SpawnProgram;
  readonly isRoot: boolean;
  readonly onSynAck: (synAck: SynAck) => void;
  /** It has ended, or never began: why, in one sentence. Once. */
  readonly onEnd: (problem: string) => void;
}

/** A capture of incoming SYN-ACKs, by tcpdump (libpcap): opening a packet socket takes CAP_NET_RAW. */
export interface Capture {
  /** Whether it looks at packets now. */
  readonly isLive: () => boolean;
  readonly close: () => void;
}

/** Starts tcpdump. Whatever becomes of it, `onEnd` tells. */
export function startCapture({ spawn, isRoot, onSynAck, onEnd }: CaptureOptions): Capture {
  let state: "starting" | "live" | "ended" = "starting";
  let said = "";
  const end = (problem: string): void => {
    if (state === "ended") return;
    state = "ended";
    onEnd(problem);
  };
  // As root it would become another user, which takes capabilities that a container need not have.
  const child = spawn("tcpdump", [...(isRoot ? ["-Z", "root"] : []), ...TCPDUMP_ARGUMENTS]);
  child.once("error", (error: NodeJS.ErrnoException) =>
    end(error.code === "ENOENT" ? "tcpdump is not installed" : `tcpdump cannot be started: ${error.message}`),
  );
  // After `exit` its last words may still be on their way.
  child.once("close", (code, signal) => end(`tcpdump has ended (${signal ?? `exit code ${code}`})${said && `: ${said}`}`));
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const synAck = state === "live" ? readSynAck(line) : undefined;
      if (synAck !== undefined) onSynAck(synAck);
    });
  }
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (state === "starting" && line.includes("listening on")) state = "live";
      // What it says before is about what it cannot do; the last of it is why.
      else if (line.trim() !== "") said = line.trim().slice(0, 300);
    });
  }
  return {
    isLive: () => state === "live",
    close: () => {
      state = "ended";
      child.kill();
    },
  };
}
