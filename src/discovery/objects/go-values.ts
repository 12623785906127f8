/** How Go reads numbers and spaces, where JavaScript reads them otherwise: both controllers are written in it. */

const INT32_MIN = -2_147_483_648;
const INT32_MAX = 2_147_483_647;
const INTEGER = /^[+-]?\d+$/;
/** What Unicode calls White_Space: without the byte order mark, with NEL. */
const SPACE = String.raw`[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+`;
const SPACES_AROUND = new RegExp(`^${SPACE}|${SPACE}$`, "g");

/** Go's `strings.TrimSpace`. */
export const trimSpace = (text: string): string => text.replace(SPACES_AROUND, "");

/** Go's `strconv.ParseInt` of 32 bits to the base of ten. @returns `undefined` for what it refuses. */
export function parseGoInt32(text: string): number | undefined {
  const value = INTEGER.test(text) ? Number(text) : Number.NaN;
  return value >= INT32_MIN && value <= INT32_MAX ? value : undefined;
}

/** Whether Go's `strconv.Atoi` takes it. */
export const isGoInt = (text: string): boolean => INTEGER.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);

/** `a, b,,c` as the AWS Load Balancer Controller reads its lists: without spaces and empty items. */
export const listItems = (text: string): readonly string[] => text.split(",").map(trimSpace).filter(Boolean);
