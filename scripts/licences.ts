/**
 * The licences of what runs with the agent: `node scripts/licences.ts` names them, and ends with 1 where one is not allowed. A bundle has
 * their texts, too: scripts/bundle.ts.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Whoever passes it on may do so under our own licence, and has to name them: nothing else is asked for. By SPDX identifier. */
export const ALLOWED: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "MIT",
  "PSF-2.0",
  "Python-2.0",
  "Unlicense",
]);

/** What package-lock.json says of a package. */
export interface LockedPackage {
  /** Where it is installed, such as `node_modules/undici`. */
  readonly path: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
}

/** The packages that are not for development only, with all that they depend on. @param lock - Text of package-lock.json. */
export function runtimePackages(lock: string): readonly LockedPackage[] {
  const { packages } = JSON.parse(lock) as {
    readonly packages: Readonly<Record<string, Omit<LockedPackage, "path"> & { readonly dev?: boolean }>>;
  };
  return Object.entries(packages).flatMap(([path, { dev, ...given }]) => (path === "" || dev ? [] : [{ path, ...given }]));
}

/**
 * Whether a licence is allowed: one of those that there is a choice of, all of those that hold together.
 *
 * @param expression - SPDX licence expression, annex D, without parentheses but around the whole; any other is not allowed.
 */
export function isAllowedLicence(expression: string): boolean {
  const choices = expression.replace(/^\((.*)\)$/, "$1").split(" OR ");
  return choices.some((choice) => choice.split(" AND ").every((name) => ALLOWED.has(name)));
}

/** What an installed package says itself outranks the lock file, which has it of optional ones that are not for this platform. */
export function licenceOf({ path, license }: LockedPackage, root = ROOT): string {
  const file = join(root, path, "package.json");
  const own = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { readonly license?: unknown }).license : license;
  return typeof own === "string" ? own : "none that it names";
}

if (import.meta.main) {
  const byLicence = Map.groupBy(runtimePackages(readFileSync(join(ROOT, "package-lock.json"), "utf8")), (each) =>
    licenceOf(each),
  );
  for (const [licence, packages] of [...byLicence].sort()) {
    const names = packages.map(({ path }) => path.replace(/^.*node_modules\//, "")).join(", ");
    if (isAllowedLicence(licence)) console.log(`${licence}: ${names}`);
    else {
      console.error(`${licence}: got it for ${names}, expected one of ${[...ALLOWED].join(", ")}`);
      process.exitCode = 1;
    }
  }
}
