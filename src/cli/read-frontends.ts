import { readFileSync } from "node:fs";
import { ConfigError } from "../config/load.ts";
import { FrontendsFileError, loadFrontendsFile } from "../discovery/frontends-file.ts";
import type { AddressPolicy } from "../domain/address.ts";
import type { Snapshot } from "../domain/snapshot.ts";

/** Reads the frontends file. @throws ConfigError with every problem there is. */
export function readFrontends(
  file: string,
  options: { readonly defaultPath: string; readonly isAllowed: AddressPolicy },
): Snapshot {
  try {
    return loadFrontendsFile(readFileSync(file, "utf8"), { file, ...options });
  } catch (error) {
    if (error instanceof FrontendsFileError) throw new ConfigError(error.problems);
    if (error instanceof Error && "syscall" in error)
      throw new ConfigError([`--frontends: cannot read ${file}: ${error.message}`]);
    throw error;
  }
}
