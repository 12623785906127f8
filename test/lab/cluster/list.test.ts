import assert from "node:assert/strict";
import { test } from "node:test";
import { at, IN_SHOP, namesIn, SERVICES, SLICES, serviceBody, startServer } from "./servers.ts";

const TABLE = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };
const WEB = `${IN_SHOP}/web`;
const MERGE = { "content-type": "application/merge-patch+json" };

test("lists are of one namespace or of all, and by selectors", async (t) => {
  const { request } = await startServer(t);
  await request("POST", IN_SHOP, serviceBody("web", { labels: { app: "web" } }));
  await request("POST", IN_SHOP, serviceBody("db", { spec: { type: "ClusterIP" } }));
  await request("POST", "/api/v1/namespaces/other/services", serviceBody("api"));
  const list = async (path: string) => namesIn((await request("GET", path)).json);
  assert.deepEqual(await list(SERVICES), ["api", "db", "web"]);
  assert.deepEqual(await list(IN_SHOP), ["db", "web"]);
  assert.deepEqual(await list(`${SERVICES}?fieldSelector=spec.type%3DLoadBalancer`), ["api", "web"]);
  assert.deepEqual(await list(`${SERVICES}?labelSelector=app%20in%20(web,x)`), ["web"]);
  const { json } = await request("GET", SLICES);
  assert.deepEqual(
    [at(json, "kind"), at(json, "apiVersion"), at(json, "items")],
    ["EndpointSliceList", "discovery.k8s.io/v1", []],
  );
});

test("the pages of a list are of one moment, until that moment is forgotten", async (t) => {
  const { request, store } = await startServer(t);
  for (const name of ["a", "b", "c", "d"]) await request("POST", IN_SHOP, serviceBody(name));
  const first = (await request("GET", `${SERVICES}?limit=2`)).json;
  assert.deepEqual([namesIn(first), at(first, "metadata.remainingItemCount")], [["a", "b"], 2]);
  await request("DELETE", `${IN_SHOP}/c`);
  await request("POST", IN_SHOP, serviceBody("bb"));
  const next = `${SERVICES}?limit=2&continue=${at(first, "metadata.continue")}`;
  const second = (await request("GET", next)).json;
  assert.deepEqual(namesIn(second), ["c", "d"]);
  assert.equal(at(second, "metadata.resourceVersion"), at(first, "metadata.resourceVersion"));
  assert.equal(at(second, "metadata.continue"), undefined);
  store.compact();
  const expired = await request("GET", next);
  assert.deepEqual([expired.status, at(expired.json, "reason")], [410, "Expired"]);
});

test("a list at an exact version is the state of that version", async (t) => {
  const { request, store } = await startServer(t);
  await request("POST", IN_SHOP, serviceBody("a"));
  const { version } = store;
  await request("POST", IN_SHOP, serviceBody("b"));
  const exact = `${SERVICES}?resourceVersion=${version}&resourceVersionMatch=Exact`;
  assert.deepEqual(namesIn((await request("GET", exact)).json), ["a"]);
  assert.deepEqual(namesIn((await request("GET", `${SERVICES}?resourceVersion=${version}`)).json), ["a", "b"]);
  store.compact();
  assert.equal((await request("GET", exact)).status, 410);
});

test("a client that asks for a Table gets the usual columns", async (t) => {
  const { request } = await startServer(t);
  await request("POST", IN_SHOP, serviceBody("web", { spec: { selector: { app: "web" } } }));
  await request("PATCH", `${WEB}/status`, { status: { loadBalancer: { ingress: [{ hostname: "nlb.example.com" }] } } }, MERGE);
  await request("POST", SLICES.replace("/v1/", "/v1/namespaces/shop/"), {
    metadata: { name: "web-1" },
    addressType: "IPv4",
    endpoints: ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"].map((address) => ({ addresses: [address] })),
    ports: [{ name: "http", port: 8_080 }],
  });
  const services = (await request("GET", SERVICES, undefined, TABLE)).json;
  assert.equal(at(services, "kind"), "Table");
  const columns = at(services, "columnDefinitions");
  assert.ok(Array.isArray(columns));
  assert.deepEqual(
    columns.filter(({ priority }) => priority === 0).map(({ name }) => name),
    ["Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age"],
  );
  assert.deepEqual(at(services, "rows.0.cells"), [
    "web",
    "LoadBalancer",
    "172.20.1.0",
    "nlb.example.com",
    "80:30000/TCP",
    "3m",
    "app=web",
  ]);
  assert.equal(at(services, "rows.0.object.kind"), "PartialObjectMetadata");
  assert.equal(at(services, "rows.0.object.metadata.namespace"), "shop");
  const slices = (await request("GET", SLICES, undefined, TABLE)).json;
  assert.deepEqual(at(slices, "rows.0.cells"), ["web-1", "IPv4", "8080", "10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...", "3m"]);
  const whole = (await request("GET", `${WEB}?includeObject=Object`, undefined, TABLE)).json;
  assert.equal(at(whole, "rows.0.object.spec.type"), "LoadBalancer");
});
