/** Grafana's own transformations, out of its package: what a panel makes of an answer. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(fileURLToPath(new URL("../../tools/board/package.json", import.meta.url)));

/** A table as Grafana holds it, by columns: `@grafana/data`, DataFrame. */
export interface Frame {
  readonly fields: readonly {
    readonly name: string;
    readonly type: string;
    readonly values: readonly unknown[];
    /** What it is called instead, where it is. */
    readonly config?: { readonly displayName?: string };
  }[];
}

interface Transformer {
  readonly id: string;
  readonly name: string;
}

/** What is used of `@grafana/data`; its own types want the DOM's, and React's. */
interface GrafanaData {
  readonly toDataFrame: (frame: Frame) => Frame;
  readonly transformDataFrame: (
    transformations: readonly { readonly id: string; readonly options: object }[],
    frames: readonly Frame[],
  ) => unknown;
  readonly standardTransformers: Readonly<Record<string, Transformer>>;
  readonly standardTransformersRegistry: {
    setInit(init: () => readonly object[]): void;
    getIfExists(id: string): object | undefined;
  };
}

const grafana = load();

/** It looks for a browser's globals as it is loaded. */
function load(): GrafanaData {
  const { JSDOM } = require("jsdom") as { readonly JSDOM: new (html: string, options: object) => { readonly window: object } };
  const { window } = new JSDOM("", { url: "http://localhost" });
  for (const name of ["window", "document", "navigator", "localStorage", "Element", "HTMLElement", "Node"] as const) {
    const value: unknown = name === "window" ? window : Reflect.get(window, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  const data = require("@grafana/data") as GrafanaData;
  // Some stand in its table under two names.
  const known = new Map(Object.values(data.standardTransformers).map((transformer) => [transformer.id, transformer]));
  data.standardTransformersRegistry.setInit(() =>
    [...known.values()].map((transformer) => ({
      id: transformer.id,
      aliasIds: [],
      name: transformer.name,
      transformation: () => Promise.resolve(transformer),
      editor: null,
    })),
  );
  return data;
}

/** @throws Error for a transformation that Grafana does not have: it would pass over it in silence. */
export async function transform(
  transformations: readonly { readonly id: string; readonly options: object }[],
  frame: Frame,
): Promise<readonly Frame[]> {
  for (const { id } of transformations) {
    if (grafana.standardTransformersRegistry.getIfExists(id) === undefined) throw new Error(`transformation: there is no ${id}`);
  }
  const { lastValueFrom } = require("rxjs") as { readonly lastValueFrom: (observable: unknown) => Promise<readonly Frame[]> };
  return lastValueFrom(grafana.transformDataFrame(transformations, [grafana.toDataFrame(frame)]));
}

/** An instant answer as Grafana's Prometheus data source gives it to a table: time, a column for each label in their order, the value. */
export function tableOf(
  series: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly points: readonly (readonly [number, string])[];
  }[],
): Frame {
  const labels = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
  return {
    fields: [
      { name: "Time", type: "time", values: series.map(({ points }) => (points[0]?.[0] ?? 0) * 1000) },
      ...labels.map((name) => ({ name, type: "string", values: series.map(({ metric }) => metric[name] ?? "") })),
      { name: "Value", type: "number", values: series.map(({ points }) => Number(points[0]?.[1])) },
    ],
  };
}
