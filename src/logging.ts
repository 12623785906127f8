import { type Logger, type LoggerOptions, pino } from "pino";

export type { Logger } from "pino";

/** What may wait to be written; a reader of stdout that hangs must not stop the probing, so what is over it is dropped. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

/**
 * One line of JSON an event, written to stdout without blocking the event loop.
 *
 * @param onDrop - Called with each line that did not fit while the reader of stdout hung.
 */
export function createLogger(
  options: { readonly level: string; readonly base: Readonly<Record<string, string>> },
  onDrop: () => void,
): { readonly logger: Logger; readonly flush: () => void } {
  const destination = pino.destination({ dest: 1, sync: false, minLength: 0, maxLength: MAX_BUFFERED_BYTES });
  destination.on("drop", onDrop);
  const settings: LoggerOptions = {
    level: options.level,
    base: { ...options.base },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (level) => ({ level }) },
  };
  return {
    logger: pino(settings, destination),
    flush: () => destination.flushSync(),
  };
}
