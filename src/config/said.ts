import { plain } from "../terminal/text.ts";

const MAX_SHOWN = 200;

/** A name as it was given, for a sentence: on one line, whatever it is. */
export const named = (text: string): string => plain(text.slice(0, MAX_SHOWN));

/** A value as it was given, in quotes. */
export const quoted = (text: string): string => plain(JSON.stringify(text.slice(0, MAX_SHOWN)));
