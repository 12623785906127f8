import { readFileSync } from "node:fs";

const dockerfile = (): string => readFileSync(new URL("../Dockerfile", import.meta.url), "utf8");

/** What the image has in its environment. */
export function imageEnvironment(): Readonly<Record<string, string>> {
  const settings = [...dockerfile().matchAll(/^ENV (NODE_ENV=.*)$/gm)].at(-1)?.[1] ?? "";
  return Object.fromEntries(settings.split(" ").map((setting) => setting.split("=") as [string, string]));
}

/** What Node.js is started with in the image: what is measured is what is shipped. */
export function imageFlags(): readonly string[] {
  const entrypoint = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile())?.[1];
  return (JSON.parse(entrypoint ?? "[]") as string[]).filter((argument) => argument.startsWith("--"));
}
