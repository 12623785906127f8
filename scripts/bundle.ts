/**
 * The program as the image has it: `node scripts/bundle.ts [FOLDER]` writes main.js and what it reads at times, with everything that they
 * import, and the licences of whom that comes from. Without the bundle the image would hold 60 MB of packages, nearly all of them for a
 * kubeconfig's ways to log in, and each start would read hundreds of files.
 */
import { chmodSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** What a module of ours calls itself. */
const URL_OF_BUNDLE = 'const urlOfBundle = require("node:url").pathToFileURL(__filename).href;';
/** Large, and needed for a kubeconfig only: a file of its own, which is read only then. */
const APART = { "@kubernetes/client-node": "kubeconfig" } as const;
/** Packages of which a part is enough, with the file that says which. */
const PARTLY = ["prom-client", "thread-stream", "undici"] as const;
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
  const shared: BuildOptions = {
    absWorkingDir: ROOT,
    outdir: folder,
    bundle: true,
    // Not ESM: its loader costs 7 MB, and an import of node:http 12 MB, since it asks for every export, and one is a whole undici.
    format: "cjs",
    platform: "node",
    target: "node22.19",
    // What another command needs is evaluated only then, without the loader for it.
    supported: { "dynamic-import": false },
    legalComments: "none",
    metafile: true,
    logLevel: "error",
  };
  const own = await build({
    ...shared,
    entryPoints: ["src/cli/main.ts"],
    define: { "import.meta.url": "urlOfBundle" },
    banner: { js: URL_OF_BUNDLE },
    plugins: [apart],
  });
  const entryPoints = Object.entries(APART).map(([name, out]) => ({ in: name, out }));
  const others = await build({ ...shared, entryPoints });
  // Beside a package.json that says `module`.
  writeFileSync(join(folder, "package.json"), '{ "type": "commonjs" }\n');
  const main = join(folder, "main.js");
  writeFileSync(main, readFileSync(main, "utf8").replace(/^#!.*/, INTERPRETER));
  chmodSync(main, 0o755);
  const packages = packagesOf([own, others]);
  writeFileSync(join(folder, LICENCES), packages.map(licenceOf).join("\n"));
  return packages;
}

/** Leaves packages that are apart to files beside the program's. */
const apart: Plugin = {
  name: "apart",
  setup({ onResolve }) {
    for (const [name, file] of Object.entries(APART)) {
      onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: `./${file}.js`, external: true }));
    }
    for (const name of PARTLY) {
      onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: join(ROOT, `scripts/bundled/${name}.cjs`) }));
    }
  },
};

const packagesOf = (built: readonly { readonly metafile?: Metafile | undefined }[]): readonly string[] => {
  const paths = built.flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}));
  const names = paths.flatMap((path) => /^node_modules\/(?:.*\/node_modules\/)?((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  return [...new Set(names)].sort();
};

function licenceOf(name: string): string {
  const [file] = globSync(`node_modules/${name}/*{LICENSE,LICENCE,license,License}*`, { cwd: ROOT });
  const { license } = JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8")) as { license?: string };
  if (license === undefined) throw new Error(`node_modules/${name}/package.json: license: expected the name of one`);
  const text = file === undefined ? "" : `\n${readFileSync(join(ROOT, file), "utf8").trim()}\n`;
  return `${name}: ${license}\n${text}`;
}

if (import.meta.main) await bundle(resolve(process.argv[2] ?? "dist"));
