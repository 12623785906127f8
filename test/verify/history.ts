/** What agents would have exported over hours, as OpenMetrics text for a Prometheus that starts with it. */

export interface Phase {
  /** Seconds that it lasts. */
  readonly seconds: number;
  /** Share of timeouts at the own zone's address. */
  readonly share: number;
  readonly preserve: boolean;
  readonly hostname?: string;
  /** Failures a minute of other reasons, at the own zone's address. */
  readonly refused?: number;
  /** Nothing was scraped. */
  readonly isGap?: boolean;
}

export interface HistoryOptions {
  /** Seconds since the epoch: when the last phase ends. */
  readonly endSeconds: number;
  readonly phases: readonly Phase[];
  readonly nodesPerZone?: number;
  /** Seconds between restarts of each agent, which start their counters anew. */
  readonly restartEvery?: number;
  readonly cluster?: string;
  /** Seconds before the end at which a rollout begins: it replaces one agent a minute, which is away for two scrapes each time. */
  readonly rolloutBeforeEnd?: number;
  /** Seconds between scrapes. */
  readonly scrapeEvery?: number;
  /** What the Service is called, in its namespace. */
  readonly name?: string;
  /** One scrape had NaN for this node's attempts, as what stores between here and there make of a broken page. */
  readonly nanOf?: string;
  /** A proxy answers the connections of this node's agent, in the last phase. */
  readonly proxiedIn?: string;
}

/** One attempt in ten seconds, as by default. */
const ATTEMPT_EVERY_SECONDS = 10;
const ZONES = ["a", "b"];
type Labels = Readonly<Record<string, string>>;

/** One text of all of them, with each family once, as OpenMetrics wants it. */
export function renderHistory(...histories: readonly HistoryOptions[]): string {
  const families = new Map<string, string[]>();
  for (const history of histories) writeHistory(families, history);
  const texts = [...families].map(([family, samples]) => {
    const isCounter = samples[0]?.startsWith(`${family}_total`) === true;
    return `# TYPE ${family} ${isCounter ? "counter" : "gauge"}\n${samples.join("\n")}\n`;
  });
  return `${texts.join("")}# EOF\n`;
}

function writeHistory(families: Map<string, string[]>, options: HistoryOptions): void {
  const { endSeconds, phases, nodesPerZone = 3, restartEvery = Number.POSITIVE_INFINITY, cluster } = options;
  const { scrapeEvery = 30, rolloutBeforeEnd = Number.POSITIVE_INFINITY, nanOf, name = "web" } = options;
  const service = { service_namespace: "shop", service_name: name };
  const perScrape = scrapeEvery / ATTEMPT_EVERY_SECONDS;
  const own: Labels = cluster === undefined ? {} : { cluster };
  const write = (family: string, name: string, labels: Labels, value: number, at: number): void => {
    const samples = families.get(family) ?? [];
    families.set(family, samples);
    let pairs = "";
    for (const label in labels) pairs += `${pairs === "" ? "" : ","}${label}=${quoted(labels[label] ?? "")}`;
    samples.push(`${name}{${pairs}} ${value} ${at}`);
  };
  /** In the middle of the last phase. */
  const nanAt = endSeconds - (phases.at(-1)?.seconds ?? 0) / 2;
  const length = phases.reduce((sum, { seconds }) => sum + seconds, 0);
  for (const [zoneIndex, zone] of ZONES.entries()) {
    for (let i = 0; i < nodesPerZone; i++) {
      // Each text tells of nodes of its own: two that are joined must not both tell of one.
      const node = name === "web" ? `node-${zone}-${i}` : `${name}-node-${zone}-${i}`;
      const replacedAt = endSeconds - rolloutBeforeEnd + 60 * (zoneIndex * nodesPerZone + i);
      const isAway = (at: number): boolean => at >= replacedAt && at < replacedAt + 2 * scrapeEvery;
      const counters = new Map<string, number>();
      const fractions = new Map<string, number>();
      let phaseStart = endSeconds - length;
      for (const phase of phases) {
        for (let at = phaseStart; at < phaseStart + phase.seconds; at += scrapeEvery) {
          // Agents restart one after the other.
          if ((at + i * scrapeEvery) % restartEvery < scrapeEvery || isAway(at)) counters.clear();
          if (!isAway(at)) scrape({ at, zone, node, phase, counters, fractions });
        }
        phaseStart += phase.seconds;
      }
    }
  }

  function scrape(now: {
    readonly at: number;
    readonly zone: string;
    readonly node: string;
    readonly phase: Phase;
    readonly counters: Map<string, number>;
    readonly fractions: Map<string, number>;
  }): void {
    const { at, zone: ownZone, node, phase, counters, fractions } = now;
    /** Whole counts: what is left over of a fraction counts the next time. */
    const add = (key: string, amount: number): number => {
      const sum = amount + (fractions.get(key) ?? 0);
      fractions.set(key, sum - Math.floor(sum));
      counters.set(key, (counters.get(key) ?? 0) + Math.floor(sum));
      return counters.get(key) ?? 0;
    };
    for (const zone of ZONES) {
      const isOwn = zone === ownZone;
      const exposure = isOwn && phase.preserve ? 1 / nodesPerZone : 0;
      const where = {
        node,
        ...service,
        service_port: "80",
        frontend_zone: zone,
        colocated: "true",
        exposed: String(exposure > 0),
        ...own,
      };
      const key = `${zone}${exposure > 0}`;
      const attempts = add(`attempts${key}`, perScrape);
      const timeouts = add(`timeouts${key}`, isOwn ? perScrape * phase.share : 0);
      const refused = add(`refused${key}`, isOwn ? ((phase.refused ?? 0) * scrapeEvery) / 60 : 0);
      if (phase.isGap) continue;
      write(
        "hairpin_probe_attempts",
        "hairpin_probe_attempts_total",
        where,
        node === nanOf && Math.abs(at - nanAt) < scrapeEvery / 2 ? Number.NaN : attempts,
        at,
      );
      const failures = "hairpin_probe_failures";
      write(failures, `${failures}_total`, { ...where, reason: "connect_timeout" }, timeouts, at);
      write(failures, `${failures}_total`, { ...where, reason: "connect_refused" }, refused, at);
      write("hairpin_probe_hairpins", "hairpin_probe_hairpins_total", { ...where, evidence: "reset" }, timeouts, at);
      write("hairpin_probe_exposure_ratio", "hairpin_probe_exposure_ratio", where, exposure, at);
    }
    if (phase.isGap) return;
    const configuration = {
      controller: "lbc",
      target_type: "instance",
      preserve_client_ip: String(phase.preserve),
      preserve_origin: phase.preserve ? "default" : "explicit",
      cross_zone: "false",
      external_traffic_policy: "Cluster",
      hostname: phase.hostname ?? "web.elb.eu-west-1.amazonaws.com",
    };
    write("hairpin_probe_service_info", "hairpin_probe_service_info", { node, ...service, ...configuration, ...own }, 1, at);
    const isProxied = node === options.proxiedIn && phase === phases.at(-1);
    write("hairpin_probe_blinded", "hairpin_probe_blinded", { node, by: "proxy", ...own }, isProxied ? 1 : 0, at);
    write("hairpin_probe_agent_info", "hairpin_probe_agent_info", { node, node_zone: ownZone, version: "0.1.0", ...own }, 1, at);
  }
}

const quotes = new Map<string, string>();

/** The same few values come a million times. */
function quoted(value: string): string {
  const text = quotes.get(value) ?? JSON.stringify(value);
  quotes.set(value, text);
  return text;
}
