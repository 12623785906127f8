/** A share for people: `33 %`. One above 0 is never shown as 0, and one below 1 never as 100. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 1) return `${value.toPrecision(1)} %`;
  if (value < 100 && value > 99) return `${Math.floor(value * 10) / 10} %`;
  return `${Math.round(value)} %`;
}
