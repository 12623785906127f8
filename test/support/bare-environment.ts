import { env } from "node:process";

/** For a program under test: none of the variables of this machine but where programs are, and where Node.js keeps compiled code. */
export const BARE_ENVIRONMENT: Readonly<Record<string, string>> = Object.fromEntries(
  ["PATH", "NODE_COMPILE_CACHE"].flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
);
