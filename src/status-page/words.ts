import { type Cause, SEVERITIES, SEVERITY_ORDER } from "../domain/diagnosis.ts";
import type { Status } from "../domain/status.ts";

/** What a cause is called on the page. */
export const CAUSE_WORDS: Readonly<Record<Cause, string>> = {
  healthy: "healthy",
  hairpin: "hairpin",
  blackhole: "blackhole",
  backend_down: "backends down",
  packet_loss: "packet loss",
  refused: "refused",
  unreachable: "unreachable",
  dns_error: "no address",
  application_error: "application error",
  prober_starved: "agent starved",
  unmeasured: "measured only to the NLB",
  undecided: "undecided",
};

/** `4 min 12 s`: two units at most; `200 ms` and `1.5 s` where seconds are too coarse. */
export function span(seconds: number): string {
  if (seconds > 0 && seconds < 10 && !Number.isInteger(seconds)) {
    return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${Number(seconds.toFixed(1))} s`;
  }
  const whole = Math.max(0, Math.round(seconds));
  const units = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
    [1, "s"],
  ] as const;
  const first = units.findIndex(([size]) => whole >= size);
  if (first < 0) return "0 s";
  const shown: string[] = [];
  let rest = whole;
  for (const [size, unit] of units.slice(first, first + 2)) {
    if (rest >= size) shown.push(`${Math.floor(rest / size)} ${unit}`);
    rest %= size;
  }
  return shown.join(" ");
}

/** `19:04:31`, in UTC, as the log has it. */
export const clockTime = (iso: string): string => iso.slice(11, 19);

export const many = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** `12 frontends of 4 NLB ports: 2 hairpin, 10 healthy.` */
export function summaryOf({ services, agent }: Status): string {
  if (!agent.ready) return "Nothing is planned yet: the first snapshot of the cluster has not come.";
  const counts = new Map<Cause, number>();
  for (const { frontends } of services)
    for (const { diagnosis } of frontends) counts.set(diagnosis.cause, (counts.get(diagnosis.cause) ?? 0) + 1);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return "There is no internal NLB to probe.";
  const list = [...counts].toSorted(([a], [b]) => rank(a) - rank(b)).map(([cause, count]) => `${count} ${CAUSE_WORDS[cause]}`);
  return `${many(total, "frontend")} of ${many(services.length, "NLB port")}: ${list.join(", ")}.`;
}

/** The worst first. */
export const rank = (cause: Cause): number => SEVERITY_ORDER.indexOf(SEVERITIES[cause]);
