import { type Definitions, flagOf, variableOf } from "./definition.ts";

/** The settings of a command as a terminal shows them: flag, meaning, default, environment variable. At most 100 columns. */
export function renderSettingsHelp(definitions: Definitions): string {
  const rows = Object.entries(definitions).map(([key, { short, isSwitch, placeholder, help, default: given }]) => {
    const fallback = given === undefined || isSwitch ? "" : ` Default: ${given}.`;
    const flag = `${short === undefined ? "" : `-${short}, `}--${flagOf(key)}${isSwitch ? "" : ` ${placeholder}`}`;
    return { flag, text: `${help}${fallback} [${variableOf(key)}]` };
  });
  rows.unshift({
    flag: "--config FILE",
    text: "YAML file of settings, keys as the flags in camel case (lbcVersion: 2.13.4). [HAIRPIN_PROBE_CONFIG]",
  });
  const width = Math.max(...rows.map(({ flag }) => flag.length)) + 2;
  return rows.map(({ flag, text }) => `  ${flag.padEnd(width)}${wrap(text, 98 - width, width + 2)}`).join("\n");
}

function wrap(text: string, columns: number, indent: number): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}
