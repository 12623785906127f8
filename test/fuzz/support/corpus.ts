/** The recorded inputs that fuzzing starts from: all of them valid. */
import { readFileSync } from "node:fs";
import type { Json } from "./mutate.ts";

export const corpusText = (file: string): string => readFileSync(new URL(`../corpora/${file}`, import.meta.url), "utf8");

/** A file of JSON that lists values. */
export const corpus = (file: string): readonly Json[] => JSON.parse(corpusText(file)) as readonly Json[];

/** A file of several texts with a line of `%%` between them. */
export const corpusTexts = (file: string): readonly string[] => corpusText(file).split("%%\n");
