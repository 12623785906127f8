import { AGENTS_LABEL, listAgentPods, readMetricsOf } from "../discovery/agent-pods.ts";
import { ApiError } from "../discovery/api/api-requests.ts";
import type { KubeApi } from "../discovery/api/kube-api.ts";
import { systemClock } from "../schedule/system-clock.ts";
import type { PodAccess } from "../verify/agents/pods.ts";
import { NoAgentsError, UnreadableError } from "../verify/agents/reading.ts";
import { explain } from "./streams.ts";

/** The agents' pods of a namespace through the Kubernetes API, with errors that say what it takes. Closing it closes the API. */
export function agentPods(api: KubeApi, namespace: string, signal: AbortSignal): PodAccess {
  const mayNot = (what: string) =>
    new UnreadableError(
      `the API server at ${api.server} does not let you ${what} in the namespace ${namespace}: it takes the verb list on pods, and get on pods/proxy`,
    );
  return {
    async list() {
      const pods = await listAgentPods(api, namespace, systemClock, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        if (isForbidden(error)) throw mayNot("list pods");
        throw new UnreadableError(`cannot list pods in the namespace ${namespace} at ${api.server}: ${explain(error)}`, {
          cause: error,
        });
      });
      if (pods.length > 0) return pods;
      throw new NoAgentsError(
        `got no pod that runs with the label ${AGENTS_LABEL} in the namespace ${namespace}, expected those of the agents`,
      );
    },
    async page(pod, ended) {
      try {
        return await readMetricsOf(api, namespace, pod, ended);
      } catch (error) {
        if (isForbidden(error)) throw mayNot("get pods/proxy");
        throw error;
      }
    },
    close: () => api.close(),
  };
}

/** By the API server itself, and not by what is in front of one agent. */
const isForbidden = (error: unknown): boolean =>
  error instanceof ApiError && error.status === 403 && error.reason === "Forbidden";
