const listening = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Runs something when a signal is aborted, at once if it has been.
 *
 * For hundreds that wait for the same signal: it keeps its own listeners in a list that it goes through for each that goes.
 *
 * @returns a function that takes it back.
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  if (signal.aborted) {
    run();
    return () => {};
  }
  let runs = listening.get(signal);
  if (runs === undefined) {
    const all = new Set<() => void>();
    const abort = () => {
      for (const each of all) each();
    };
    signal.addEventListener("abort", abort, { once: true });
    listening.set(signal, all);
    runs = all;
  }
  // One that is given twice is two.
  const own = () => run();
  runs.add(own);
  return () => runs.delete(own);
}
