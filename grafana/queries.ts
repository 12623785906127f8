/** The parts that the board's queries are made of. */

/** What every selector carries: the monitor's labels first, so that several installations can share a Prometheus. */
export const SCOPE = 'cluster=~"$cluster", job=~"$job", instance=~"$instance", node=~"$node"';
export const SERVICE = `${SCOPE}, service_namespace=~"$service_namespace", service_name=~"$service_name"`;
/** As in the rules: what is measured only as far as the NLB succeeds whatever is behind it, and would dilute a share. */
const MEASURED = 'reach!="nlb"';
/** As in the rules: behind a TLS listener the NLB completes the connect by itself, and a hairpin is a response that does not come. */
const TIMEOUTS = 'reason=~"connect_timeout|response_timeout"';
export const timeouts = (also = ""): string =>
  `hairpin_probe_failures_total{${SERVICE}, ${MEASURED}, ${TIMEOUTS}${also && `, ${also}`}}`;
export const attempts = (also = ""): string => `hairpin_probe_attempts_total{${SERVICE}, ${MEASURED}${also && `, ${also}`}}`;

/** Share of attempts that timed out, as it goes along. @param also - A further matcher. */
export const share = (by: string, also?: string): string =>
  `sum by (${by}) (rate(${timeouts(also)}[$__rate_interval])) / sum by (${by}) (rate(${attempts(also)}[$__rate_interval]))`;

/** The same over the time that the board shows, as one number. */
export const shareShown = (also: string): string =>
  `sum(increase(${timeouts(also)}[$__range])) / sum(increase(${attempts(also)}[$__range]))`;

export const connectQuantile = (quantile: number): string =>
  `histogram_quantile(${quantile}, sum by (colocated, le) (rate(hairpin_probe_connect_duration_seconds_bucket{${SERVICE}}[$__rate_interval])))`;
