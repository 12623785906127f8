import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { bracketed } from "../../domain/address.ts";
import { type Credentials, createKubeApi, type KubeApi, type TlsOptions } from "./kube-api.ts";

export interface KubeConfigSources {
  /** A kubeconfig file; `undefined`: the service account when in a cluster, else the files that `KUBECONFIG` names. */
  readonly kubeconfig: string | undefined;
  /** Context of the kubeconfig; `undefined`: its current one. */
  readonly context: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
  /** Where a container finds its service account. */
  readonly serviceAccountDir?: string;
}

/** Credentials that cannot be had: which file, and what is wrong with it. */
export class KubeConfigError extends Error {
  override readonly name = "KubeConfigError";
}

/** @see Kubernetes documentation, "Accessing the Kubernetes API from a Pod". */
const SERVICE_ACCOUNT_DIR = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Finds the API server and how to prove who asks.
 *
 * @throws KubeConfigError when there is neither a service account nor a usable kubeconfig.
 */
export async function loadKubeApi(sources: KubeConfigSources): Promise<KubeApi> {
  const { kubeconfig, env, userAgent } = sources;
  const host = env.KUBERNETES_SERVICE_HOST;
  if (kubeconfig === undefined && host !== undefined) {
    return serviceAccountApi(host, env.KUBERNETES_SERVICE_PORT ?? "443", sources);
  }
  const files = kubeconfig === undefined ? (env.KUBECONFIG ?? "").split(delimiter).filter(Boolean) : [kubeconfig];
  if (files.length === 0) {
    throw new KubeConfigError("no kubeconfig: expected one to be named, the variable KUBECONFIG, or to run in a cluster");
  }
  const { server, config } = await readKubeConfig(files, sources.context);
  return createKubeApi({ server, credentials: oneByOne(() => credentialsOf(config)), userAgent });
}

/**
 * The service account of the pod, without the Kubernetes client library: it costs 60 MB of memory on every node, for two files.
 *
 * The kubelet replaces the token while it is still valid for a while; it is read for every request, of which there are few.
 */
function serviceAccountApi(host: string, port: string, { serviceAccountDir, userAgent }: KubeConfigSources): KubeApi {
  const directory = serviceAccountDir ?? SERVICE_ACCOUNT_DIR;
  const server = `https://${bracketed(host)}:${port}`;
  const read = async (name: string): Promise<string> => {
    const file = join(directory, name);
    try {
      return await readFile(file, "utf8");
    } catch (cause) {
      throw new KubeConfigError(`cannot read ${file} of the service account: ${messageOf(cause)}`, { cause });
    }
  };
  const credentials = async (): Promise<Credentials> => {
    const ca = await read("ca.crt");
    const token = await read("token");
    return { headers: { authorization: `Bearer ${token.trim()}` }, tls: { ca } };
  };
  return createKubeApi({ server, credentials, userAgent });
}

async function readKubeConfig(
  files: readonly string[],
  context: string | undefined,
): Promise<{ readonly server: string; readonly config: KubeConfig }> {
  // Loaded here and not above: it is needed outside a cluster only.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const merged = new KubeConfig();
  for (const file of files) {
    try {
      const config = new KubeConfig();
      config.loadFromFile(file);
      // As kubectl does: the first file that names a current context decides.
      merged.mergeConfig(config, Boolean(merged.currentContext));
    } catch (cause) {
      throw new KubeConfigError(`kubeconfig ${file}: ${messageOf(cause)}`, { cause });
    }
  }
  const where = `kubeconfig ${files.join(delimiter)}`;
  const wanted = context ?? merged.currentContext;
  const chosen = merged.contexts.find(({ name }) => name === wanted);
  if (chosen === undefined) {
    const known = merged.contexts.filter(({ name }) => typeof name === "string").map(({ name }) => name);
    throw new KubeConfigError(
      `${where}: context ${JSON.stringify(wanted ?? "")} is not there, expected one of: ${known.join(", ") || "none"}`,
    );
  }
  const cluster = merged.clusters.find(({ name }) => name === chosen.cluster);
  if (cluster === undefined) throw new KubeConfigError(`${where}: cluster ${JSON.stringify(chosen.cluster)} is not there`);
  const user = chosen.user ? merged.users.find(({ name }) => name === chosen.user) : { name: "anonymous" };
  if (user === undefined) throw new KubeConfigError(`${where}: user ${JSON.stringify(chosen.user)} is not there`);
  if (!URL.canParse(cluster.server) || !/^https?:/.test(cluster.server)) {
    throw new KubeConfigError(`${where}: server ${JSON.stringify(cluster.server)}, expected an http or https URL`);
  }
  // The library takes whatever the file has.
  const proxy: unknown = cluster.proxyUrl ?? undefined;
  if (proxy !== undefined && (typeof proxy !== "string" || proxy.startsWith("socks"))) {
    throw new KubeConfigError(`${where}: proxy-url ${JSON.stringify(cluster.proxyUrl)}, expected an HTTP proxy`);
  }
  const config = new KubeConfig();
  // The library takes http only where TLS is not to be verified; kubectl takes it as it is, and so do we.
  const skipTLSVerify = cluster.skipTLSVerify || cluster.server.startsWith("http:");
  config.loadFromClusterAndUser({ ...cluster, skipTLSVerify }, withUsableIssuer(user));
  return { server: cluster.server, config };
}

/**
 * What the library (2.0.1) needs to refresh OpenID tokens: it hands the issuer on as text where only a URL is taken
 * (kubernetes-client/javascript, issue 2202), and with an authority of the issuer's own its answers are not taken at all. Without
 * that setting the issuer's certificate is checked as any other: NODE_EXTRA_CA_CERTS can name an authority.
 */
function withUsableIssuer<User extends { readonly authProvider?: { readonly name: string; readonly config?: object } }>(
  user: User,
): User {
  const { authProvider } = user;
  if (authProvider?.name !== "oidc") return user;
  const settings = Object.entries<unknown>({ ...authProvider.config }).flatMap(([key, value]) => {
    if (key.startsWith("idp-certificate-authority")) return [];
    return [[key, key === "idp-issuer-url" && URL.canParse(String(value)) ? new URL(String(value)) : value] as const];
  });
  return { ...user, authProvider: { ...authProvider, config: Object.fromEntries(settings) } };
}

/**
 * Many requests begin at once, and each asks for credentials: a plugin is to run once and not for each of them, and a refresh token
 * may be good for one use.
 */
function oneByOne<T>(ask: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const next = last.then(ask, ask);
    last = next;
    return next;
  };
}

/** Asks the library each time: it re-reads token files, runs credential plugins and refreshes OIDC tokens as they expire. */
async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const options: Parameters<KubeConfig["applyToHTTPSOptions"]>[0] = {};
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value);
  if (options.auth) headers.authorization = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  const { ca, cert, key, rejectUnauthorized, servername } = options as TlsOptions;
  const proxy = config.getCurrentCluster()?.proxyUrl;
  return {
    headers,
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      ...(servername === undefined ? {} : { servername }),
    },
    ...(proxy ? { proxy } : {}),
  };
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
