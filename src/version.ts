import { readFileSync } from "node:fs";

/** The project's version, as package.json says. */
export const VERSION: string = (() => {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version?: unknown };
  if (typeof version !== "string") throw new Error("package.json: version: expected a string");
  return version;
})();
