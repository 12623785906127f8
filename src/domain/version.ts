/** A release of a controller: `2.13.4`, with or without a `v`, a suffix such as `-eks.1` or `+abc` aside. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

const FORM = /^v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?:[-+][0-9A-Za-z.+-]*)?$/;

/** @returns `undefined` for what is no version. A patch that is not given is 0. */
export function parseVersion(text: string): Version | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3] ?? 0) };
}

/** Whether a version is this one or a later one. */
export function isAtLeast(version: Version, [major, minor, patch]: readonly [number, number, number]): boolean {
  if (version.major !== major) return version.major > major;
  return version.minor !== minor ? version.minor > minor : version.patch >= patch;
}
