/** The test files that share one process: see test/run.ts. */
import { inOwnSandbox } from "../lab/runner/own-sandbox.ts";
import { SHARED_FILES } from "./support/run-environment.ts";

await inOwnSandbox(import.meta.filename, async () => {
  for (const file of JSON.parse(process.env[SHARED_FILES] ?? "[]") as readonly string[]) await import(file);
});
