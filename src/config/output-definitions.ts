import { define } from "./definition.ts";
import { boolean, oneOf } from "./parsers.ts";

/** How a command that runs once writes what it found; the first form is the usual one. */
export const outputAs = <const T extends string>(forms: readonly [T, ...T[]]) =>
  define({
    parse: oneOf(forms),
    default: forms[0],
    placeholder: "FORMAT",
    short: "o",
    help: `${forms.join(", ")}.`,
  });

export const noColor = define({
  parse: boolean,
  default: "false",
  placeholder: "",
  isSwitch: true,
  help: "No colours, as with the variable NO_COLOR.",
});
