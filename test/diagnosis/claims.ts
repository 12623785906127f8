import type { DiagnosisInput } from "../../src/diagnosis/input.ts";
import { isRuledOut } from "../../src/diagnosis/judge.ts";
import type { Reason } from "../../src/domain/outcome.ts";
import { percent } from "../../src/domain/percent.ts";
import type { Window } from "../../src/domain/window.ts";

type Groups = Readonly<Record<string, string | undefined>>;

/** A sentence that a diagnosis may say, and whether what it claims is so. */
export interface Claim {
  readonly sentence: RegExp;
  readonly holds: (said: Groups, input: DiagnosisInput) => boolean;
}

const number = (text: string | undefined): number => Number(text ?? Number.NaN);
const of = ({ reasons }: Window, ...wanted: readonly Reason[]): number =>
  wanted.reduce((sum, reason) => sum + (reasons[reason] ?? 0), 0);
const later = (window: Window): number => of(window, "tls_error", "response_timeout", "connection_lost");
const connected = (window: Window): number => later(window) + of(window, "http_error", "connect_reset");
const shareOf = ({ window, exposure }: DiagnosisInput): number | undefined => window.expected ?? exposure;

/** Whether `All 40` or `12 of 40` is so. */
const isShare = (said: Groups, part: number, whole: number): boolean =>
  said.all === undefined
    ? number(said.part) === part && number(said.whole) === whole
    : part === whole && number(said.all) === whole;
const SHARE = "(?:All (?<all>\\d+)|(?<part>\\d+) of (?<whole>\\d+)) attempts";

/** Whether `(10 connect_timeout, 2 connect_refused)` is so. */
const areReasons = (list: string | undefined, { reasons, failures }: Window): boolean => {
  const found = (list ?? "").split(", ").map((each) => each.split(" "));
  const said = Object.fromEntries(
    found.map(([first = "", second]) => (second === undefined ? [first, failures] : [second, Number(first)])),
  );
  return JSON.stringify(Object.entries(said).toSorted()) === JSON.stringify(Object.entries(reasons).toSorted());
};

const claim = (sentence: string, holds: Claim["holds"] = () => true): Claim => ({
  sentence: new RegExp(`^${sentence}$`),
  holds,
});

/** Every sentence there is. One that is new has to say here what it claims. */
export const CLAIMS: readonly Claim[] = [
  claim(
    "(?<whole>\\d+) attempts?, no failure\\.",
    ({ whole }, { window }) => window.failures === 0 && window.attempts === number(whole),
  ),
  claim(
    `${SHARE} failed \\((?<list>[a-z_0-9, ]+)\\)\\.`,
    (said, { window }) => isShare(said, window.failures, window.attempts) && areReasons(said.list, window),
  ),
  claim("A share of failures below (?<share>.+) may not show in them\\.", ({ share }, { window }) => {
    const unseen = 1 - 0.05 ** (1 / window.attempts);
    return window.failures === 0 && share === percent(unseen);
  }),
  claim(
    "The (?<share>.+) of hairpins that configuration and topology imply may not show in (?<whole>\\d+): look at all nodes together\\.",
    ({ share, whole }, input) => {
      const implied = shareOf(input) ?? 0;
      return share === percent(implied) && number(whole) === input.window.attempts && !isRuledOut(implied, input.window.attempts);
    },
  ),
  claim(
    "(?<part>\\d+) of (?<whole>\\d+) timeouts? made this node's kernel reset a stray answer: the NLB had picked this very node\\.",
    ({ part, whole }, { window }) =>
      window.captured === 0 && window.hairpins === number(part) && window.timeouts === number(whole) && window.hairpins > 0,
  ),
  claim(
    "Of (?<whole>\\d+) timeouts? a capture saw the stray answer to (?<seen>\\d+)(?:, and (?<reset>\\d+) made this node's kernel reset one)?: the NLB had picked this very node\\.",
    ({ whole, seen, reset }, { window, evidence }) =>
      evidence === "capture" &&
      window.timeouts === number(whole) &&
      window.captured === number(seen) &&
      window.hairpins - window.captured === number(reset ?? "0"),
  ),
  claim(
    "(?<part>\\d+) timeouts? of (?<whole>\\d+) attempts, without evidence, but the share that configuration and topology imply: (?:(?<fine>what cannot hairpin, other zones' frontends and the way past the NLB, is fine)|one dead target would look the same)\\.",
    ({ part, whole, fine }, { window, control, others }) => {
      const innocent = others.filter((other) => other.expected === 0);
      const areFine = [...innocent, control].every((each) => each !== undefined && each.failures / each.attempts <= 0.05);
      return (
        window.hairpins === 0 &&
        window.timeouts === number(part) &&
        window.attempts === number(whole) &&
        (fine === undefined || (innocent.length > 0 && areFine))
      );
    },
  ),
  claim(
    "(?<part>\\d+) of the timeouts got no answer at all: something else drops packets, too\\.",
    ({ part }, { window }) => window.silent === number(part) && window.silent <= window.timeouts,
  ),
  claim(
    "(?<share>.+) of attempts timed out; configuration and topology imply (?<implied>.+)\\.",
    ({ share, implied }, { window }) =>
      share === percent(window.timeouts / window.attempts) &&
      window.expected !== undefined &&
      implied === percent(window.expected),
  ),
  claim("The configuration says that this cannot be\\.", (_, { preservesClientIp }) => preservesClientIp === false),
  claim("Configuration and topology say that this cannot be\\.", (_, { exposure }) => exposure === 0),
  claim(
    `${SHARE} timed out(?:, and nothing came back to (?<silent>\\d+) of them|(?<blind>, as far as can be told without evidence)|): (?:some of the targets, or the way to them, swallow connections|(?<none>a security group, a NACL or a zone without targets swallows them)|(?<withdrawn>DNS no longer gives out this address, whose zone has no healthy target, or was shifted away))\\.`,
    (said, { window, withdrawn }) =>
      isShare(said, window.timeouts, window.attempts) &&
      number(said.silent ?? "0") === window.silent &&
      (said.blind === undefined || window.silent === 0) &&
      (said.none === undefined || window.timeouts === window.attempts) &&
      (said.withdrawn === undefined || withdrawn),
  ),
  claim(
    "Evidence of a hairpin at (?<part>\\d+) of them is too little to blame it\\.",
    ({ part }, { window }) => window.hairpins === number(part) && window.hairpins < window.timeouts,
  ),
  claim(
    "Hairpins would look the same (?<ebpf>behind a network policy that an eBPF agent enforces on the pod, )?(?<invalid>behind a pod firewall that drops INVALID packets, )?with rp_filter=1 on the node's interface, or where this pod is in the host's network or its address is translated on the way: see docs/blind-spots\\.md\\.",
    ({ ebpf, invalid }, { window, evidence, targetType, exposure }) =>
      evidence !== "off" &&
      exposure !== 0 &&
      (window.timeouts < window.attempts || exposure === undefined || exposure === 1) &&
      (ebpf === undefined) === (targetType === "instance") &&
      (invalid === undefined) === (evidence === "capture"),
  ),
  claim(
    "So did (?<part>\\d+) of (?<whole>\\d+) attempts? past the NLB: (?:(?<sure>it is the backends, not the NLB)|it is not the NLB alone)\\.",
    ({ part, whole, sure }, { window, control, answeredMs }) =>
      control !== undefined &&
      control.failures === number(part) &&
      control.attempts === number(whole) &&
      (sure === undefined || (answeredMs !== undefined && answeredMs > (window.failingSinceMs ?? Number.NEGATIVE_INFINITY))),
  ),
  claim(
    "No attempt at anything was answered since: a fault of this pod's own network would look the same\\.",
    (_, { window, answeredMs }) => answeredMs === undefined || answeredMs <= (window.failingSinceMs ?? 0),
  ),
  claim(
    "(?<slow>\\d+) connections? of (?<whole>\\d+) came about only when Linux sent the first packet again after 1 s or more(?:, and (?<never>\\d+) not at all)?: packets are lost on the way\\.",
    ({ slow, whole, never }, { window }) =>
      window.slow === number(slow) &&
      window.slow > 0 &&
      window.attempts === number(whole) &&
      of(window, "connect_timeout") === number(never ?? "0"),
  ),
  claim(
    "(?<later>\\d+) failed after the connect, as loss can make them, too\\.",
    (said, { window }) => later(window) === number(said.later) && later(window) > 0,
  ),
  claim(
    "Past the NLB all (?<whole>\\d+) attempts succeeded: it is the way through the NLB\\.",
    ({ whole }, { control }) => control?.failures === 0 && control.attempts === number(whole) && control.attempts > 1,
  ),
  claim("A router, or this node's own kernel, says that there is no way\\.", (_, { window }) => of(window, "unreachable") > 0),
  claim("The NLB's name had no address\\.", (_, { window }) => of(window, "dns_error") > 0),
  claim(
    "The connections themselves came about(?:, (?<slow>\\d+) of all late)?\\.",
    ({ slow }, { window }) => connected(window) === window.failures && window.slow === number(slow ?? "0"),
  ),
  claim(
    "(?<part>\\d+) of them failed after the connection had come about\\.",
    ({ part }, { window }) => connected(window) === number(part) && number(part) < window.failures,
  ),
  claim(
    "(?<late>\\d+) attempts? came to nothing, as the agent was late, and (?<whole>\\d+) did not: what it could say would be about itself\\.",
    ({ late, whole }, { window }) =>
      window.late === number(late) && window.attempts === number(whole) && window.late >= window.attempts,
  ),
  claim("There is no attempt yet that had its whole time\\.", (_, { window }) => window.attempts === 0),
  claim(
    "(?<late>\\d+) attempts? came to nothing, as the agent was late\\.",
    ({ late }, { window }) => window.late === number(late),
  ),
  claim("The address is not private, and not allowed to be probed\\.", (_, { window }) => of(window, "not_internal") > 0),
  claim("One failure does not tell of what it is\\.", (_, { window }) => window.failures === 1),
  claim("Behind a TLS listener the kernel's counters do not tell why\\.", (_, { tlsTerminated }) => tlsTerminated),
  claim("Nobody looked for evidence of why\\.", (_, { evidence }) => evidence === "off"),
  claim(
    "Of (?<part>\\d+) of (?<whole>\\d+) timeouts? it cannot be told whether they hairpinned\\.",
    ({ part, whole }, { window, evidence }) =>
      evidence !== "off" && window.undecided === number(part) && window.undecided > 0 && window.timeouts === number(whole),
  ),
  claim(
    "(?<part>\\d+) of (?<whole>\\d+) attempts that it takes to rule out (?:a fault|a share of 5 %|the (?<share>.+) of hairpins that configuration and topology imply); none has failed so far\\.",
    ({ part, whole, share }, input) =>
      input.window.failures === 0 &&
      input.window.attempts === number(part) &&
      number(part) < number(whole) &&
      (share === undefined || share === percent(shareOf(input) ?? Number.NaN)) &&
      (share === undefined || isRuledOut(shareOf(input) ?? 0, number(whole))),
  ),
  claim(
    "(?:All (?<all>\\d+)|(?<part>\\d+) of (?<whole>\\d+)) attempts got as far as the NLB, which terminates TLS and completes the handshake by itself: what becomes of connections behind it is not measured\\.",
    (said, { window, endsAtNlb }) => endsAtNlb !== undefined && isShare(said, window.attempts - window.failures, window.attempts),
  ),
  claim(
    "Configuration and topology imply that (?<share>.+) of them hairpin\\.",
    ({ share }, { exposure = 0 }) => exposure > 0 && share === percent(exposure),
  ),
  claim(
    "The backends speak first, and were heard in (?<part>\\d+) of (?<whole>\\d+) attempts: the others may have been lost\\.",
    ({ part, whole }, { window }) =>
      window.heard === number(part) && window.attempts === number(whole) && window.heard < window.attempts,
  ),
  claim(
    "Past the NLB (?<part>\\d+) of (?<whole>\\d+) attempts failed(?:, which says nothing of the way through it|: it is the backends)\\.",
    ({ part, whole }, { control }) => control?.failures === number(part) && control.attempts === number(whole),
  ),
  claim(
    "The NLB broke connections off of which nothing had been asked: its own to a target failed, or the backend ends them at once\\.",
    (_, { window, endsAtNlb }) => endsAtNlb !== undefined && of(window, "connection_lost") > 0,
  ),
];
