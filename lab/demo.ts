import { setTimeout as sleep } from "node:timers/promises";
import { JUDGED_WITHIN_MS } from "../src/domain/evidence.ts";
import { type Paint, wrapped } from "../src/terminal/text.ts";
import { WEB } from "./cluster/defaults.ts";
import { judgeAfter, judgeBefore } from "./judge.ts";
import { LiveBlock, type Screen } from "./observe/live.ts";
import { look } from "./observe/measure.ts";
import { renderViews } from "./observe/table.ts";
import { since, type View } from "./observe/view.ts";
import type { RunningLab } from "./running-lab.ts";
import { startVerify } from "./verify.ts";

/** The agents' settings in the demo: dense enough that a minute says something, sparse enough for two cores. */
export const DEMO_FLAGS = ["--interval", "200ms", "--timeout", "1500ms"] as const;
const TARGET_GROUP_ATTRIBUTES = "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes";
const TIMEOUT_MS = 1_500;
const BEFORE_MS = 25_000;
const AFTER_MS = 20_000;
const LOOK_EVERY_MS = 1_000;
/** Chance that a lab that works is called wrong by bad luck. */
const ALPHA = 1e-5;
const MIN_ATTEMPTS_AFTER = 50;
/** It gives up rather than wait for what does not come. */
const VERIFY_FLAGS = ["--settle", "3s", "--before", "2m", "--after", "1m"];

export interface DemoOptions {
  readonly lab: RunningLab;
  readonly screen: Screen;
  readonly paint: Paint;
  /** Ends the story early, as an error. */
  readonly signal: AbortSignal;
}

/**
 * The story: the hairpin as each node sees it, the fix, and the silence after it.
 *
 * @returns Whether before and after came out as they must.
 */
export async function runDemo({ lab, screen, paint, signal }: DemoOptions): Promise<boolean> {
  const say = (text: string) => screen.write(`${text}\n`);
  const { zones, nodes } = lab.topology;
  say(
    paint(
      "bold",
      `A cluster of ${nodes.length} nodes in ${zones.length} zones, with an internal NLB in front of the Service shop/web.`,
    ),
  );
  say(
    `Instance targets, client IP preservation on, cross-zone off: the defaults. The NLB is ${lab.cluster.hostname(WEB.namespace, WEB.name)}.`,
  );
  say("Real kernels, real packets, one real agent per node. Each attempt is a fresh connection to one zonal address.\n");

  using verifying = startVerify(lab, `${WEB.namespace}/${WEB.name}`, VERIFY_FLAGS);
  say(paint("bold", "BEFORE   an NLB that picks the caller's own node loses the connection"));
  // An attempt is counted when it ends: from here on those that end by timing out are as many as begin to.
  await sleep(TIMEOUT_MS + JUDGED_WITHIN_MS, undefined, { signal });
  const before = await watch(lab, await look(lab.agents), BEFORE_MS, { screen, paint, signal });
  const wrongBefore = judgeBefore(before, ALPHA);
  for (const line of lastFailure(lab)) say(line);
  for (const line of await reasons(lab)) say(line);

  say(paint("bold", `FIX      ${TARGET_GROUP_ATTRIBUTES}: preserve_client_ip.enabled=false`));
  lab.cluster.annotate(WEB.namespace, WEB.name, { [TARGET_GROUP_ATTRIBUTES]: "preserve_client_ip.enabled=false" });
  await lab.cluster.settled();
  // New connections obey at once; those already in flight still have to time out.
  say(`         applied; waiting ${(TIMEOUT_MS + JUDGED_WITHIN_MS) / 1000} s for attempts that began before it\n`);
  await sleep(TIMEOUT_MS + JUDGED_WITHIN_MS, undefined, { signal });

  say(paint("bold", "AFTER    the NLB answers with its own address as the source, and the answer goes back through it"));
  const after = await watch(lab, await look(lab.agents), AFTER_MS, { screen, paint, signal });
  const wrongAfter = judgeAfter(after, MIN_ATTEMPTS_AFTER);

  say(paint("bold", "VERIFY   what hairpin-probe verify, started before the fix, makes of it by now"));
  const { exitCode, text } = await verifying.done();
  say(text);
  const wrongVerdict = exitCode === 0 ? [] : [`verify ended with ${exitCode}, expected 0`];
  return conclude({ before, after, findings: [...wrongBefore, ...wrongAfter, ...wrongVerdict] }, say, paint);
}

async function watch(
  lab: RunningLab,
  from: readonly View[],
  ms: number,
  { screen, paint, signal }: Omit<DemoOptions, "lab">,
): Promise<readonly View[]> {
  const block = new LiveBlock(screen, () => performance.now());
  const endMs = performance.now() + ms;
  let views = since(from, await look(lab.agents));
  while (performance.now() < endMs) {
    block.show(renderViews(views, paint));
    await sleep(Math.min(LOOK_EVERY_MS, Math.max(0, endMs - performance.now())), undefined, { signal });
    views = since(from, await look(lab.agents));
  }
  block.finish(renderViews(views, paint));
  return views;
}

/** What an agent's log says of one hairpin, as an engineer would find it. */
function lastFailure(lab: RunningLab): readonly string[] {
  const line = lab.agents.flatMap((agent) => agent.log.filter(({ msg }) => msg === "attempt failed")).at(-1);
  return line === undefined ? [] : ["what an agent logs of one of them:", `  ${JSON.stringify(line)}`, ""];
}

/** Why: in the words of the page that each agent serves. */
async function reasons(lab: RunningLab): Promise<readonly string[]> {
  const [agent] = lab.agents;
  const status = await agent?.status();
  const told = status?.services.flatMap(({ frontends }) => frontends).find(({ diagnosis }) => diagnosis.cause === "hairpin");
  if (agent === undefined || told === undefined) return [];
  const { cause, explanation, next } = told.diagnosis;
  const sentences = [explanation, next].map((text) => wrapped(text, 98, "  ", "  "));
  return [
    `what the page of ${agent.node.name} says of it (/ for people, /api/v1/status for programs): ${cause}`,
    ...sentences,
    "",
  ];
}

function conclude(
  result: { readonly before: readonly View[]; readonly after: readonly View[]; readonly findings: readonly string[] },
  say: (text: string) => void,
  paint: Paint,
): boolean {
  const total = (views: readonly View[]) =>
    `${views.reduce((sum, { timeouts }) => sum + timeouts, 0)} timeouts in ${views.reduce((sum, { attempts }) => sum + attempts, 0)} attempts`;
  say(`before: ${total(result.before)}    after: ${total(result.after)}`);
  if (result.findings.length === 0) {
    say(
      paint(
        "green",
        "As it must be: every node timed out in the share that the configuration implies, and after the fix nothing did.",
      ),
    );
    return true;
  }
  say(paint("red", "NOT as it must be:"));
  for (const finding of result.findings) say(`  ${finding}`);
  return false;
}
