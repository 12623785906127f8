export function findPrometheusTool(name: "promtool" | "prometheus", searchPath?: string): string | undefined;
