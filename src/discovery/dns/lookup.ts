import type { RecordWithTtl } from "node:dns";
import type { Resolver as DnsResolver } from "node:dns/promises";
import type { Clock } from "../../domain/clock.ts";
import type { ZonalAddress } from "../../domain/frontend.ts";
import { shown } from "../problems.ts";
import { isDnsName, zonalName } from "../rules/hostname.ts";

/** What DNS answered about a name. */
export type Answer =
  | {
      readonly kind: "resolved";
      /** In a fixed order, whatever the order in the answer; each once. */
      readonly addresses: readonly ZonalAddress[];
      /** The smallest there was. */
      readonly ttlSeconds: number;
      /** How long the name itself took, without its zones. */
      readonly seconds: number;
    }
  | { readonly kind: "failed"; readonly detail: string };

/** Records of one type; a name that has none of the type is no failure. */
type Records =
  | { readonly kind: "records"; readonly records: readonly RecordWithTtl[] }
  | { readonly kind: "failed"; readonly detail: string };

/**
 * Asks for the addresses of a name, and for the zones of those addresses whose zone is not known yet.
 *
 * The A records decide: internal NLBs always have them. AAAA records are taken when they come, and missed when they do not.
 *
 * @param known - Zone by address, as far as it is known.
 * @returns Never rejects.
 */
export async function lookUp(
  dns: DnsResolver,
  hostname: string,
  zones: readonly string[],
  known: ReadonlyMap<string, string>,
  clock: Clock,
): Promise<Answer> {
  if (!isDnsName(hostname)) return { kind: "failed", detail: `${shown(hostname)} is no host name` };
  const startedMs = clock.nowMs();
  const [v4, v6] = await Promise.all([records(dns, hostname, "A"), records(dns, hostname, "AAAA")]);
  const seconds = (clock.nowMs() - startedMs) / 1000;
  if (v4.kind === "failed") return v4;
  const found = [...v4.records, ...(v6.kind === "records" ? v6.records : [])];
  if (found.length === 0) return { kind: "failed", detail: `no address: ${hostname} has neither A nor AAAA records` };

  const addresses = [...new Set(found.map(({ address }) => address))].sort();
  const unknown = addresses.filter((address) => !known.has(address));
  const zoneOf = unknown.length === 0 ? known : new Map([...known, ...(await zonesOf(dns, hostname, zones, unknown))]);
  return {
    kind: "resolved",
    addresses: addresses.map((address) => ({ address, zone: zoneOf.get(address) })),
    ttlSeconds: Math.min(...found.map(({ ttl }) => ttl)),
    seconds,
  };
}

/** Asks each zone's own name; one that does not answer (its zone has been withdrawn, or never was enabled) tells nothing. */
async function zonesOf(
  dns: DnsResolver,
  hostname: string,
  zones: readonly string[],
  addresses: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = new Set(addresses);
  const types = (["A", "AAAA"] as const).filter((type) =>
    addresses.some((address) => address.includes(":") === (type === "AAAA")),
  );
  const found = new Map<string, string>();
  await Promise.all(
    zones.flatMap((zone) => {
      const name = zonalName(zone, hostname);
      if (name === undefined) return [];
      return types.map(async (type) => {
        const answer = await records(dns, name, type);
        if (answer.kind === "failed") return;
        for (const { address } of answer.records) if (wanted.has(address)) found.set(address, zone);
      });
    }),
  );
  return found;
}

async function records(dns: DnsResolver, name: string, type: "A" | "AAAA"): Promise<Records> {
  try {
    const found = type === "A" ? await dns.resolve4(name, { ttl: true }) : await dns.resolve6(name, { ttl: true });
    return { kind: "records", records: found };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    // The name is there, with other types only (RFC 2308 section 2.2).
    if (code === "ENODATA") return { kind: "records", records: [] };
    return { kind: "failed", detail: `${code} for the ${type} records of ${name}` };
  }
}
