/** The lines of one chain of a rendered ruleset, without the chain's braces and indentation. */
export function chainLines(ruleset: string, chain: string): readonly string[] {
  const lines = ruleset.split("\n");
  const start = lines.indexOf(`\tchain ${chain} {`);
  if (start === -1) throw new Error(`no chain ${chain} in ${ruleset}`);
  return lines.slice(start + 1, lines.indexOf("\t}", start)).map((line) => line.trim());
}
