import assert from "node:assert/strict";
import { test } from "node:test";
import { at, IN_SHOP, SERVICES, SLICES, serviceBody, startServer } from "./servers.ts";

const WEB = `${IN_SHOP}/web`;
const MERGE = { "content-type": "application/merge-patch+json" };

test("a client finds the resources by the discovery documents", async (t) => {
  const { request } = await startServer(t);
  assert.deepEqual(at((await request("GET", "/api")).json, "versions"), ["v1"]);
  assert.equal(at((await request("GET", "/apis")).json, "groups.0.name"), "discovery.k8s.io");
  const core = (await request("GET", "/api/v1")).json;
  assert.deepEqual([at(core, "resources.0.name"), at(core, "resources.0.shortNames.0")], ["services", "svc"]);
  const slices = (await request("GET", "/apis/discovery.k8s.io/v1")).json;
  assert.deepEqual([at(slices, "resources.0.name"), at(slices, "resources.0.kind")], ["endpointslices", "EndpointSlice"]);
  assert.match(String(at((await request("GET", "/version")).json, "gitVersion")), /^v1\./);
  const openApi = (await request("GET", "/openapi/v3")).json;
  const document = await request("GET", String(at(openApi, "paths.api/v1.serverRelativeURL")));
  assert.equal(at(document.json, "openapi"), "3.0.0");
});

test("an object goes from creation to deletion", async (t) => {
  const { request } = await startServer(t);
  const created = await request("POST", IN_SHOP, serviceBody("web"));
  assert.equal(created.status, 201);
  assert.deepEqual(
    [at(created.json, "kind"), at(created.json, "apiVersion"), at(created.json, "metadata.namespace")],
    ["Service", "v1", "shop"],
  );
  assert.deepEqual((await request("GET", WEB)).json, created.json);

  const version = String(at(created.json, "metadata.resourceVersion"));
  const changed = serviceBody("web", { spec: { ports: [{ port: 81 }] } });
  const updated = await request("PUT", WEB, { ...changed, metadata: { name: "web", resourceVersion: version } });
  assert.deepEqual([updated.status, at(updated.json, "spec.ports.0.port")], [200, 81]);
  const stale = await request("PUT", WEB, { ...changed, metadata: { name: "web", resourceVersion: version } });
  assert.deepEqual([stale.status, at(stale.json, "kind"), at(stale.json, "reason")], [409, "Status", "Conflict"]);

  const deleted = await request("DELETE", WEB, { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Background" });
  assert.deepEqual([deleted.status, at(deleted.json, "status")], [200, "Success"]);
  const gone = await request("GET", WEB);
  assert.deepEqual([gone.status, at(gone.json, "message")], [404, 'services "web" not found']);
});

test("the server fills in what a client leaves open, and allocates what must be unique", async (t) => {
  const { request } = await startServer(t);
  const { json } = await request("POST", IN_SHOP, serviceBody("web"));
  assert.deepEqual(at(json, "spec"), {
    type: "LoadBalancer",
    externalTrafficPolicy: "Cluster",
    clusterIP: "172.20.1.0",
    ports: [{ name: "http", protocol: "TCP", port: 80, targetPort: 80, nodePort: 30_000 }],
  });
  assert.deepEqual(at(json, "status"), { loadBalancer: {} });
  const other = (await request("POST", IN_SHOP, serviceBody("api"))).json;
  assert.deepEqual([at(other, "spec.clusterIP"), at(other, "spec.ports.0.nodePort")], ["172.20.1.1", 30_001]);
});

test("what was allocated stays when an update leaves it out", async (t) => {
  const { request } = await startServer(t);
  await request("POST", IN_SHOP, serviceBody("first"));
  await request("POST", IN_SHOP, serviceBody("web"));
  // Leaves free what would be allocated next, if it were allocated again.
  await request("DELETE", `${IN_SHOP}/first`);
  const { json } = await request("PUT", WEB, serviceBody("web", { spec: { externalTrafficPolicy: "Local" } }));
  assert.deepEqual([at(json, "spec.clusterIP"), at(json, "spec.ports.0.nodePort")], ["172.20.1.1", 30_001]);
  assert.equal(at(json, "spec.externalTrafficPolicy"), "Local");
});

test("the status of a Service is written by its own path, and by that alone", async (t) => {
  const { request } = await startServer(t);
  await request("POST", IN_SHOP, serviceBody("web"));
  const status = { loadBalancer: { ingress: [{ hostname: "nlb.example.com" }] } };
  const ignored = await request("PATCH", WEB, { status }, MERGE);
  assert.deepEqual(at(ignored.json, "status"), { loadBalancer: {} });
  const patched = await request("PATCH", `${WEB}/status`, { status, spec: { externalTrafficPolicy: "Local" } }, MERGE);
  assert.deepEqual(at(patched.json, "status"), status);
  assert.equal(at(patched.json, "spec.externalTrafficPolicy"), "Cluster");
  const put = await request("PUT", WEB, serviceBody("web"));
  assert.deepEqual(at(put.json, "status"), status);
});

test("every media type of a patch reaches the object", async (t) => {
  const { request } = await startServer(t);
  await request("POST", IN_SHOP, serviceBody("web"));
  const key = "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes";
  const value = "preserve_client_ip.enabled=false";
  const merged = await request("PATCH", WEB, { metadata: { annotations: { [key]: value } } }, MERGE);
  assert.deepEqual(at(merged.json, "metadata.annotations"), { [key]: value });
  const removed = await request("PATCH", WEB, { metadata: { annotations: { [key]: null } } }, MERGE);
  assert.deepEqual(at(removed.json, "metadata.annotations"), {});
  const strategic = { "content-type": "application/strategic-merge-patch+json" };
  const ports = await request("PATCH", WEB, { spec: { ports: [{ port: 80, nodePort: 31_080 }] } }, strategic);
  assert.deepEqual([at(ports.json, "spec.ports.0.name"), at(ports.json, "spec.ports.0.nodePort")], ["http", 31_080]);
  const json = [{ op: "replace", path: "/spec/externalTrafficPolicy", value: "Local" }];
  const replaced = await request("PATCH", WEB, json, { "content-type": "application/json-patch+json" });
  assert.equal(at(replaced.json, "spec.externalTrafficPolicy"), "Local");
  const precondition = await request("PATCH", WEB, { metadata: { resourceVersion: "2" } }, MERGE);
  assert.equal(precondition.status, 409);
});

test("bad input is answered with a Status that says what is wrong and where", async (t) => {
  const { request } = await startServer(t);
  await request("POST", IN_SHOP, serviceBody("web"));
  const port = (overrides: object) => serviceBody("api", { spec: { ports: [{ port: 80, ...overrides }] } });
  const two = (a: object, b: object) =>
    serviceBody("api", {
      spec: {
        ports: [
          { port: 80, ...a },
          { port: 81, ...b },
        ],
      },
    });
  const cases: readonly (readonly [number, RegExp, unknown])[] = [
    [400, /JSON/, "{"],
    [400, /body: got \[\]/, "[]"],
    [400, /kind: got "Pod", expected "Service"/, { kind: "Pod", ...serviceBody("api") }],
    [400, /metadata\.namespace: got "other"/, { ...serviceBody("api"), metadata: { name: "api", namespace: "other" } }],
    [400, /resourceVersion/, { ...serviceBody("api"), metadata: { name: "api", resourceVersion: "1" } }],
    [422, /Service "API".*metadata\.name/, serviceBody("API")],
    [422, /metadata\.name/, { spec: { ports: [{ port: 1 }] } }],
    [422, /spec\.ports\.0\.port/, port({ port: 0 })],
    [422, /spec\.ports: Required/, serviceBody("api", { spec: { ports: [] } })],
    [422, /spec\.ports\[0\]\.nodePort.*30000.*allocated/, port({ nodePort: 30_000 })],
    [422, /spec\.ports\[0\]\.name: Required/, two({}, { name: "b" })],
    [422, /spec\.ports\[1\]\.name: Duplicate value: "a"/, two({ name: "a" }, { name: "a" })],
    [422, /spec\.ports\[1\]: Duplicate value: 80\/TCP/, two({ name: "a" }, { name: "b", port: 80 })],
    [422, /spec\.type/, serviceBody("api", { spec: { type: "Balancer" } })],
    [409, /already exists/, serviceBody("web")],
  ];
  for (const [status, message, body] of cases) {
    const { json, ...answer } = await request("POST", IN_SHOP, body);
    assert.equal(answer.status, status, `${message}: ${answer.text}`);
    assert.deepEqual([at(json, "kind"), at(json, "status"), at(json, "code")], ["Status", "Failure", status]);
    assert.match(String(at(json, "message")), message);
  }
  const immutable = await request("PATCH", WEB, { spec: { loadBalancerClass: "x.example.com/y" } }, MERGE);
  assert.deepEqual([immutable.status, /loadBalancerClass.*immutable/.test(immutable.text)], [422, true]);
  const large = await request("POST", IN_SHOP, JSON.stringify({ junk: "x".repeat(3 * 1024 * 1024) }));
  assert.equal(large.status, 413);
});

test("paths, methods and forms that the server does not have are refused as such", async (t) => {
  const { request } = await startServer(t);
  await request("POST", IN_SHOP, serviceBody("web"));
  const cases: readonly (readonly [number, string, string, Record<string, string>?])[] = [
    [404, "GET", "/api/v1/pods"],
    [404, "GET", "/api/v1/endpointslices"],
    [404, "GET", "/api/v1/services/web"],
    [404, "GET", `${SLICES.replace("/v1/", "/v1/namespaces/shop/")}/web/status`],
    [404, "GET", "/nowhere"],
    [405, "POST", SERVICES],
    [405, "DELETE", SERVICES],
    [405, "PUT", IN_SHOP],
    [400, "GET", `${SERVICES}?limit=many`],
    [400, "GET", `${SERVICES}?resourceVersion=x`],
    [400, "GET", `${SERVICES}?continue=nonsense`],
    [400, "GET", `${SERVICES}?resourceVersionMatch=Exact`],
    [400, "GET", `${IN_SHOP}/%ff`],
    [400, "DELETE", `${WEB}?dryRun=All`],
    [406, "GET", SERVICES, { accept: "application/vnd.kubernetes.protobuf" }],
    [415, "PUT", WEB, { "content-type": "application/yaml" }],
    [504, "GET", `${SERVICES}?resourceVersion=1000`],
  ];
  for (const [status, method, path, headers] of cases) {
    const answer = await request(method, path, undefined, headers);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
    assert.equal(at(answer.json, "kind"), "Status");
  }
});

test("with a token, whoever does not show it is refused", async (t) => {
  const { request } = await startServer(t, { token: "secret" });
  assert.equal((await request("GET", SERVICES)).status, 401);
  assert.equal((await request("GET", SERVICES, undefined, { authorization: "Bearer wrong" })).status, 401);
  assert.equal((await request("GET", SERVICES, undefined, { authorization: "Bearer secret" })).status, 200);
});

test("requests are counted by kind", async (t) => {
  const { request, server } = await startServer(t);
  await request("GET", "/api");
  await request("GET", SERVICES);
  await request("GET", SERVICES);
  await request("GET", WEB);
  await request("POST", IN_SHOP, serviceBody("web"));
  assert.deepEqual(Object.fromEntries(server.counts), {
    discovery: 1,
    "list services": 2,
    "get services": 1,
    "create services": 1,
  });
});
