import type { Fix } from "../domain/fix.ts";

/** A load balancer and what ends its hairpins. */
export interface Fixable {
  readonly namespace: string;
  readonly name: string;
  readonly fix: Fix | undefined;
}

/** Quotes for a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** The command that sets a Service's annotations, or makes it anew with them; "" where annotations are not the way. */
export function commandOf({ namespace, name, fix }: Fixable): string {
  if (fix === undefined || (fix.annotations.length === 0 && !fix.anew)) return "";
  const pairs = fix.annotations.map(({ key, value }) => quoted(value === undefined ? `${key}-` : `${key}=${value}`));
  const service = `-n ${namespace} service/${name}`;
  if (!fix.anew) return `kubectl annotate --overwrite ${service} ${pairs.join(" ")}`;
  return [
    `kubectl get ${service} -o yaml`,
    ...(pairs.length === 0 ? [] : [`kubectl annotate --local --overwrite -f - -o yaml ${pairs.join(" ")}`]),
    "kubectl replace --force -f -",
  ].join(" | ");
}

/** The lines to copy for one load balancer: a command, or objects to apply. */
export function fixLines(fixable: Fixable): readonly string[] {
  const command = commandOf(fixable);
  const { fix } = fixable;
  if (command !== "") return [`  ${command}`];
  if (fix === undefined || fix.manifest === "") return [];
  return ["  kubectl apply -f - <<'EOF'", ...fix.manifest.trimEnd().split("\n"), "EOF"];
}

/** The same for programs; `null` where there is none. */
export const fixJson = (fixable: Fixable): object | null => {
  const { fix } = fixable;
  if (fix === undefined) return null;
  return {
    summary: fix.summary,
    command: commandOf(fixable) || null,
    annotations: Object.fromEntries(fix.annotations.map(({ key, value }) => [key, value ?? null])),
    manifest: fix.manifest || null,
    caveats: fix.caveats,
    costs: fix.costs,
    alternatives: fix.alternatives,
  };
};
