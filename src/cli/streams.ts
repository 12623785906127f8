import { homedir } from "node:os";
import { join } from "node:path";
import { styleText } from "node:util";
import type { KubectlSettings } from "../config/kubectl-definitions.ts";
import { ConfigError } from "../config/load.ts";
import type { KubeApi } from "../discovery/api/kube-api.ts";
import { KubeConfigError, loadKubeApi } from "../discovery/api/kube-config.ts";
import type { Paint } from "../terminal/text.ts";
import { VERSION } from "../version.ts";

/** Where a command that runs once gets its surroundings from, and writes to. */
export interface CommandStreams {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export const painterFor = (noColor: boolean, stream: NodeJS.WriteStream): Paint =>
  noColor ? (_, text) => text : (format, text) => styleText(format, text, { stream });

/** A pipe takes lines of any length, and what reads them wants whole names. */
export const widthOf = (stream: NodeJS.WriteStream): number => (stream.isTTY ? stream.columns : Number.POSITIVE_INFINITY);

/**
 * The cluster, as kubectl finds it; in a pod there is a service account.
 *
 * @throws ConfigError when the kubeconfig is of no use.
 */
export async function connectAsKubectl({ kubeconfig, context }: KubectlSettings, env: CommandStreams["env"]): Promise<KubeApi> {
  const usual = env.KUBECONFIG === undefined && env.KUBERNETES_SERVICE_HOST === undefined;
  const file = kubeconfig ?? (usual ? join(env.HOME ?? homedir(), ".kube", "config") : undefined);
  try {
    return await loadKubeApi({ kubeconfig: file, context, env, userAgent: `hairpin-probe/${VERSION}` });
  } catch (error) {
    if (error instanceof KubeConfigError) throw new ConfigError([error.message]);
    throw error;
  }
}

/** A connection that failed says why in its causes. */
export function explain(error: unknown): string {
  const messages: string[] = [];
  for (let cause = error; cause instanceof Error && messages.length < 4; cause = cause.cause) {
    const several =
      cause instanceof AggregateError ? cause.errors.map((each) => (each instanceof Error ? each.message : String(each))) : [];
    messages.push([cause.message, ...several].filter(Boolean).join(", "));
  }
  return messages.length === 0 ? String(error) : [...new Set(messages)].join(": ");
}
