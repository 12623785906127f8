/** A value as people read it, in the unit of its panel; Grafana's names of units. */
export function withUnit(value: number, unit: string): string {
  if (!Number.isFinite(value)) return "";
  switch (unit) {
    case "percentunit":
      return `${rounded(value * 100)} %`;
    case "s":
      return value < 1 && value > 0 ? `${rounded(value * 1000)} ms` : `${rounded(value)} s`;
    case "ops":
    case "reqps":
      return `${rounded(value)}/s`;
    default:
      return rounded(value);
  }
}

/** Three digits that count, and no zeros that do not. */
const rounded = (value: number): string => String(Number(value.toPrecision(Math.abs(value) >= 100 ? 4 : 2)));
