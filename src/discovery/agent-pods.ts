import type { Clock } from "../domain/clock.ts";
import { getText, listPages } from "./api/api-requests.ts";
import { IdleGuard } from "./api/idle-guard.ts";
import type { KubeApi } from "./api/kube-api.ts";
import { type PodObject, parsePod } from "./objects/pod-object.ts";

/** The pod of the agent on one node. */
export interface AgentPod {
  readonly node: string;
  readonly name: string;
  readonly port: number;
}

/** What manifests and chart call the agents' pods. */
export const AGENTS_LABEL = "app.kubernetes.io/name=hairpin-probe";
const PORT_NAME = "metrics";
const DEFAULT_PORT = 9867;
/** A pod is some ten kilobytes. */
const PAGE_SIZE = 250;
/** A server that has not answered by then is taken to be out of reach. */
const SILENCE_MS = 15_000;
/** An agent's budget of series is a few megabytes. */
const MAX_PAGE_BYTES = 64 * 2 ** 20;

/**
 * Lists the agents' pods that run in a namespace, one a node: the newest, where a rollout has two there.
 *
 * @throws ApiError, ObjectError for what is no Pod, or what the connection throws.
 */
export async function listAgentPods(
  api: KubeApi,
  namespace: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly AgentPod[]> {
  const query = { labelSelector: AGENTS_LABEL, fieldSelector: "status.phase=Running" };
  const newest = new Map<string, PodObject>();
  using guard = new IdleGuard(SILENCE_MS, clock, signal);
  for await (const { items } of listPages(api, { path: podsIn(namespace), query }, PAGE_SIZE, guard.signal)) {
    guard.touch();
    for (const item of items) {
      const pod = parsePod(item, PORT_NAME);
      // One that ends is still said to run, and counts nothing any more.
      if (pod.node === undefined || pod.isEnding) continue;
      const other = newest.get(pod.node);
      if (other === undefined || isNewer(pod, other)) newest.set(pod.node, pod);
    }
  }
  return [...newest].map(([node, { name, port = DEFAULT_PORT }]) => ({ node, name, port }));
}

/** By name where both are of the same second, so that the choice is the same each time. */
const isNewer = (a: PodObject, b: PodObject): boolean =>
  a.createdAt === b.createdAt ? a.name > b.name : a.createdAt > b.createdAt;

/**
 * Reads an agent's metrics through the API server's pod proxy.
 *
 * @throws ApiError, or what the connection throws.
 * @see Kubernetes documentation, "Access Services Running on Clusters", on URLs of the apiserver proxy.
 */
export function readMetricsOf(api: KubeApi, namespace: string, { name, port }: AgentPod, signal: AbortSignal): Promise<string> {
  return getText(
    api,
    `${podsIn(namespace)}/${name}:${port}/proxy/metrics`,
    { what: "its metrics", maxBytes: MAX_PAGE_BYTES },
    signal,
  );
}

const podsIn = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;
