/** Every kind of fix that the audit prints, put into a shell as it is printed, against a real API server. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { findGoTool } from "../../scripts/go-tools.mjs";
import { gateway, gatewayClass, route } from "../discovery/support/gateway-objects.ts";
import {
  CCM,
  type GivenService,
  LBC_CLASS,
  NLB_HOSTNAME,
  PRESERVE_OFF,
  PRESERVE_ON,
  service,
} from "../discovery/support/objects.ts";
import type { RealServer } from "./real-server.ts";

type Json = Readonly<Record<string, unknown>>;

/** As the tests' own, or whoever's there is. */
export const KUBECTL =
  findGoTool("kubectl") ?? (spawnSync("kubectl", ["version", "--client"]).status === 0 ? "kubectl" : undefined);
const BIN = fileURLToPath(new URL("../../bin/hairpin-probe.js", import.meta.url));
const AWS = "service.beta.kubernetes.io/aws-load-balancer-";
const ATTRIBUTES = `${AWS}target-group-attributes`;
const PRESERVE = "preserve_client_ip.enabled";
const PORTS = [
  { name: "a", port: 80, protocol: "TCP" },
  { name: "b", port: 443, protocol: "TCP" },
];
const MIXED = [
  { name: "dns", port: 53, protocol: "UDP" },
  { name: "web", port: 80, protocol: "TCP" },
];
const EXTERNAL = { type: "external", "nlb-target-type": "instance", scheme: "internal" };
const AUTO = { spec: { loadBalancerClass: "eks.amazonaws.com/nlb" }, annotations: { "nlb-target-type": "instance" } };

interface Fixed {
  readonly given: GivenService;
  /** Annotations that the fix sets, and takes away. */
  readonly sets: Readonly<Record<string, string | undefined>>;
  /** The name of its NLB is the cloud provider's, of the uid that the server gives. */
  readonly ofUid?: true;
  /** It is another object afterwards, and its NLB is still to be made. */
  readonly anew?: true;
  /** What is left can hairpin, and no NLB can have it otherwise. */
  readonly verdict?: "can";
}

/** By name of the Service. */
const SERVICES: Readonly<Record<string, Fixed>> = {
  "lbc-class": {
    given: {
      spec: { loadBalancerClass: LBC_CLASS },
      annotations: { "target-group-attributes": "stickiness.type=source_ip,stickiness.enabled=true" },
    },
    sets: { [ATTRIBUTES]: `stickiness.type=source_ip,stickiness.enabled=true,${PRESERVE_OFF}` },
  },
  "lbc-external": { given: { annotations: EXTERNAL }, sets: { [ATTRIBUTES]: PRESERVE_OFF } },
  "lbc-ip": {
    given: { annotations: { ...EXTERNAL, "nlb-target-type": "ip", "target-group-attributes": PRESERVE_ON } },
    sets: { [ATTRIBUTES]: PRESERVE_OFF },
  },
  "lbc-port": {
    given: {
      spec: { loadBalancerClass: LBC_CLASS },
      ports: PORTS,
      annotations: { "target-group-attributes.443": `proxy_protocol_v2.enabled=true,${PRESERVE_ON}` },
    },
    sets: { [ATTRIBUTES]: PRESERVE_OFF, [`${ATTRIBUTES}.443`]: `proxy_protocol_v2.enabled=true,${PRESERVE_OFF}` },
  },
  "lbc-refused": {
    given: {
      spec: { loadBalancerClass: LBC_CLASS },
      annotations: { "target-group-attributes": `${PRESERVE}=no,proxy_protocol_v2.enabled=true` },
    },
    sets: { [ATTRIBUTES]: `${PRESERVE_OFF},proxy_protocol_v2.enabled=true` },
  },
  "lbc-udp": {
    given: { spec: { loadBalancerClass: LBC_CLASS }, ports: MIXED, annotations: { "target-group-attributes": PRESERVE_OFF } },
    sets: { [ATTRIBUTES]: undefined, [`${ATTRIBUTES}.80`]: PRESERVE_OFF },
    verdict: "can",
  },
  auto: { given: AUTO, sets: { [ATTRIBUTES]: PRESERVE_OFF } },
  ccm: { given: { annotations: CCM }, sets: { [ATTRIBUTES]: PRESERVE_OFF }, ofUid: true },
  edited: { given: { annotations: { ...EXTERNAL, "target-group-attributes": PRESERVE_OFF } }, sets: {}, ofUid: true, anew: true },
  "edited-half": { given: { annotations: EXTERNAL }, sets: { [ATTRIBUTES]: PRESERVE_OFF }, ofUid: true, anew: true },
};
const OLD_CCM: Readonly<Record<string, Fixed>> = {
  "ccm-old": {
    given: { annotations: { ...CCM, "nlb-target-type": "ip" } },
    sets: { [`${AWS}type`]: "external", [`${AWS}scheme`]: "internal" },
    ofUid: true,
    anew: true,
  },
};

const CONFIGURATION = {
  targetReference: { kind: "Service", name: "behind" },
  defaultConfiguration: {
    targetType: "ip",
    healthCheckConfig: { healthCheckPath: "/healthz" },
    tags: { team: "search" },
    targetGroupAttributes: [
      { key: PRESERVE, value: "true" },
      { key: "proxy_protocol_v2.enabled", value: "true" },
    ],
  },
  routeConfigurations: [
    { routeIdentifier: { kind: "TCPRoute" }, targetGroupProps: { targetGroupAttributes: [{ key: PRESERVE, value: "true" }] } },
    { routeIdentifier: { kind: "TLSRoute" }, targetGroupProps: { enableMultiCluster: true } },
  ],
};

/** A cluster's own kubectl, and what is read with it. */
class Shell {
  readonly #server: RealServer;
  readonly #namespace: string;

  constructor(server: RealServer, namespace: string) {
    this.#server = server;
    this.#namespace = namespace;
  }

  /** What kubectl remembers of a server goes with it. */
  #env(): NodeJS.ProcessEnv {
    return { ...process.env, HOME: dirname(this.#server.kubeconfig), KUBECONFIG: this.#server.kubeconfig };
  }

  kubectl(args: readonly string[], input?: object): string {
    const env = this.#env();
    return execFileSync(KUBECTL ?? "kubectl", args, {
      env,
      encoding: "utf8",
      input: input && JSON.stringify(input),
      stdio: "pipe",
    });
  }

  /** The lines of a fix as a terminal shows them. @throws Error with what the shell said. */
  run(lines: string): void {
    const command = KUBECTL === "kubectl" ? lines : `kubectl() { '${KUBECTL}' "$@"; }\n${lines}`;
    const { status, stderr } = spawnSync("sh", ["-ec", command], {
      env: this.#env(),
      encoding: "utf8",
    });
    assert.equal(status, 0, `${lines}\n${stderr}`);
  }

  audit(output: "text" | "json", flags: readonly string[]): string {
    const args = [BIN, "audit", "--kubeconfig", this.#server.kubeconfig, "-n", this.#namespace, "-o", output, ...flags];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      env: { PATH: process.env.PATH ?? "" },
    });
    assert.ok(status === 0 || status === 1, stderr);
    return stdout;
  }

  read(kind: string, name: string): Json {
    return JSON.parse(this.kubectl(["get", "-n", this.#namespace, kind, name, "-o", "json"])) as Json;
  }

  apply(object: Json): void {
    const metadata = { ...(object.metadata as Json), namespace: this.#namespace };
    this.kubectl(["apply", "-f", "-"], { ...object, metadata });
  }

  status(kind: string, name: string, hostname: string): void {
    const status = { loadBalancer: { ingress: [{ hostname }] } };
    this.kubectl([
      "patch",
      "-n",
      this.#namespace,
      kind,
      name,
      "--subresource=status",
      "--type=merge",
      "-p",
      JSON.stringify({ status }),
    ]);
  }
}

/** Without what the server or kubectl write themselves. */
function bare(object: Json, anew = false): Json {
  const { managedFields: _m, resourceVersion: _r, generation: _g, ...kept } = object.metadata as Record<string, unknown>;
  const { "kubectl.kubernetes.io/last-applied-configuration": _l, ...annotations } = (kept.annotations ?? {}) as Json;
  const { uid: _u, creationTimestamp: _c, ...metadata } = kept;
  const { status: _s, ...rest } = object;
  return anew ? { ...rest, metadata: { ...metadata, annotations } } : { ...object, metadata: { ...kept, annotations } };
}

const addService = (shell: Shell, name: string, { given, ofUid }: Fixed): void => {
  const { status: _, ...object } = service({ ports: [{ name: "http", port: 80, protocol: "TCP" }], ...given, name });
  shell.apply({ apiVersion: "v1", kind: "Service", ...object });
  const { uid } = shell.read("service", name).metadata as { uid: string };
  const named = ofUid ? `a${uid.replaceAll("-", "")}`.slice(0, 32) : undefined;
  shell.status("service", name, named === undefined ? NLB_HOSTNAME : `${named}-0123456789abcdef.elb.eu-west-1.amazonaws.com`);
};

/** The lines to be copied: commands, and objects with the command that applies them. */
const commandsIn = (text: string): readonly string[] =>
  text.match(/^ {2}kubectl apply -f - <<'EOF'\n[\s\S]*?\nEOF$|^ {2}kubectl .*$/gm) ?? [];

interface Report {
  readonly loadBalancers: readonly {
    readonly kind: string;
    readonly name: string;
    readonly verdict: string;
    readonly refusals: readonly object[];
  }[];
}

async function checkServices(shell: Shell, cases: Readonly<Record<string, Fixed>>, flags: readonly string[]): Promise<void> {
  for (const [name, fixed] of Object.entries(cases)) addService(shell, name, fixed);
  const before = new Map(Object.entries(cases).map(([name, { anew }]) => [name, bare(shell.read("service", name), anew)]));
  const commands = commandsIn(shell.audit("text", flags)).filter((command) =>
    Object.keys(cases).some((name) => command.includes(`service/${name} `)),
  );
  assert.equal(commands.length, Object.keys(cases).length, commands.join("\n"));
  for (const command of commands) shell.run(command);
  const { loadBalancers } = JSON.parse(shell.audit("json", flags)) as Report;
  for (const [name, { sets, anew, verdict = "cannot" }] of Object.entries(cases)) {
    const after = loadBalancers.find((found) => found.name === name);
    assert.deepEqual([after?.verdict, after?.refusals], [verdict, []], name);
    const expected = before.get(name) as { metadata: { annotations: Record<string, string> } };
    for (const [key, value] of Object.entries(sets)) {
      if (value === undefined) delete expected.metadata.annotations[key];
      else expected.metadata.annotations[key] = value;
    }
    assert.deepEqual(bare(shell.read("service", name), anew), expected, `${name}: all but the annotations is as it was`);
  }
}

export const FIX_CASES: readonly {
  readonly name: string;
  readonly run: (server: RealServer, namespace: string) => Promise<void>;
}[] = [
  {
    name: "the printed fix of a Service of each handler, put into a shell, leaves nothing to find or refused, and all else as it was",
    run: (server, namespace) => checkServices(new Shell(server, namespace), SERVICES, ["--ccm-version", "1.34.2"]),
  },
  {
    name: "a Service whose cloud provider ignores the setting is made anew by the printed fix",
    run: (server, namespace) => checkServices(new Shell(server, namespace), OLD_CCM, ["--ccm-version", "1.31.0"]),
  },
  {
    name: "the printed fix of a Gateway keeps all that is in a TargetGroupConfiguration that kubectl applied, and makes one where there is none",
    async run(server, namespace) {
      const shell = new Shell(server, namespace);
      const api = "gateway.networking.k8s.io";
      shell.apply({ apiVersion: `${api}/v1`, kind: "GatewayClass", ...gatewayClass() });
      shell.apply({ apiVersion: `${api}/v1`, kind: "Gateway", ...gateway({ listeners: [80, 81] }) });
      for (const [port, name] of [
        [80, "behind"],
        [81, "bare"],
      ] as const) {
        shell.apply({
          apiVersion: `${api}/v1alpha2`,
          kind: "TCPRoute",
          ...route({ name, parent: { port }, to: [`${name}:80`] }),
        });
        const { status: _, ...object } = service({ name, spec: { type: "NodePort", externalTrafficPolicy: "Cluster" } });
        shell.apply({
          apiVersion: "v1",
          kind: "Service",
          ...object,
          spec: { ...object.spec, ports: [{ name: "http", port: 80 }] },
        });
      }
      const kind = "TargetGroupConfiguration";
      const metadata = { name: "tg", labels: { app: "x" }, annotations: { owner: "search" } };
      shell.apply({ apiVersion: "gateway.k8s.aws/v1beta1", kind, metadata, spec: CONFIGURATION });
      const before = bare(shell.read(kind, "tg"));

      const commands = commandsIn(shell.audit("text", []));
      assert.equal(commands.length, 1);
      shell.run(commands[0] ?? "");
      const { loadBalancers } = JSON.parse(shell.audit("json", [])) as Report;
      assert.deepEqual(
        loadBalancers.map(({ name, verdict, refusals }) => [name, verdict, refusals]),
        [["edge", "cannot", []]],
      );
      const switched = JSON.parse(
        JSON.stringify(before).replaceAll(`{"key":"${PRESERVE}","value":"true"}`, `{"key":"${PRESERVE}","value":"false"}`),
      ) as Json;
      assert.notDeepEqual(switched, before);
      assert.deepEqual(bare(shell.read(kind, "tg")), switched);
      assert.deepEqual(shell.read(kind, "bare").spec, {
        targetReference: { kind: "Service", name: "bare" },
        defaultConfiguration: { targetGroupAttributes: [{ key: PRESERVE, value: "false" }] },
      });
    },
  },
];
