/**
 * Runs `work` for every item, at most `limit` at a time.
 *
 * After a failure no new item is begun; those under way are waited for, so that nothing goes on behind the caller's back.
 *
 * @throws The first failure.
 */
export async function forEachBounded<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  let failure: { readonly cause: unknown } | undefined;
  const worker = async () => {
    for (const item of rest) {
      try {
        await work(item);
      } catch (cause) {
        failure ??= { cause };
      }
      if (failure !== undefined) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failure !== undefined) throw failure.cause;
}
