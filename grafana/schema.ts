/** The board as far as others read it: what Grafana takes for granted, and the SDK types more loosely. */
export interface Board {
  readonly panels: readonly BoardPanel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: {
    readonly list: readonly { readonly expr: string; readonly titleFormat: string; readonly textFormat: string }[];
  };
  readonly links: readonly { readonly url: string }[];
  readonly uid: string;
  readonly editable: boolean;
  readonly schemaVersion: number;
}

export interface BoardPanel {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig: {
    readonly defaults: {
      readonly unit: string;
      readonly thresholds: { readonly steps: readonly { readonly value: number | null; readonly color: string }[] };
    };
  };
  readonly datasource: unknown;
  readonly links?: readonly { readonly title: string; readonly url: string }[];
  readonly transformations?: readonly { readonly id: string; readonly options: object }[];
  readonly targets: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
    readonly instant?: boolean;
    readonly datasource: unknown;
  }[];
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly label: string;
  readonly query: unknown;
  readonly definition?: string;
  readonly datasource?: unknown;
  readonly refresh: number;
  readonly multi?: boolean;
  readonly allValue?: string;
}
