import { readFileSync } from "node:fs";

/** What Node.js is started with in the image: what is measured is what is shipped. */
export function imageFlags(): readonly string[] {
  const entrypoint = /^ENTRYPOINT (\[.*\])$/m.exec(readFileSync(new URL("../Dockerfile", import.meta.url), "utf8"))?.[1];
  return (JSON.parse(entrypoint ?? "[]") as string[]).filter((argument) => argument.startsWith("--"));
}
