import { isIP } from "node:net";
import * as v from "valibot";
import { isNode, LineCounter, parseDocument } from "yaml";
import type { AddressPolicy } from "../domain/address.ts";
import { isRequestPath } from "../domain/request-path.ts";
import { type NlbService, PROTOCOLS, serviceKey, spokenOn } from "../domain/service.ts";
import type { DiscoveredService, Snapshot } from "../domain/snapshot.ts";
import { defaultTargetGroup, type Switch, TARGET_TYPES, type TargetGroup } from "../domain/target-group.ts";
import { labels, port } from "./objects/schema.ts";
import { describeIssue, issuePath, printable } from "./problems.ts";
import { isDnsName } from "./rules/hostname.ts";

/** Every problem of a frontends file at once: one sentence each, with file, line, path, what was given and what was expected. */
export class FrontendsFileError extends Error {
  override readonly name = "FrontendsFileError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

const MAX_SERVICES = 1_000;
/** Of what the library says of a text that is no YAML: it may quote any part of it. */
const MAX_SAID = 300;
const NAME = "letters, digits, dots and dashes, at most 253";
const name = v.pipe(v.string("text"), v.regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, NAME));
const boolean = v.boolean("true or false");
const list = <Item extends v.GenericSchema>(item: Item) =>
  v.pipe(v.array(item, "a list"), v.maxLength(MAX_SERVICES, `at most ${MAX_SERVICES}`));
const placement = v.strictObject({ node: name, zone: v.optional(name) }, "a mapping");
const node = v.strictObject(
  {
    ...placement.entries,
    excluded: v.optional(boolean),
    labels: v.optional(labels),
  },
  "a mapping",
);
const addressOf = (isAllowed: AddressPolicy) =>
  v.pipe(
    v.string("an IP address"),
    v.check((value) => isIP(value) !== 0, "an IP address"),
    v.check(
      (value) => isIP(value) === 0 || isAllowed(value),
      "a private address (RFC 1918, RFC 6598, RFC 4193), or one that --allow-cidr allows: no other is probed",
    ),
  );
const path = v.pipe(
  v.string("text"),
  v.check(isRequestPath, 'a path that starts with "/", without spaces and "#", at most 1,024 characters'),
);

const serviceOf = (isAllowed: AddressPolicy) =>
  v.pipe(
    v.strictObject(
      {
        namespace: name,
        name,
        hostname: v.optional(v.pipe(v.string("a host name"), v.check(isDnsName, "a host name"))),
        addresses: v.optional(list(v.strictObject({ address: addressOf(isAllowed), zone: v.optional(name) }, "a mapping")), []),
        ports: v.pipe(
          list(
            v.strictObject(
              {
                port,
                name: v.optional(name),
                protocol: v.optional(v.picklist(PROTOCOLS, `one of ${PROTOCOLS.join(", ")}`)),
                path: v.optional(path),
                tlsTerminated: v.optional(boolean, false),
              },
              "a mapping",
            ),
          ),
          v.minLength(1, "at least one port"),
          v.check((ports) => new Set(ports.map((given) => given.port)).size === ports.length, "each port once"),
        ),
        targetType: v.optional(v.picklist(TARGET_TYPES, "instance or ip")),
        preserveClientIp: v.optional(boolean),
        crossZone: v.optional(boolean),
        ipFamily: v.optional(v.picklist([4, 6], "4 or 6")),
        externalTrafficPolicy: v.optional(v.picklist(["Cluster", "Local"], "Cluster or Local"), "Cluster"),
        backends: v.optional(list(placement), []),
      },
      "a mapping",
    ),
    v.check((given) => given.hostname !== undefined || given.addresses.length > 0, "a hostname or addresses"),
  );

const fileSchemaOf = (isAllowed: AddressPolicy) =>
  v.strictObject(
    {
      services: v.pipe(
        list(serviceOf(isAllowed)),
        v.check((services) => new Set(services.map(serviceKey)).size === services.length, "each namespace and name once"),
      ),
      nodes: v.optional(list(node), []),
    },
    "a mapping with services",
  );

type GivenService = v.InferOutput<ReturnType<typeof serviceOf>>;

/**
 * Reads a frontends file: NLBs that Kubernetes does not know.
 *
 * @param text - YAML.
 * @param options - `file` names it in problems; `defaultPath` is the path of HTTP requests where a port gives none; `isAllowed` tells
 *   which addresses may be probed.
 * @throws FrontendsFileError with every problem there is.
 */
export function loadFrontendsFile(
  text: string,
  options: { readonly file: string; readonly defaultPath: string; readonly isAllowed: AddressPolicy },
): Snapshot {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => `${options.file}:${lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    throw new FrontendsFileError(
      document.errors.map(({ message, pos }) => `${at(pos[0])}: not YAML: ${printable(message, MAX_SAID)}`),
    );
  }
  const result = v.safeParse(fileSchemaOf(options.isAllowed), toJs(document, options.file));
  if (!result.success) {
    const found = result.issues.map((issue) => ({ offset: offsetOf(document, issuePath(issue)), text: describeIssue(issue) }));
    found.sort((a, b) => a.offset - b.offset);
    throw new FrontendsFileError(found.map((problem) => `${at(problem.offset)}: ${problem.text}`));
  }
  const { services, nodes } = result.output;
  return {
    services: services.map((given) => discoveredOf(given, options.defaultPath)),
    skipped: [],
    nodes: nodes.map(({ node, zone, excluded, labels }) => ({
      node,
      zone,
      ...(excluded === undefined ? {} : { excluded }),
      ...(labels === undefined ? {} : { labels: new Map(labels) }),
    })),
  };
}

function discoveredOf(given: GivenService, defaultPath: string): DiscoveredService {
  const targetGroup = targetGroupOf(given);
  const nlb: NlbService = {
    namespace: given.namespace,
    name: given.name,
    controller: "static",
    hostname: given.hostname,
    addresses: given.addresses.map(({ address, zone }) => ({ address, zone })),
    shortcuts: [],
    zonalAffinity: false,
    listeners: given.ports.map(({ port, name, protocol, path, tlsTerminated }) => ({
      port,
      name: name ?? "",
      // A TLS listener speaks TLS, whatever is spoken inside.
      protocol: spokenOn(protocol ?? (tlsTerminated ? "tls" : "tcp"), tlsTerminated),
      path: path ?? defaultPath,
      tlsTerminated,
      targetGroup,
    })),
  };
  const backends = given.backends.map(({ node, zone }) => ({ node, zone, ready: true }));
  return { service: nlb, backends, areBackendsListed: true };
}

/** AWS's defaults for TCP, where the target type tells which, under what the file says. Of which family targets are, the addresses tell. */
function targetGroupOf({ targetType, preserveClientIp, crossZone, ipFamily, externalTrafficPolicy }: GivenService): TargetGroup {
  const defaults = defaultTargetGroup(targetType);
  const given = (enabled: boolean): Switch => ({ enabled, origin: "explicit" });
  return {
    ...defaults,
    externalTrafficPolicy,
    ipFamily,
    preserveClientIp: preserveClientIp === undefined ? defaults.preserveClientIp : given(preserveClientIp),
    crossZone: crossZone === undefined ? defaults.crossZone : given(crossZone),
  };
}

/** Aliases that multiply (a "billion laughs") are refused by the library; that is a problem of the file like any other. */
function toJs(document: ReturnType<typeof parseDocument>, file: string): unknown {
  try {
    return document.toJS() ?? {};
  } catch (cause) {
    throw new FrontendsFileError([
      `${file}: not usable YAML: ${printable(cause instanceof Error ? cause.message : String(cause), MAX_SAID)}`,
    ]);
  }
}

/** Where in the text a path points to, or the nearest thing around it that is there. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}
