export function findPromtool(searchPath?: string): string | undefined;
