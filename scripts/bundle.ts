/**
 * The program as the image has it: `node scripts/bundle.ts [FOLDER]` writes main.js and its chunks, everything in them that they import,
 * and the licences of whom that comes from. Without the bundle the image would hold 60 MB of packages, nearly all of them for a
 * kubeconfig's ways to log in, and each start would read hundreds of files.
 */
import { chmodSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile } from "esbuild";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** Packages that were written for CommonJS ask for Node's own modules in its way. */
const REQUIRE = 'import { createRequire as requireFor } from "node:module"; const require = requireFor(import.meta.url);';
/** The image has no /usr/bin/env. */
const INTERPRETER = "#!/usr/local/bin/node";

export const LICENCES = "THIRD-PARTY-LICENCES.txt";

/**
 * Bundles the program into a folder, which is emptied first.
 *
 * @returns Names of the packages that are in it.
 * @throws Error of esbuild, or when a package that gets in does not say its licence.
 */
export async function bundle(folder: string): Promise<readonly string[]> {
  rmSync(folder, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["src/cli/main.ts"],
    outdir: folder,
    bundle: true,
    // What only a kubeconfig or another command needs is a file of its own, and is read only then.
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22.19",
    banner: { js: REQUIRE },
    legalComments: "none",
    metafile: true,
    logLevel: "error",
  });
  const main = join(folder, "main.js");
  writeFileSync(main, readFileSync(main, "utf8").replace(/^#!.*/, INTERPRETER));
  chmodSync(main, 0o755);
  const packages = packagesOf(metafile);
  writeFileSync(join(folder, LICENCES), packages.map(licenceOf).join("\n"));
  return packages;
}

const packagesOf = ({ inputs }: Metafile): readonly string[] =>
  [
    ...new Set(
      Object.keys(inputs).flatMap((path) => /^node_modules\/(?:.*\/node_modules\/)?((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []),
    ),
  ].sort();

function licenceOf(name: string): string {
  const [file] = globSync(`node_modules/${name}/*{LICENSE,LICENCE,license,License}*`, { cwd: ROOT });
  const { license } = JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8")) as { license?: string };
  if (license === undefined) throw new Error(`node_modules/${name}/package.json: license: expected the name of one`);
  const text = file === undefined ? "" : `\n${readFileSync(join(ROOT, file), "utf8").trim()}\n`;
  return `${name}: ${license}\n${text}`;
}

if (import.meta.main) await bundle(resolve(process.argv[2] ?? "dist"));
