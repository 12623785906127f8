import { readFile } from "node:fs/promises";
import type { Settings } from "../config/definitions.ts";
import { ConfigError } from "../config/load.ts";
import type { Clock } from "../domain/clock.ts";
import type { Logger } from "../logging.ts";
import type { AgentMetrics } from "../metrics/agent-metrics.ts";
import { checkTls, readTlsTexts, TlsFilesError, type TlsMaterial, type TlsPaths, type TlsTexts } from "../server/tls-files.ts";
import { watchTls } from "../server/tls-watch.ts";

/** The server's TLS as its files have it. */
export interface ServerTls {
  readonly paths: TlsPaths;
  readonly texts: TlsTexts;
  readonly material: TlsMaterial;
}

const readText = (path: string): Promise<string> => readFile(path, "utf8");

/**
 * Reads what the settings name for the server's TLS.
 *
 * @returns `undefined` where they name nothing.
 * @throws ConfigError with every problem of the files.
 */
export async function readServerTls(settings: Settings): Promise<ServerTls | undefined> {
  const { metricsTlsCertFile: cert, metricsTlsKeyFile: key, metricsClientCaFile: clientCa } = settings;
  if (cert === undefined || key === undefined) return undefined;
  const paths = { cert, key, clientCa };
  const texts = await readTlsTexts(paths, readText);
  try {
    return { paths, texts, material: checkTls(texts) };
  } catch (error) {
    if (error instanceof TlsFilesError) throw new ConfigError(error.problems);
    throw error;
  }
}

export interface FollowOptions {
  readonly clock: Clock;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
  readonly signal: AbortSignal;
  readonly metrics: AgentMetrics;
  readonly logger: Logger;
  /** Puts it to use. */
  readonly useTls: (material: TlsMaterial) => void;
}

/** Goes along with changes of the files; metrics and log tell what is in use. */
export function followServerTls({ paths, texts, material }: ServerTls, options: FollowOptions): void {
  const { clock, unixMs, signal, metrics, logger, useTls } = options;
  const tell = ({ expiresAt }: TlsMaterial): void => {
    metrics.serverTls({ isCurrent: true, expiresAt });
    const expires = new Date(expiresAt * 1000).toISOString();
    if (expiresAt * 1000 > unixMs()) logger.info({ expires }, "the server's certificate is in use");
    else logger.error({ expires }, "the server's certificate is in use, and has expired");
  };
  tell(material);
  watchTls({
    paths,
    known: texts,
    readFile: readText,
    clock,
    signal,
    onChange: (changed) => {
      useTls(changed);
      tell(changed);
    },
    onProblem: ({ problems }) => {
      metrics.serverTls({ isCurrent: false });
      logger.error({ problems }, "the server's TLS files have changed and cannot be used: it goes on with what they said before");
    },
  });
}
