/**
 * Every property that is fuzzed, and how the cases of a run are shared out among them.
 *
 * `weight`: its share of the run. `atMost`: what it is given however long the run is, where each case takes packets or files; the others
 * make up for it. Names are those of the tests.
 */
interface Share {
  readonly weight: number;
  readonly atMost?: number;
}

export const PROPERTIES = {
  "a Service is read, or refused with what was expected": { weight: 10 },
  "an EndpointSlice is read, or refused with what was expected": { weight: 10 },
  "a Node is read, or refused with what was expected": { weight: 6 },
  "a GatewayClass is read, or refused with what was expected": { weight: 3 },
  "a Gateway is read, or refused with what was expected": { weight: 6 },
  "a route is read, or refused with what was expected": { weight: 6 },
  "a LoadBalancerConfiguration is read, or refused with what was expected": { weight: 4 },
  "a TargetGroupConfiguration is read, or refused with what was expected": { weight: 5 },
  "a TargetGroupBinding is read, or refused with what was expected": { weight: 5 },
  "a value of another type is refused, or was never read": { weight: 12 },
  "no JSON at all makes a reader of objects do anything but read or refuse": { weight: 6 },
  "a store of objects holds what could be read, and says of each other once why it is left out": { weight: 3 },
  "a Service of any annotations is classified, described and fixed in clean text": { weight: 8 },
  "the notations of annotations mean the same when they are written anew": { weight: 8 },
  "a cluster of any objects is planned, and its metrics can be read back": { weight: 2 },
  "a watch is read alike however its bytes are cut, or ends with a declared error": { weight: 6 },
  "a list is read page by page, or ends with a declared error": { weight: 4 },
  "a discovery document names versions and resources, or is refused": { weight: 3 },
  "a reflector of a server that answers anything never throws, and holds only what it could read": { weight: 1, atMost: 5_000 },
  "whatever a DNS server sends, a lookup ends with addresses or a reason": { weight: 2, atMost: 20_000 },
  "withdrawn addresses stay within their bounds, whatever DNS answers in turn": { weight: 4 },
  "whatever a server sends, an attempt ends with one outcome, and only an answer is a success": { weight: 1, atMost: 10_000 },
  "a frontends file is read, or refused with every problem": { weight: 4 },
  "any text as a frontends file is read, or refused with every problem": { weight: 4 },
  "flags and variables are settings, or problems in one line each": { weight: 3 },
  "a configuration file is settings, or problems": { weight: 2 },
  "a setting means the same as a flag, as a variable and in the file": { weight: 6 },
  "a kubeconfig is taken, or refused with the file and what is wrong": { weight: 1, atMost: 10_000 },
  "a metrics page is read sample by sample as it is written, or refused with the line": { weight: 8 },
  "what is exported is read back as it was meant, whatever is in its labels": { weight: 4 },
  "any readings of agents give a verdict": { weight: 2 },
  "any observations give a verdict, in bounded time": { weight: 1 },
  "an answer of Prometheus is read as series of numbers, or refused": { weight: 2, atMost: 20_000 },
  "any answers of a Prometheus give a verdict, or a declared error": { weight: 1, atMost: 5_000 },
  "the heap does not grow over many cases": { weight: 2, atMost: 20_000 },
} as const satisfies Readonly<Record<string, Share>>;

export type PropertyName = keyof typeof PROPERTIES;
export const PROPERTY_NAMES = Object.keys(PROPERTIES) as readonly PropertyName[];

/** Cases of a run as part of `npm test`, and of one of `npm run fuzz`, all properties together. */
export const CASES = { ci: 20_000, nightly: 1_000_000 } as const;

/** How many cases of a run a property is given; over all properties it sums to `total`, or a little more. */
export function casesOf(name: PropertyName, total: number): number {
  return shares(total).get(name) ?? 0;
}

/** Whoever is at the bound gets the bound, and the others share what is left: again, until nobody new is. */
function shares(total: number): ReadonlyMap<string, number> {
  const entries: readonly (readonly [string, Share])[] = Object.entries(PROPERTIES);
  let bounded: ReadonlyMap<string, number> = new Map();
  for (;;) {
    const left = total - [...bounded.values()].reduce((sum, cases) => sum + cases, 0);
    const open = entries.filter(([name]) => !bounded.has(name));
    const weights = open.reduce((sum, [, { weight }]) => sum + weight, 0);
    const given = open.map(([name, share]) => ({ name, share, cases: Math.ceil((left * share.weight) / weights) }));
    const over = given.flatMap(({ name, share: { atMost }, cases }) =>
      atMost !== undefined && cases > atMost ? [[name, atMost] as const] : [],
    );
    if (over.length === 0) return new Map([...bounded, ...given.map(({ name, cases }) => [name, cases] as const)]);
    bounded = new Map([...bounded, ...over]);
  }
}
