/** `hairpin-probe audit` as a user runs it, against the lab's API server. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { kubeconfig } from "../../lab/cluster/defaults.ts";
import { PROGRAM } from "../../lab/program.ts";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { slice } from "../apiserver/cases.ts";
import { startLabServer } from "../apiserver/lab-server.ts";
import { put, type ServerUnderTest } from "../apiserver/server.ts";
import { binding, gateway, gatewayClass, route } from "../discovery/support/gateway-objects.ts";
import { CCM, lbcService, PRESERVE_OFF, service } from "../discovery/support/objects.ts";
import { BARE_ENVIRONMENT } from "../support/bare-environment.ts";

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function audit(server: string, flags: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Result> {
  // Calls may run at once: none reads a file that another one writes. All go with the sandbox.
  const file = join(mkdtempSync(join(tmpdir(), "audit-")), "kubeconfig");
  writeFileSync(file, kubeconfig(server));
  const child = spawn(process.execPath, [PROGRAM, "audit", "--kubeconfig", file, ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...BARE_ENVIRONMENT, ...env },
  });
  const read = async (stream: NodeJS.ReadableStream): Promise<string> => {
    let text = "";
    for await (const chunk of stream.setEncoding("utf8")) text += chunk;
    return text;
  };
  const [stdout, stderr] = await Promise.all([read(child.stdout), read(child.stderr), once(child, "close")]);
  return { status: child.exitCode, stdout, stderr };
}

const inShop = "/api/v1/namespaces/shop/services";
const add = (server: ServerUnderTest, object: Parameters<typeof put>[2]): Promise<void> =>
  put(server, inShop, { apiVersion: "v1", kind: "Service", ...object } as Parameters<typeof put>[2]);

async function addNodes(server: ServerUnderTest, zones: readonly string[]): Promise<void> {
  for (const [i, zone] of zones.entries()) {
    const labels = { "topology.kubernetes.io/zone": zone };
    await put(server, "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name: `node-${i + 1}`, labels } } as never);
  }
}

await inOwnSandbox(import.meta.filename, () => {
  test("a cluster where nothing can hairpin is fine: 0", async () => {
    await using server = await startLabServer();
    assert.deepEqual(await audit(server.url), {
      status: 0,
      stdout: "0 load balancers: 0 can hairpin, 0 unknown, 0 cannot.\n",
      stderr: "",
    });
    await add(server, lbcService({ annotations: { "target-group-attributes": PRESERVE_OFF } }));
    const { status, stdout } = await audit(server.url);
    assert.equal(status, 0, stdout);
    assert.match(stdout, /1 load balancer: 0 can hairpin, 0 unknown, 1 cannot\.\n$/);
  });

  const inShopSlices = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices";

  test("one that can is a finding: 1, with its exposure, the command that fixes it, and what that costs", async () => {
    await using server = await startLabServer();
    await addNodes(server, ["a", "a", "b"]);
    await add(server, lbcService({ annotations: { "target-group-attributes": "stickiness.enabled=false" } }));
    await put(server, inShopSlices, slice("web", ["node-1"]));
    const { status, stdout, stderr } = await audit(server.url);
    assert.deepEqual([status, stderr], [1, ""]);
    assert.match(stdout, /^can +shop\/web +lbc +NLB internal +instance +on \(default\) +100 % +highest on node-3$/m);
    assert.match(
      stdout,
      /kubectl annotate --overwrite -n shop service\/web 'service\.beta\.kubernetes\.io\/aws-load-balancer-target-group-attributes=stickiness\.enabled=false,preserve_client_ip\.enabled=false'/,
    );
    assert.match(stdout, /What switching preservation off costs\n {2}Backends no longer see/);
  });

  test("the fix, done, leaves nothing to be found", async () => {
    await using server = await startLabServer();
    await addNodes(server, ["a"]);
    await add(server, lbcService());
    const { stdout } = await audit(server.url, ["-o", "json"]);
    const report = JSON.parse(stdout) as { loadBalancers: { fix: { annotations: Record<string, string> } }[] };
    const annotations = report.loadBalancers[0]?.fix.annotations;
    await server.request("PATCH", `${inShop}/web`, { metadata: { annotations } }, "application/merge-patch+json");
    assert.equal((await audit(server.url)).status, 0);
  });

  test("what is not known fails only where that is asked for", async () => {
    await using server = await startLabServer();
    await add(server, service({ annotations: { ...CCM, "target-group-attributes": PRESERVE_OFF } }));
    const [{ status, stdout }, asked, known] = await Promise.all([
      audit(server.url),
      audit(server.url, ["--fail-on", "unknown"]),
      audit(server.url, ["--fail-on", "unknown", "--ccm-version", "1.34.2"]),
    ]);
    assert.match(stdout, /Not known\n {2}Whether client IP preservation is off is not known/);
    assert.deepEqual([status, asked.status, known.status], [0, 1, 0]);
  });

  test("filters show less, and count all", async () => {
    await using server = await startLabServer();
    await add(server, lbcService({ name: "bad" }));
    await add(
      server,
      lbcService({ name: "good", ports: [{ name: "http", port: 80 }], annotations: { "target-group-attributes": PRESERVE_OFF } }),
    );
    const [{ status, stdout }, other] = await Promise.all([
      audit(server.url, ["--verdict", "cannot"]),
      audit(server.url, ["-n", "other"]),
    ]);
    assert.equal(status, 1);
    assert.match(stdout, /shop\/good/);
    assert.doesNotMatch(stdout, /shop\/bad/);
    assert.match(stdout, /Shown: 1 of 2\.\n2 load balancers: 1 can hairpin, 0 unknown, 1 cannot\.\n$/);
    assert.match(other.stdout, /^0 load balancers/);
  });

  test("Gateways are in it, with the objects that fix them", async () => {
    await using server = await startLabServer();
    const api = "/apis/gateway.networking.k8s.io";
    const whole = (version: string, kind: string, object: object) =>
      ({ apiVersion: `gateway.networking.k8s.io/${version}`, kind, ...object }) as never;
    await put(server, `${api}/v1/gatewayclasses`, whole("v1", "GatewayClass", gatewayClass()));
    await put(server, `${api}/v1/namespaces/shop/gateways`, whole("v1", "Gateway", gateway({})));
    await put(server, `${api}/v1alpha2/namespaces/shop/tcproutes`, whole("v1alpha2", "TCPRoute", route({ to: ["web:80"] })));
    await add(server, service({ hostname: null, spec: { type: "NodePort" } }));
    const { status, stdout } = await audit(server.url);
    assert.equal(status, 1, stdout);
    assert.match(stdout, /^can +shop\/gateway\/edge +lbc/m);
    assert.match(stdout, /kubectl apply -f - <<'EOF'\napiVersion: gateway\.k8s\.aws\/v1beta1\nkind: TargetGroupConfiguration/);
  });

  test("a Service that is bound by hand to an NLB made elsewhere is a row: not known, and what would settle it", async () => {
    await using server = await startLabServer();
    await addNodes(server, ["a"]);
    await add(server, service({ hostname: null, spec: { type: "NodePort" } }));
    await put(server, inShopSlices, slice("web", ["node-1"]));
    const bound = binding({ labels: {}, spec: { targetType: "instance" } });
    const path = "/apis/elbv2.k8s.aws/v1beta1/namespaces/shop/targetgroupbindings";
    await put(server, path, { apiVersion: "elbv2.k8s.aws/v1beta1", kind: "TargetGroupBinding", ...bound } as never);
    const [{ status, stdout }, failing, json] = await Promise.all([
      audit(server.url),
      audit(server.url, ["--fail-on", "unknown"]),
      audit(server.url, ["-o", "json"]),
    ]);
    assert.match(stdout, /^unknown +shop\/web +unknown +NLB \? +instance +\? +\?/m);
    assert.match(stdout, /TargetGroupBinding k8s-shop-web registers it in a target group/);
    assert.match(stdout, /1 load balancer: 0 can hairpin, 1 unknown, 0 cannot\.\n$/);
    assert.deepEqual([status, failing.status], [0, 1]);
    const { loadBalancers } = JSON.parse(json.stdout) as { loadBalancers: { skipped: { reason: string } }[] };
    assert.equal(loadBalancers[0]?.skipped.reason, "foreign_nlb");
  });

  test("formats: JSON has a version, Markdown a table, and a pipe gets no colours", async () => {
    await using server = await startLabServer();
    await add(server, lbcService());
    const [json, markdown, text] = await Promise.all([
      audit(server.url, ["-o", "json"]),
      audit(server.url, ["-o", "markdown"]),
      audit(server.url),
    ]);
    const { schemaVersion, summary } = JSON.parse(json.stdout) as { schemaVersion: number; summary: unknown };
    assert.deepEqual([schemaVersion, summary], [1, { total: 1, can: 1, unknown: 0, cannot: 0 }]);
    assert.match(markdown.stdout, /^\| \*\*can hairpin\*\* \| shop\/web \|/m);
    assert.match(text.stdout, /shop\/web/);
    assert.ok(!text.stdout.includes("\u001b"));
  });

  test("a server that cannot be reached is 4, and says which and why; a wrong call is 2", async () => {
    const wrong = [["--output", "yaml"], ["--verdict", "maybe"], ["-n", "Shop"], ["--kubeconfig", "/nonexistent"], ["--colour"]];
    const [{ status, stdout, stderr }, results] = await Promise.all([
      audit("http://127.0.0.1:9"),
      Promise.all(wrong.map((flags) => audit("http://127.0.0.1:9", flags))),
    ]);
    assert.deepEqual([status, stdout], [4, ""]);
    assert.match(stderr, /^hairpin-probe: cannot read the cluster at http:\/\/127\.0\.0\.1:9: .*ECONNREFUSED/);
    for (const [i, result] of results.entries()) {
      assert.equal(result.status, 2, wrong[i]?.join(" ") ?? "");
      assert.match(result.stderr, /^hairpin-probe: .*\nSee hairpin-probe audit --help\.\n$/);
    }
  });
});
