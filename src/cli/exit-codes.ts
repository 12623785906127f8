/** What a command's exit code means: the commands end by it, their help and docs/exit-codes.md are rendered from it. */
export interface ExitCode {
  readonly code: number;
  readonly meaning: string;
}

/** Of every command. The code of a broken program is EX_SOFTWARE of sysexits.h. */
export const COMMON_EXIT = {
  usage: { code: 2, meaning: "the call cannot work: wrong flags or files, no usable kubeconfig, no such Service" },
  broken: { code: 70, meaning: "the program is broken: please report what it says" },
} as const satisfies Readonly<Record<string, ExitCode>>;

const UNREACHABLE = { code: 4, meaning: "the Kubernetes API cannot be reached, or does not let Services be listed" } as const;
const INTERRUPTED = { code: 130, meaning: "ended by Ctrl-C or a signal" } as const;

export const AGENT_EXIT = {
  ended: { code: 0, meaning: "told to end by SIGTERM or SIGINT" },
} as const satisfies Readonly<Record<string, ExitCode>>;

export const AUDIT_EXIT = {
  fine: { code: 0, meaning: "none can hairpin" },
  found: { code: 1, meaning: "some can (with --fail-on unknown: or it is not known of some)" },
  unreachable: UNREACHABLE,
  interrupted: INTERRUPTED,
} as const satisfies Readonly<Record<string, ExitCode>>;

export const CHECK_EXIT = {
  healthy: { code: 0, meaning: "healthy" },
  hairpin: { code: 1, meaning: "connections hairpin" },
  undecided: { code: 3, meaning: "not decided: too few attempts, nothing to tell by, or measured only as far as the NLB" },
  unreachable: UNREACHABLE,
  fault: { code: 5, meaning: "something else is wrong; the diagnosis says what" },
  interrupted: INTERRUPTED,
} as const satisfies Readonly<Record<string, ExitCode>>;

export const VERIFY_EXIT = {
  fixed: { code: 0, meaning: "fixed" },
  not_fixed: { code: 1, meaning: "not fixed, or worse" },
  inconclusive: { code: 3, meaning: "inconclusive: too little data, or nothing to compare" },
  unreachable: {
    code: 4,
    meaning: "Prometheus, the Kubernetes API or every agent cannot be reached, does not answer, or may not be read",
  },
  interrupted: INTERRUPTED,
} as const satisfies Readonly<Record<string, ExitCode>>;

/** By command: what it can end with, in the order of the codes. */
export const EXIT_CODES: Readonly<Record<"agent" | "audit" | "check" | "verify", readonly ExitCode[]>> = {
  agent: listed(AGENT_EXIT),
  audit: listed(AUDIT_EXIT),
  check: listed(CHECK_EXIT),
  verify: listed(VERIFY_EXIT),
};

function listed(own: Readonly<Record<string, ExitCode>>): readonly ExitCode[] {
  return [...Object.values(own), ...Object.values(COMMON_EXIT)].sort((a, b) => a.code - b.code);
}

/** The paragraph of a command's help. */
export function renderExitHelp(codes: readonly ExitCode[]): string {
  const width = Math.max(...codes.map(({ code }) => String(code).length));
  return ["Exit code", ...codes.map(({ code, meaning }) => `  ${String(code).padEnd(width)}  ${meaning}`)].join("\n");
}
