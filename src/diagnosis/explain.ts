import type { Cause, Diagnosis } from "../domain/diagnosis.ts";
import { percent } from "../domain/percent.ts";
import type { Window } from "../domain/window.ts";
import { wordsAtNlb } from "./at-nlb.ts";
import { lookAlikesOf } from "./blind-spots.ts";
import type { DiagnosisInput } from "./input.ts";
import { attemptsNeeded, isReached, type Judgement, judge, UNSEEN_SHARE } from "./judge.ts";
import { brokenOff } from "./loss.ts";
import { controlFine, count, expectedOf, failuresOf, joined, proofOf, unseenOf } from "./sentences.ts";

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

const NOT_REACHED = "No attempt at anything was answered since: a fault of this pod's own network would look the same.";

const WORDS: Readonly<Record<Cause, Words>> = {
  healthy: ({ window, exposure }) => [joined([failuresOf(window), unseenOf(window, exposure)]), ""],

  hairpin: (input, { confidence }) => {
    const { window, exposure, preservesClientIp } = input;
    const { hairpins, timeouts, silent } = window;
    const evidence =
      hairpins > 0
        ? proofOf(window)
        : `${count(timeouts, "timeout")} of ${window.attempts} attempts, without evidence, but the share that configuration and topology imply: ${
            confidence === "medium"
              ? "what cannot hairpin, other zones' frontends and the way past the NLB, is fine."
              : "one dead target would look the same."
          }`;
    const others = silent > 1 ? `${silent} of the timeouts got no answer at all: something else drops packets, too.` : "";
    if (preservesClientIp === false || (exposure === 0 && hairpins > 0)) {
      const who = preservesClientIp === false ? "The configuration says" : "Configuration and topology say";
      return [
        joined([evidence, others, `${who} that this cannot be.`]),
        "Check that the NLB has what the configuration says: Events of the Service (FailedDeployModel, FailedBuildModel), overrides for single ports, a cloud provider that ignores the attribute, edits in the AWS console.",
      ];
    }
    return [joined([evidence, expectedOf(window), others]), FIX_NEXT];
  },

  blackhole: (input, { confidence }) => {
    const { timeouts, attempts, silent, hairpins } = input.window;
    const share = timeouts === attempts ? `All ${attempts} attempts` : `${timeouts} of ${attempts} attempts`;
    const doubt = confidence === "low" ? ", as far as can be told without evidence" : "";
    const seen = silent > 0 ? `${share} timed out, and nothing came back to ${silent} of them` : `${share} timed out${doubt}`;
    const stray = hairpins > 0 ? `Evidence of a hairpin at ${hairpins} of them is too little to blame it.` : "";
    const said = (what: string): string =>
      joined([`${seen}: ${what}`, stray, isReached(input) ? lookAlikesOf(input) : NOT_REACHED]);
    if (input.withdrawn) {
      return [
        said("DNS no longer gives out this address, whose zone has no healthy target, or was shifted away."),
        "Nothing, if the zone was taken out on purpose; clients that cache the address still use it. Otherwise look at the health of the zone's targets.",
      ];
    }
    if (timeouts < attempts) {
      return [
        said("some of the targets, or the way to them, swallow connections."),
        "Look for one dead target (target health), a security group or NACL of one node or zone.",
      ];
    }
    return [
      said("a security group, a NACL or a zone without targets swallows them."),
      "Check the security groups of the NLB and of its targets, NACLs, and the health of the targets in this zone.",
    ];
  },

  backend_down: (input) => {
    const { window, control } = input;
    const both = `${failuresOf(window)} So did ${control?.failures ?? 0} of ${count(control?.attempts ?? 0, "attempt")} past the NLB`;
    const pods = "the pods behind the Service: readiness, restarts, the port that they listen on, network policies.";
    if (isReached(input)) return [`${both}: it is the backends, not the NLB.`, `Look at ${pods}`];
    return [
      `${both}: it is not the NLB alone. ${NOT_REACHED}`,
      `See whether this pod reaches anything (network policies of its namespace, the node's firewall). If it does, look at ${pods}`,
    ];
  },

  packet_loss: ({ window }) => {
    const { slow, attempts, reasons } = window;
    const never = reasons.connect_timeout ?? 0;
    const later = brokenOff(window);
    return [
      joined([
        `${count(slow, "connection")} of ${attempts} came about only when Linux sent the first packet again after 1 s or more${never > 0 ? `, and ${never} not at all` : ""}: packets are lost on the way.`,
        later > 0 ? `${later} failed after the connect, as loss can make them, too.` : "",
      ]),
      "Look at drops of the node's network interface and its bandwidth and packet allowances (ethtool -S), and whether other nodes see the same.",
    ];
  },

  refused: ({ window, control }) => [
    joined([failuresOf(window), controlFine(control)]),
    "Check that the targets listen on the port that the NLB forwards to: node ports, targetPort, a proxy in front of the pods.",
  ],

  unreachable: ({ window }) => [
    `${failuresOf(window)} A router, or this node's own kernel, says that there is no way.`,
    "Look at route tables, the node's firewall and network policies of the agent's namespace.",
  ],

  dns_error: (input) => [
    joined([failuresOf(input.window), "The NLB's name had no address.", isReached(input) ? "" : NOT_REACHED]),
    "Resolve the name from a pod of this node: the NLB may be gone, or the cluster's DNS in trouble.",
  ],

  application_error: (input) => {
    const { window, control } = input;
    return [
      joined([failuresOf(window), connectedOf(window), controlFine(control)]),
      `Look at the backends' logs, and at what the port speaks (appProtocol, its name, the hairpin-probe/protocol annotation).${
        input.exposure === 0
          ? ""
          : " A service mesh's sidecar in this pod would turn hairpins into such errors: see docs/blind-spots.md."
      }`,
    ];
  },

  prober_starved: ({ window: { late, attempts } }) => [
    `${count(late, "attempt")} came to nothing, as the agent was late, and ${attempts} did not: what it could say would be about itself.`,
    "Give the agent CPU: no CPU limit, a higher request, and look for what starves the node.",
  ],

  // See `wordsAtNlb`: nothing else is unmeasured.
  unmeasured: ({ window }) => [failuresOf(window), ""],

  undecided: (input) => [undecidedWords(input), ""],
};

/** How many of the failed attempts had connected; "" where that is not known of any. */
function connectedOf(window: Window): string {
  const { failures, slow, reasons } = window;
  const connected = brokenOff(window) + (reasons.http_error ?? 0) + (reasons.connect_reset ?? 0);
  if (connected === 0) return "";
  if (connected < failures) return `${connected} of them failed after the connection had come about.`;
  return slow === 0 ? "The connections themselves came about." : `The connections themselves came about, ${slow} of all late.`;
}

function undecidedWords(input: DiagnosisInput): string {
  const { window, tlsTerminated, evidence } = input;
  const { attempts, failures, timeouts, undecided, reasons, late } = window;
  if (attempts === 0) {
    const discarded = late > 0 ? ` ${count(late, "attempt")} came to nothing, as the agent was late.` : "";
    return `There is no attempt yet that had its whole time.${discarded}`;
  }
  if (reasons.not_internal !== undefined) return "The address is not private, and not allowed to be probed.";
  if (failures === 0) return missingOf(input);
  if (failures === 1) return `${failuresOf(window)} One failure does not tell of what it is.`;
  if (tlsTerminated) return `${failuresOf(window)} Behind a TLS listener the kernel's counters do not tell why.`;
  if (evidence === "off") return `${failuresOf(window)} Nobody looked for evidence of why.`;
  return `${failuresOf(window)} Of ${undecided} of ${count(timeouts, "timeout")} it cannot be told whether they hairpinned.`;
}

/** How many more attempts it takes. */
function missingOf(input: DiagnosisInput): string {
  const { attempts, expected } = input.window;
  const share = expected ?? input.exposure;
  const why =
    share === 0
      ? "a fault"
      : share === undefined || share < UNSEEN_SHARE
        ? `a share of ${percent(UNSEEN_SHARE)}`
        : `the ${percent(share)} of hairpins that configuration and topology imply`;
  return `${attempts} of ${attemptsNeeded(input)} attempts that it takes to rule out ${why}; none has failed so far.`;
}
