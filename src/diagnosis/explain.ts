import type { Cause, Diagnosis } from "../domain/diagnosis.ts";
import { percent } from "../domain/percent.ts";
import type { Window } from "../domain/window.ts";
import { wordsAtNlb } from "./at-nlb.ts";
import type { DiagnosisInput } from "./input.ts";
import { attemptsNeeded, type Judgement, judge, UNSEEN_SHARE } from "./judge.ts";

/** Names the cause of what was seen of a frontend, says what was seen, and what to do next. */
export function diagnose(input: DiagnosisInput): Diagnosis {
  const judgement = judge(input);
  const said = { failures: failuresOf(input.window), controlFine: controlFine(input.control) };
  const [explanation, next] = wordsAtNlb(input, judgement.cause, said) ?? WORDS[judgement.cause](input, judgement);
  return { ...judgement, explanation, next };
}

type Words = (input: DiagnosisInput, judgement: Judgement) => readonly [explanation: string, next: string];

const FIX_NEXT =
  "Switch client IP preservation off on its target group (hairpin-probe audit prints the line for this Service), use ip targets, or call the Service by its cluster name.";

const WORDS: Readonly<Record<Cause, Words>> = {
  healthy: ({ window, exposure }) => [joined([failuresOf(window), unseenOf(window, exposure)]), ""],

  hairpin: (input, { confidence }) => {
    const { window, exposure, preservesClientIp } = input;
    const { hairpins, timeouts, silent } = window;
    const evidence =
      hairpins > 0
        ? `${hairpins} of ${count(timeouts, "timeout")} made this node's kernel reset a stray answer: the NLB had picked this very node.`
        : `${count(timeouts, "timeout")} of ${window.attempts} attempts, without evidence, but the share that configuration and topology imply: ${
            confidence === "medium"
              ? "what cannot hairpin, other zones' frontends and the way past the NLB, is fine."
              : "one dead target would look the same."
          }`;
    const others = silent > 1 ? `${silent} more got no answer at all: something else drops packets, too.` : "";
    if (preservesClientIp === false || (exposure === 0 && hairpins > 0)) {
      return [
        joined([evidence, others, "The configuration says that this cannot be."]),
        "Check that the NLB has what the configuration says: Events of the Service (FailedDeployModel, FailedBuildModel), overrides for single ports, a cloud provider that ignores the attribute, edits in the AWS console.",
      ];
    }
    return [joined([evidence, expectedOf(window), others]), FIX_NEXT];
  },

  blackhole: ({ window, withdrawn, exposure }, { confidence }) => {
    const { timeouts, attempts, silent } = window;
    const share = timeouts === attempts ? `All ${attempts} attempts` : `${timeouts} of ${attempts} attempts`;
    if (withdrawn) {
      return [
        `${share} got no answer, and DNS no longer gives out this address: its zone has no healthy target, or was shifted away.`,
        "Nothing, if the zone was taken out on purpose; clients that cache the address still use it. Otherwise look at the health of the zone's targets.",
      ];
    }
    const doubt = confidence === "low" ? ", as far as can be told without evidence" : "";
    const seen = silent > 0 ? `${share} timed out, and nothing came back to ${silent} of them` : `${share} timed out${doubt}`;
    if (timeouts < attempts) {
      const snat =
        (exposure ?? 1) > 0
          ? " Pods whose traffic leaves with the node's address hairpin just as silently; see the agent's network."
          : "";
      return [
        `${seen}: some of the targets, or the way to them, swallow connections.`,
        `Look for one dead target (target health), a security group or NACL of one node or zone.${snat}`,
      ];
    }
    return [
      `${seen}: a security group, a NACL or a zone without targets swallows them.`,
      "Check the security groups of the NLB and of its targets, NACLs, and the health of the targets in this zone.",
    ];
  },

  backend_down: ({ window, control }) => [
    `${failuresOf(window)} So did ${control?.failures ?? 0} of ${count(control?.attempts ?? 0, "attempt")} past the NLB: it is the backends, not the NLB.`,
    "Look at the pods behind the Service: readiness, restarts, the port that they listen on, network policies.",
  ],

  packet_loss: ({ window: { slow, attempts, timeouts } }) => [
    `${count(slow, "connection")} of ${attempts} came about only when Linux sent the first packet again after 1 s or more${timeouts > 0 ? `, and ${timeouts} not at all` : ""}: packets are lost on the way.`,
    "Look at drops of the node's network interface and its bandwidth and packet allowances (ethtool -S), and whether other nodes see the same.",
  ],

  refused: ({ window, control }) => [
    joined([failuresOf(window), controlFine(control)]),
    "Check that the targets listen on the port that the NLB forwards to: node ports, targetPort, a proxy in front of the pods.",
  ],

  unreachable: ({ window }) => [
    `${failuresOf(window)} A router, or this node's own kernel, says that there is no way.`,
    "Look at route tables, the node's firewall and network policies of the agent's namespace.",
  ],

  dns_error: ({ window }) => [
    `${failuresOf(window)} The NLB's name has no address at present.`,
    "Resolve the name from a pod of this node: the NLB may be gone, or the cluster's DNS in trouble.",
  ],

  application_error: ({ window, control }) => [
    joined([`${failuresOf(window)} The connections themselves came about.`, controlFine(control)]),
    "Look at the backends' logs, and at what the port speaks (appProtocol, its name, the hairpin-probe/protocol annotation).",
  ],

  prober_starved: ({ window: { late, attempts } }) => [
    `${count(late, "attempt")} were discarded, as the agent read their events too late, and ${attempts} were not: what it could say would be about itself.`,
    "Give the agent CPU: no CPU limit, a higher request, and look for what starves the node.",
  ],

  // See `wordsAtNlb`: nothing else is unmeasured.
  unmeasured: ({ window }) => [failuresOf(window), ""],

  undecided: (input) => [undecidedWords(input), ""],
};

function undecidedWords(input: DiagnosisInput): string {
  const { window, tlsTerminated } = input;
  const { attempts, failures, timeouts, reasons } = window;
  if (attempts === 0) return "No attempt has ended yet.";
  if (reasons.not_internal !== undefined) return "The address is not private, and not allowed to be probed.";
  if (failures === 0) {
    const needed = attemptsNeeded(input);
    const expected = window.expected ?? input.exposure;
    const why =
      expected === undefined
        ? `a share of ${percent(UNSEEN_SHARE)}`
        : expected > 0
          ? `the ${percent(expected)} of hairpins that the configuration implies`
          : "a fault";
    return `${attempts} of ${needed} attempts that it takes to rule out ${why}; none has failed so far.`;
  }
  if (failures === 1) return `${failuresOf(window)} One failure does not tell of what it is.`;
  if (tlsTerminated) return `${failuresOf(window)} Behind a TLS listener the kernel's counters do not tell why.`;
  return `${failuresOf(window)} Of ${count(timeouts, "timeout")} it cannot be told who caused which reset.`;
}

/** `12 of 40 attempts failed (10 connect_timeout, 2 connect_refused).` */
function failuresOf({ attempts, failures, reasons }: Window): string {
  if (failures === 0) return `${count(attempts, "attempt")}, no failure.`;
  const list = Object.entries(reasons)
    .toSorted(([, a], [, b]) => b - a)
    .map(([reason, number]) => (Object.keys(reasons).length === 1 ? reason : `${number} ${reason}`));
  const all = failures === attempts && attempts > 1 ? `All ${attempts}` : `${failures} of ${attempts}`;
  return `${all} attempts failed (${list.join(", ")}).`;
}

/** What so many successes do not rule out. */
function unseenOf({ expected, attempts }: Window, exposure: number | undefined): string {
  const share = expected ?? exposure;
  if (share === undefined) return `A share of failures below ${percent(UNSEEN_SHARE)} would not show in them.`;
  if (share === 0 || share >= UNSEEN_SHARE) return "";
  return `The ${percent(share)} of hairpins that the configuration implies would seldom show in ${attempts}: look at all nodes together.`;
}

const expectedOf = ({ expected, attempts, timeouts }: Window): string =>
  expected === undefined || expected === 0
    ? ""
    : `${percent(timeouts / attempts)} of attempts timed out; configuration and topology imply ${percent(expected)}.`;

const controlFine = (control: Window | undefined): string =>
  control === undefined || control.attempts === 0 || control.failures > 0
    ? ""
    : `Past the NLB ${count(control.attempts, "attempt")} of as many succeeded: it is the way through the NLB.`;

const joined = (sentences: readonly string[]): string => sentences.filter((sentence) => sentence !== "").join(" ");

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
