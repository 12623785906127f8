import type { Clock } from "../domain/clock.ts";
import { checkTls, readTlsTexts, TlsFilesError, type TlsMaterial, type TlsPaths, type TlsTexts } from "./tls-files.ts";

export interface TlsWatchOptions {
  readonly paths: TlsPaths;
  /** What the files said when they were read last. */
  readonly known: TlsTexts;
  readonly readFile: (path: string) => Promise<string>;
  readonly clock: Clock;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** The files have changed, and can be served with. */
  readonly onChange: (material: TlsMaterial) => void;
  /** The files have changed, and cannot: what was served with before still is. Once, until they change again. */
  readonly onProblem: (error: TlsFilesError) => void;
}

/**
 * How often the files are read. Kubernetes changes a mounted Secret by turning a link around, of which not every watch of the file
 * system hears, and up to a minute late as it is.
 */
export const TLS_READ_EVERY_MS = 10_000;

/**
 * Reads the files of TLS again and again, and tells what has changed.
 *
 * Files that are read while they are being changed may not belong together: that is told, and mended by the next round.
 */
export function watchTls({ paths, known, readFile, clock, signal, onChange, onProblem }: TlsWatchOptions): void {
  let last = JSON.stringify(known);
  let cancel = (): void => {};
  const report = (texts: TlsTexts): void => {
    try {
      onChange(checkTls(texts));
    } catch (error) {
      if (!(error instanceof TlsFilesError)) throw error;
      onProblem(error);
    }
  };
  const round = async (): Promise<void> => {
    const texts = await readTlsTexts(paths, readFile);
    if (signal.aborted) return;
    const said = JSON.stringify(texts);
    if (said !== last) report(texts);
    last = said;
    schedule();
  };
  const schedule = (): void => {
    cancel = clock.after(TLS_READ_EVERY_MS, () => void round());
  };
  if (signal.aborted) return;
  signal.addEventListener("abort", () => cancel(), { once: true });
  schedule();
}
