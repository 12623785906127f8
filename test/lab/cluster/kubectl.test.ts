/** The real kubectl against the lab's API server. The requests that it makes are in api-server.test.ts, which needs no kubectl. */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { kubeconfig, webService, webSlices } from "../../../lab/cluster/defaults.ts";
import { buildTopology } from "../../../lab/topology.ts";
import { findGoTool } from "../../../scripts/go-tools.mjs";
import { notChecked } from "../../support/not-checked.ts";
import { eventually, PATIENCE_MS } from "../../support/waiting.ts";
import { at, IN_SHOP, SLICES, startServer } from "./servers.ts";

const run = promisify(execFile);
const ATTRIBUTES = "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes";

const found =
  (process.env.PATH ?? "")
    .split(delimiter)
    .map((directory) => join(directory, "kubectl"))
    .find(isExecutable) ?? findGoTool("kubectl");

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

test("kubectl lists, watches, annotates, patches, edits, applies and deletes", async (t) => {
  if (found === undefined) {
    notChecked(t, "no kubectl is on the PATH, nor built of tools/. The same requests are checked as raw HTTP");
    return;
  }
  await story(t, found);
});

async function story(t: TestContext, program: string): Promise<void> {
  const { server, request, store } = await startServer(t);
  const topology = buildTopology({ nodes: 2, zones: 1 });
  await request("POST", IN_SHOP, webService());
  for (const slice of webSlices(topology, ["node-1"])) {
    await request("POST", SLICES.replace("/v1/", "/v1/namespaces/shop/"), slice);
  }
  const directory = mkdtempSync(join(tmpdir(), "hairpin-kubectl-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = (name: string, text: string, mode = 0o600) => {
    const path = join(directory, name);
    writeFileSync(path, text, { mode });
    return path;
  };
  const env = {
    ...process.env,
    HOME: directory,
    KUBECONFIG: file("kubeconfig", kubeconfig(`http://127.0.0.1:${server.port}`)),
    EDITOR: file("editor", '#!/bin/sh\nexec sed -i "s/nodePort: 31080/nodePort: 31081/" "$1"\n', 0o700),
  };
  const kubectl = async (...args: readonly string[]) => (await run(program, args, { env, timeout: PATIENCE_MS })).stdout;
  const web = () => store.get("services", "shop", "web");

  const listed = await kubectl("get", "svc", "-A");
  assert.match(listed, /^NAMESPACE +NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE\n/);
  assert.match(listed, /shop +web +LoadBalancer +172\.20\.0\.80 +<pending> +80:31080\/TCP,9000:31090\/TCP +3m/);
  assert.match(await kubectl("get", "svc", "web", "-n", "shop", "-o", "yaml"), /loadBalancerClass: service\.k8s\.aws\/nlb/);
  assert.match(await kubectl("get", "endpointslices", "-n", "shop"), /web-1 +IPv4 +8080,9000 +10\.0\.34\.10,10\.0\.34\.11/);

  const watching = watchServices(program, env);
  t.after(() => watching.process.kill());
  await watching.until(/shop +web/);

  const annotate = (...args: readonly string[]) => kubectl("annotate", "-n", "shop", "svc", "web", ...args);
  await annotate("--overwrite", `${ATTRIBUTES}=preserve_client_ip.enabled=false`);
  assert.equal(web().metadata.annotations?.[ATTRIBUTES], "preserve_client_ip.enabled=false");
  await annotate(`${ATTRIBUTES}-`);
  assert.equal(web().metadata.annotations?.[ATTRIBUTES], undefined);

  const patch = (...args: readonly string[]) => kubectl("patch", "-n", "shop", "svc", "web", ...args);
  await patch("-p", '{"spec":{"ports":[{"port":80,"appProtocol":"http"}]}}');
  assert.deepEqual([at(web(), "spec.ports.0.appProtocol"), at(web(), "spec.ports.1.name")], ["http", "tcp-ledger"]);
  await patch("--type=merge", "-p", '{"spec":{"externalTrafficPolicy":"Local"}}');
  assert.equal(at(web(), "spec.externalTrafficPolicy"), "Local");
  await patch("--type=json", "-p", '[{"op":"replace","path":"/spec/externalTrafficPolicy","value":"Cluster"}]');
  assert.equal(at(web(), "spec.externalTrafficPolicy"), "Cluster");
  await assert.rejects(patch("--type=merge", "-p", '{"spec":{"type":"Balancer"}}'), /is invalid/);

  await kubectl("edit", "-n", "shop", "svc", "web");
  assert.deepEqual([at(web(), "spec.ports.0.nodePort"), at(web(), "spec.ports.1.nodePort")], [31_081, 31_090]);

  const manifest = (port: number) =>
    file("api.yaml", `apiVersion: v1\nkind: Service\nmetadata: {name: api, namespace: shop}\nspec: {ports: [{port: ${port}}]}\n`);
  assert.match(await kubectl("apply", "-f", manifest(80)), /service\/api created/);
  assert.match(await kubectl("apply", "-f", manifest(81)), /service\/api configured/);
  assert.deepEqual(
    [at(store.get("services", "shop", "api"), "spec.ports.0.port"), at(store.get("services", "shop", "api"), "spec.ports.1")],
    [81, undefined],
  );
  assert.match(await kubectl("apply", "-f", manifest(81)), /service\/api unchanged/);
  assert.match(await kubectl("delete", "-n", "shop", "svc", "api"), /deleted/);
  assert.equal(store.find("services", "shop", "api"), undefined);
  await watching.until(/shop +api.*shop +api/s);
}

/** `kubectl get -w`, and what it has printed so far. */
function watchServices(
  program: string,
  env: NodeJS.ProcessEnv,
): { readonly process: ChildProcess; until(text: RegExp): Promise<void> } {
  const child = spawn(program, ["get", "svc", "-A", "-w"], { env, stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  child.stdout.on("data", (chunk) => {
    printed += chunk;
  });
  return {
    process: child,
    until: (text) => eventually(() => assert.match(printed, text)),
  };
}
