import { readdirSync } from "node:fs";

/** Every page of ours by its path in the project; what is bundled or generated elsewhere has none. */
export const PAGE_PATHS: readonly string[] = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "charts/hairpin-probe/README.md",
  ...readdirSync(new URL("../../docs/", import.meta.url), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => `docs/${path}`),
];
