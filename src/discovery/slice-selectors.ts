const LABEL = "kubernetes.io/service-name";
/** Proxies in front of API servers take 8 KiB of request line, and percent-encoding makes more of the commas. */
const MAX_SELECTOR_LENGTH = 4096;
/** Each selector is a watch of its own. */
export const MAX_SELECTORS = 8;

/**
 * Whether a Service can be called so: routes and files can name anything, and one name that is no label value would have the
 * whole selector refused.
 *
 * @see Kubernetes documentation, "Object Names and IDs", RFC 1123 label names.
 */
export const isServiceName = (name: string): boolean => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name);

/** The EndpointSlices of these Services, by name. */
export interface SliceSelector {
  readonly names: ReadonlySet<string>;
  readonly labelSelector: string;
}

/**
 * As few selectors as hold all the names; or one for all slices there are, where that would take more than `MAX_SELECTORS`.
 *
 * @see Kubernetes documentation, "Labels and Selectors", set-based requirements.
 */
export function selectorsOf(names: Iterable<string>): readonly SliceSelector[] {
  const sorted = [...names].sort();
  const groups: string[][] = [];
  let room = 0;
  for (const name of sorted) {
    room -= name.length + 1;
    const group = groups.at(-1);
    if (group !== undefined && room >= 0) {
      group.push(name);
      continue;
    }
    groups.push([name]);
    room = MAX_SELECTOR_LENGTH - `${LABEL} in ()`.length - name.length;
  }
  if (groups.length > MAX_SELECTORS) return [{ names: new Set(sorted), labelSelector: LABEL }];
  return groups.map((group) => ({ names: new Set(group), labelSelector: `${LABEL} in (${group.join(",")})` }));
}
