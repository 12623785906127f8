/** Types of setup.mjs for its tests; the script itself must run before TypeScript can. */
export interface SetupOptions {
  readonly root: string;
  readonly also: readonly string[];
  readonly tools: readonly string[];
  readonly searchPath: readonly string[];
  readonly isRoot: boolean;
  readonly nodeVersion: string;
  readonly run: (command: string, args: readonly string[]) => number | undefined;
  readonly log: (line: string) => void;
}

export function setUp(options: SetupOptions): void;
