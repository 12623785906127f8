/**
 * Of many rows as few as meet every pair of values that any row has: "all pairs" testing, since what goes wrong seldom takes three.
 * It takes the row with the most new pairs, again and again: not the fewest rows that there could be, and always the same.
 *
 * @param factorsOf - The values of a row, one of each factor, always in the same order.
 */
export function pairwise<T>(rows: readonly T[], factorsOf: (row: T) => readonly string[]): readonly T[] {
  const left = rows.map((row) => ({ row, pairs: pairsOf(factorsOf(row)) }));
  const met = new Set<string>();
  const chosen: T[] = [];
  for (;;) {
    const news = left.map(({ pairs }) => pairs.filter((pair) => !met.has(pair)).length);
    const most = Math.max(0, ...news);
    if (most === 0) return chosen;
    const [best] = left.splice(news.indexOf(most), 1);
    if (best === undefined) return chosen;
    chosen.push(best.row);
    for (const pair of best.pairs) met.add(pair);
  }
}

/** Each pair of two factors' values, as text. */
export function pairsOf(factors: readonly string[]): readonly string[] {
  return factors.flatMap((a, i) => factors.slice(i + 1).map((b, k) => JSON.stringify([i, a, i + 1 + k, b])));
}
