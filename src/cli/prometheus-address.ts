import { readFileSync } from "node:fs";
import { ConfigError } from "../config/load.ts";
import type { VerifySettings } from "../config/verify-definitions.ts";
import type { PrometheusAddress } from "../verify/prometheus/client.ts";
import { VERSION } from "../version.ts";

/**
 * Where the Prometheus is, and what proves who asks: out of files, as flags are seen by everyone on the machine.
 *
 * @throws ConfigError for a file that cannot be read, or holds something else.
 */
export function prometheusAddress(settings: VerifySettings): PrometheusAddress {
  const { prometheus = "", bearerTokenFile, basicAuthFile, caFile, orgId } = settings;
  const headers: Record<string, string> = { "user-agent": `hairpin-probe/${VERSION}` };
  if (bearerTokenFile !== undefined) headers.authorization = `Bearer ${secretIn("--bearer-token-file", bearerTokenFile)}`;
  if (basicAuthFile !== undefined) {
    const pair = secretIn("--basic-auth-file", basicAuthFile);
    if (!pair.includes(":")) throw new ConfigError([`--basic-auth-file: ${basicAuthFile}: expected user:password`]);
    headers.authorization = `Basic ${Buffer.from(pair).toString("base64")}`;
  }
  if (orgId !== undefined) headers["x-scope-orgid"] = orgId;
  return { url: prometheus, headers, ...(caFile === undefined ? {} : { ca: fileOf("--ca-file", caFile) }) };
}

function secretIn(flag: string, path: string): string {
  const text = fileOf(flag, path).trim();
  if (!/^[\x20-\x7e]+$/.test(text)) throw new ConfigError([`${flag}: ${path}: expected one line of printable characters`]);
  return text;
}

function fileOf(flag: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError([`${flag}: ${error instanceof Error ? error.message : String(error)}`]);
  }
}
