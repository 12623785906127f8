import { renderJson } from "../check/json.ts";
import { type CheckReport, verdictOf } from "../check/report.ts";
import { renderText } from "../check/text.ts";
import { type CheckProgress, runCheck } from "../check-run.ts";
import type { CheckSettings } from "../config/check-definitions.ts";
import { controllerContextOf } from "../config/controller-definitions.ts";
import { withBlindSpots } from "../diagnosis/blinded.ts";
import type { KubeApi } from "../discovery/api/kube-api.ts";
import { readInventory } from "../discovery/inventory.ts";
import { type AddressPolicy, addressPolicy, bracketed } from "../domain/address.ts";
import type { CheckTarget } from "../domain/check-target.ts";
import type { Control } from "../domain/control.ts";
import type { EvidenceLevel } from "../domain/evidence.ts";
import type { Frontend } from "../domain/frontend.ts";
import { serviceKey } from "../domain/service.ts";
import type { Snapshot } from "../domain/snapshot.ts";
import { announce, isOtherUnderWay } from "../evidence/announcement.ts";
import { BlindSpotWatch } from "../evidence/blind-spots.ts";
import { startEvidence } from "../evidence/start.ts";
import { planFrontends } from "../plan/frontends.ts";
import { LoopWatch, systemLoopTimes } from "../probe/loop-watch.ts";
import { Prober } from "../prober.ts";
import { systemClock } from "../schedule/system-clock.ts";
import type { Fixable } from "../terminal/fix-lines.ts";
import { VERSION } from "../version.ts";
import { only, readSnapshot, resolveOnce, snapshotOfHost, UnreachableError } from "./check-subject.ts";
import { CHECK_EXIT } from "./exit-codes.ts";
import { HOST } from "./host.ts";
import { ProgressLine } from "./progress-line.ts";
import { readFrontends } from "./read-frontends.ts";
import { type CommandStreams, connectAsKubectl, explain, painterFor, widthOf } from "./streams.ts";

const UNQUIET =
  "Packets from elsewhere make this network namespace send resets (a port scan?): timeouts from then on are undecided.";

/**
 * A burst of attempts at one NLB from here, and what is wrong with it.
 *
 * @returns the exit code.
 * @throws ConfigError when there is nothing of that name to check, or a file that was named is of no use.
 */
export async function runCheckCommand(settings: CheckSettings, streams: CommandStreams, signal: AbortSignal): Promise<number> {
  const { target } = settings;
  const isAllowed = addressPolicy(settings.allowCidr ?? []);
  const notes: string[] = [];
  const file =
    settings.frontends === undefined
      ? undefined
      : readFrontends(settings.frontends, { defaultPath: settings.httpPath, isAllowed });
  // What a file tells in full, and a bare host, need no cluster.
  const isInFile = target.kind === "service" && file?.services.some(({ service }) => serviceKey(service) === serviceKey(target));
  const api = target.kind === "host" || isInFile ? undefined : await connectAsKubectl(settings, streams.env);
  try {
    const snapshot = await subjectOf(target, settings, api, file, signal);
    const knowsNode = settings.isNodeNameGiven || streams.env.KUBERNETES_SERVICE_HOST === undefined;
    if (!knowsNode && target.kind === "service")
      notes.push("Which node this is was not told (--node-name, HAIRPIN_PROBE_NODE_NAME), so the share to expect is not known.");
    const resolution = await resolveOnce(snapshot, signal);
    const self = { node: settings.nodeName, zone: settings.zone };
    const { frontends, controls } = planFrontends(snapshot, () => resolution, self, isAllowed);
    const zone = settings.zone ?? snapshot.nodes.find(({ node }) => node === settings.nodeName)?.zone;
    const startedMs = systemClock.nowMs();
    const checked = await burst(knowsNode ? frontends : frontends.map((frontend) => ({ ...frontend, exposure: undefined })), {
      settings,
      streams,
      notes,
      controls,
      isAllowed,
      signal,
    });
    // What was collected until then is not lost.
    const isInterrupted = signal.aborted;
    const report: CheckReport = {
      ...checked,
      target: textOf(target),
      at: new Date(),
      node: settings.nodeName,
      zone,
      seconds: (systemClock.nowMs() - startedMs) / 1000,
      maxAttempts: settings.attempts,
      isInterrupted,
      hasEvidence: checked.level !== "off",
      fix: undefined,
      notes,
    };
    const verdict = verdictOf(report);
    if (target.kind === "host" && verdict === "healthy") notes.push(MAY_END_AT_NLB);
    const fix = verdict === "hairpin" && !isInterrupted ? await fixFor(target, api, settings, notes, signal) : undefined;
    streams.stdout.write(render({ ...report, fix }, settings, streams));
    return isInterrupted ? CHECK_EXIT.interrupted.code : CHECK_EXIT[verdict].code;
  } catch (error) {
    if (signal.aborted) return CHECK_EXIT.interrupted.code;
    if (!(error instanceof UnreachableError)) throw error;
    streams.stderr.write(`hairpin-probe: cannot read the cluster at ${api?.server ?? "?"}: ${explain(error)}\n`);
    return CHECK_EXIT.unreachable.code;
  } finally {
    await api?.close();
  }
}

const MAY_END_AT_NLB =
  "whether this listener terminates TLS is not known. If it does, the NLB completes connections by itself, and this holds only as far as the NLB: check it by its Service, or from a frontends file that says tlsTerminated and the protocol.";

const textOf = (target: CheckTarget): string =>
  target.kind === "host"
    ? `${bracketed(target.host)}:${target.port}`
    : `${serviceKey(target)}${target.port === undefined ? "" : `:${target.port}`}`;

async function subjectOf(
  target: CheckTarget,
  settings: CheckSettings,
  api: KubeApi | undefined,
  file: Snapshot | undefined,
  signal: AbortSignal,
): Promise<Snapshot> {
  if (target.kind === "host") return snapshotOfHost(target);
  const ofCluster = api === undefined ? [] : [await readSnapshot(api, settings, file, signal)];
  return only(target, [...(file === undefined ? [] : [file]), ...ofCluster]);
}

interface BurstParts {
  readonly settings: CheckSettings;
  readonly streams: CommandStreams;
  readonly notes: string[];
  readonly controls: readonly Control[];
  readonly isAllowed: AddressPolicy;
  readonly signal: AbortSignal;
}

async function burst(
  frontends: readonly Frontend[],
  parts: BurstParts,
): Promise<Awaited<ReturnType<typeof runCheck>> & { readonly level: EvidenceLevel }> {
  const { settings, streams, notes, controls, isAllowed, signal } = parts;
  const evidence = startEvidence({
    level: settings.evidence,
    clock: systemClock,
    timeoutMs: settings.timeout,
    node: settings.nodeName,
    ...HOST,
    isBesideAgent: isOtherUnderWay("agent", process.pid),
    onLess: (problem) => notes.push(problem),
    onQuiet: (isQuiet) => {
      if (!isQuiet) notes.push(UNQUIET);
    },
  });
  // Agents that share the kernel's counters with this burst are to know of it.
  const withdraw = evidence.level() === "off" ? () => {} : await announce("check", process.pid);
  const blindSpots = new BlindSpotWatch({ clock: systemClock, onChange: () => {} });
  const progress = new ProgressLine(streams.stderr, painterFor(settings.noColor, streams.stderr), systemClock.nowMs);
  try {
    const prober = new Prober({
      watch: new LoopWatch(systemLoopTimes, evidence.beat),
      watcher: evidence.watcher,
      signal,
      timeout: settings.timeout,
      tlsVerify: settings.tlsVerify,
      userAgent: `hairpin-probe/${VERSION}`,
      isAllowed,
      onConnected: () => blindSpots.connected(),
    });
    const { attempts, rate } = settings;
    const onProgress = ({ begun, failed, decided, addresses }: CheckProgress) =>
      progress.show(() => `${begun} attempts, ${failed} failed, ${decided} of ${addresses} addresses clear`);
    const run = { frontends, controls, prober, attempts, rate, clock: systemClock, random: Math.random, signal, onProgress };
    const checked = await runCheck({ ...run, evidence: evidence.level });
    await blindSpots.look();
    const seen = checked.frontends.map((frontend) => ({
      ...frontend,
      diagnosis: withBlindSpots(frontend.diagnosis, blindSpots.found),
    }));
    return { ...checked, frontends: seen, level: evidence.level() };
  } finally {
    progress.clear();
    evidence.close();
    blindSpots.close();
    withdraw();
  }
}

/** What ends the hairpins of a Service, as `audit` says it. */
async function fixFor(
  target: CheckTarget,
  api: KubeApi | undefined,
  settings: CheckSettings,
  notes: string[],
  signal: AbortSignal,
): Promise<Fixable | undefined> {
  if (api === undefined || target.kind === "host") return undefined;
  try {
    const context = controllerContextOf(settings);
    const { items } = await readInventory({ api, namespaces: [target.namespace], context, clock: systemClock, signal });
    const [kind, name] = target.name.startsWith("gateway/")
      ? ["Gateway", target.name.slice("gateway/".length)]
      : ["Service", target.name];
    const item = items.find(({ loadBalancer }) => loadBalancer.kind === kind && loadBalancer.name === name);
    return item && { namespace: target.namespace, name, fix: item.fix };
  } catch (error) {
    notes.push(`The fix could not be worked out: ${explain(error)}.`);
    return undefined;
  }
}

function render(report: CheckReport, { output, noColor }: CheckSettings, { stdout }: CommandStreams): string {
  return output === "json" ? renderJson(report) : renderText(report, widthOf(stdout), painterFor(noColor, stdout));
}
