import type { Parse } from "./parsers.ts";

/** One setting: its flag, environment variable and file key all follow from the key. */
export interface Definition<T> {
  readonly parse: Parse<T>;
  /** As a user would write it; absent: there is no value unless one is given. */
  readonly default?: string;
  /** What stands for the value in the help text. */
  readonly placeholder: string;
  /** One sentence for the help text and the documentation. */
  readonly help: string;
  /** One letter: `n` for `-n`. */
  readonly short?: string;
  /** A flag that stands alone, without a value. */
  readonly isSwitch?: boolean;
}

/** The settings of one command, in the order of its help text. */
export type Definitions = Readonly<Record<string, Definition<unknown>>>;

export const define = <T>(definition: Definition<T>): Definition<T> => definition;

/** `maxInFlight` as a flag: `max-in-flight`. */
export const flagOf = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export const ENVIRONMENT_PREFIX = "HAIRPIN_PROBE_";

/** `maxInFlight` as an environment variable: `HAIRPIN_PROBE_MAX_IN_FLIGHT`. */
export const variableOf = (key: string): string => ENVIRONMENT_PREFIX + flagOf(key).replaceAll("-", "_").toUpperCase();
