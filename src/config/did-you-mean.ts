/** " (did you mean X?)": the known name that shares most of its start and length, if one is near enough to be a slip; else "". */
export function didYouMean(given: string, known: Iterable<string>, prefix: string): string {
  const near = [...known]
    .map((name) => ({ name, distance: editDistance(given, name) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return near !== undefined && near.distance <= 3 ? ` (did you mean ${prefix}${near.name}?)` : "";
}

/** Levenshtein distance; the names are short, and input is cut to their length. */
function editDistance(a: string, b: string): number {
  const shorter = a.slice(0, 64);
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= shorter.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (shorter[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
