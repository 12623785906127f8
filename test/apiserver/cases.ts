/** What discovery relies on in an API server: one table, which the lab's server and a real one both run through. */
import assert from "node:assert/strict";
import {
  ApiError,
  listPages,
  OutdatedError,
  type Resource,
  type WatchEvent,
  watchEvents,
} from "../../src/discovery/api/api-requests.ts";
import { GroupVersions } from "../../src/discovery/api/group-versions.ts";
import { endsInitialEvents } from "../../src/discovery/api/streaming-lists.ts";
import { systemClock } from "../../src/schedule/system-clock.ts";
import { PATIENCE_MS } from "../support/waiting.ts";
import { put, remove, type ServerUnderTest } from "./server.ts";

export interface ServerCase {
  readonly name: string;
  readonly run: (server: ServerUnderTest, namespace: string) => Promise<void>;
}

const AWAY = () => AbortSignal.timeout(PATIENCE_MS);

const services = (namespace: string, query: Readonly<Record<string, string>> = {}): Resource => ({
  path: `/api/v1/namespaces/${namespace}/services`,
  query,
});
export const servicesIn = (namespace: string): string => services(namespace).path;
export const slicesIn = (namespace: string): string => `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;

const clusterIp = (name: string, spec: Readonly<Record<string, unknown>> = {}) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { ports: [{ name: "http", port: 80 }], ...spec },
});

export const slice = (service: string, nodes: readonly string[]) => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: `${service}-1`, labels: { "kubernetes.io/service-name": service } },
  addressType: "IPv4",
  ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  endpoints: nodes.map((node, i) => ({
    addresses: [`10.1.0.${i + 1}`],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: node,
    zone: "a",
  })),
});

const nameOf = (object: unknown): string => (object as { metadata: { name: string } }).metadata.name;
const versionOf = (object: unknown): string => (object as { metadata: { resourceVersion: string } }).metadata.resourceVersion;

async function collected<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function pagesOf(server: ServerUnderTest, resource: Resource, limit: number) {
  return collected(listPages(server.api, resource, limit, AWAY()));
}

async function versionNow(server: ServerUnderTest, resource: Resource): Promise<string> {
  const [page] = await pagesOf(server, resource, 500);
  assert.ok(page);
  return page.resourceVersion;
}

/** Reads events until one is the last that is of interest. */
async function read(
  server: ServerUnderTest,
  resource: Resource,
  resourceVersion: string | undefined,
  isLast: (event: WatchEvent) => boolean,
  onOpen: () => void = () => {},
): Promise<readonly WatchEvent[]> {
  const events: WatchEvent[] = [];
  for await (const event of watchEvents(server.api, resource, { resourceVersion, timeoutSeconds: 60, onOpen }, AWAY())) {
    events.push(event);
    if (isLast(event)) return events;
  }
  return assert.fail(`the watch ended after ${events.map(({ type }) => type).join(", ") || "nothing"}`);
}

const isNamed =
  (name: string) =>
  ({ type, object }: WatchEvent) =>
    type !== "BOOKMARK" && nameOf(object) === name;
const brief = (events: readonly WatchEvent[]) =>
  events.filter(({ type }) => type !== "BOOKMARK").map(({ type, object }) => `${type} ${nameOf(object)}`);

export const CASES: readonly ServerCase[] = [
  {
    name: "a list comes page by page, all of one version",
    async run(server, namespace) {
      for (const name of ["a", "b", "c", "d", "e"]) await put(server, servicesIn(namespace), clusterIp(name));
      const pages = await pagesOf(server, services(namespace), 2);
      assert.deepEqual(
        pages.map(({ items }) => items.map(nameOf)),
        [["a", "b"], ["c", "d"], ["e"]],
      );
      assert.equal(new Set(pages.map(({ resourceVersion }) => resourceVersion)).size, 1);
    },
  },
  {
    name: "a list whose history is forgotten on the way is gone",
    async run(server, namespace) {
      for (const name of ["a", "b", "c"]) await put(server, servicesIn(namespace), clusterIp(name));
      const pages = listPages(server.api, services(namespace), 1, AWAY());
      await pages.next();
      await put(server, servicesIn(namespace), clusterIp("d"));
      await server.forgetHistory();
      await assert.rejects(pages.next(), OutdatedError);
    },
  },
  {
    name: "a watch from a version tells what happened since, and goes on",
    async run(server, namespace) {
      await put(server, servicesIn(namespace), clusterIp("before"));
      const version = await versionNow(server, services(namespace));
      await put(server, servicesIn(namespace), clusterIp("since"));
      await remove(server, `${servicesIn(namespace)}/before`);
      const events = await read(server, services(namespace), version, isNamed("later"), () => {
        void put(server, servicesIn(namespace), clusterIp("later"));
      });
      assert.deepEqual(brief(events), ["ADDED since", "DELETED before", "ADDED later"]);
    },
  },
  {
    name: "a watch that asks for bookmarks gets one before its time is up",
    async run(server, namespace) {
      const version = await versionNow(server, services(namespace));
      const onOpen = (): void => void put(server, servicesIn(namespace), clusterIp("only"));
      // A real server sends one a minute, and one about two seconds before the end.
      const options = { resourceVersion: version, timeoutSeconds: 8, onOpen };
      const events = await collected(watchEvents(server.api, services(namespace), options, AWAY()));
      const bookmark = events.findLast(({ type }) => type === "BOOKMARK");
      assert.ok(bookmark && Number(versionOf(bookmark.object)) > Number(version));
      assert.equal(endsInitialEvents(bookmark.object), false);
    },
  },
  {
    name: "a field selector leaves ExternalName Services out, and tells when one becomes one",
    async run(server, namespace) {
      const selected = services(namespace, { fieldSelector: "spec.type!=ExternalName" });
      await put(server, servicesIn(namespace), clusterIp("inside"));
      await put(server, servicesIn(namespace), clusterIp("moves"));
      await put(server, servicesIn(namespace), clusterIp("outside", { type: "ExternalName", externalName: "example.org" }));
      const [page] = await pagesOf(server, selected, 500);
      assert.deepEqual(page?.items.map(nameOf), ["inside", "moves"]);
      const events = await read(
        server,
        selected,
        page?.resourceVersion,
        ({ type }) => type === "DELETED",
        () => {
          const spec = { type: "ExternalName", externalName: "example.org", clusterIP: null, clusterIPs: null };
          void put(server, servicesIn(namespace), clusterIp("moves", spec));
        },
      );
      assert.deepEqual(brief(events), ["DELETED moves"]);
    },
  },
  {
    name: "a label selector takes a set of names",
    async run(server, namespace) {
      for (const name of ["web", "api", "other"]) await put(server, slicesIn(namespace), slice(name, ["n1"]));
      const resource = { path: slicesIn(namespace), query: { labelSelector: "kubernetes.io/service-name in (api,web)" } };
      const [page] = await pagesOf(server, resource, 500);
      assert.deepEqual(page?.items.map(nameOf), ["api-1", "web-1"]);
    },
  },
  {
    name: "a watch from a version that is forgotten is gone",
    async run(server, namespace) {
      const version = await versionNow(server, services(namespace));
      for (const name of ["a", "b", "c"]) await put(server, servicesIn(namespace), clusterIp(name));
      await server.forgetHistory();
      await assert.rejects(
        read(server, services(namespace), version, () => true),
        OutdatedError,
      );
    },
  },
  {
    name: "a streamed list begins with what there is, says when that is all, and goes on",
    async run(server, namespace) {
      for (const name of ["a", "b"]) await put(server, servicesIn(namespace), clusterIp(name));
      let isAll = false;
      const events = await read(server, services(namespace), undefined, ({ type, object }) => {
        if (type === "BOOKMARK" && endsInitialEvents(object) && !isAll) {
          isAll = true;
          void put(server, servicesIn(namespace), clusterIp("later"));
        }
        return isNamed("later")({ type, object });
      });
      const end = events.findIndex(({ type, object }) => type === "BOOKMARK" && endsInitialEvents(object));
      assert.deepEqual(brief(events.slice(0, end)).toSorted(), ["ADDED a", "ADDED b"]);
      assert.deepEqual(brief(events.slice(end)), ["ADDED later"]);
      assert.match(versionOf(events[end]?.object), /^\d+$/);
    },
  },
  {
    name: "a streamed list that contradicts itself is invalid",
    async run(server, namespace) {
      for (const query of [
        "watch=1&sendInitialEvents=true",
        "watch=1&resourceVersionMatch=NotOlderThan",
        "sendInitialEvents=true",
      ]) {
        assert.equal((await server.request("GET", `${servicesIn(namespace)}?${query}`)).status, 422, query);
      }
    },
  },
  {
    name: "documents tell which versions of a resource there are, and a group that is missing is not found",
    async run(server) {
      const versions = new GroupVersions(server.api, systemClock);
      const find = (group: string, plural: string) => versions.find(group, plural, ["v1", "v1beta1", "v1alpha2"], AWAY());
      assert.deepEqual(
        await Promise.all([
          find("gateway.networking.k8s.io", "gateways"),
          find("gateway.networking.k8s.io", "tcproutes"),
          find("elbv2.k8s.aws", "targetgroupbindings"),
          find("gateway.networking.k8s.io", "udproutes"),
          find("eks.amazonaws.com", "targetgroupbindings"),
        ]),
        ["v1", "v1alpha2", "v1beta1", undefined, undefined],
      );
      const missing = { path: "/apis/eks.amazonaws.com/v1/targetgroupbindings", query: {} };
      await assert.rejects(pagesOf(server, missing, 1), (error) => error instanceof ApiError && error.status === 404);
    },
  },
];
