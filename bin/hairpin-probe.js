#!/usr/bin/env node
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    `hairpin-probe needs Node.js 22.19 or newer, and this is ${process.versions.node}; after npm ci, npx hairpin-probe runs on the pinned one.`,
  );
  process.exit(1);
}
await import("../src/cli/main.ts");
