import { randomUUID } from "node:crypto";
import { startApiServer } from "../../lab/cluster/api-server.ts";
import { Store } from "../../lab/cluster/store.ts";
import { createKubeApi } from "../../src/discovery/api/kube-api.ts";
import type { ServerUnderTest } from "./server.ts";

/** The lab's API server, by itself. */
export async function startLabServer(): Promise<ServerUnderTest & { readonly url: string }> {
  const store = new Store({ now: () => new Date(), uid: randomUUID });
  const server = await startApiServer({
    store,
    host: "127.0.0.1",
    port: 0,
    bookmarkEveryMs: 500,
    now: () => new Date(),
    onError: (error) => {
      throw error;
    },
  });
  const url = `http://127.0.0.1:${server.port}`;
  const api = createKubeApi({ server: url, credentials: async () => ({ headers: {}, tls: {} }), userAgent: "test" });
  return {
    api,
    url,
    async request(method, path, body, contentType = "application/json") {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { "content-type": contentType, connection: "close" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: await response.json() };
    },
    async addNamespace() {},
    async restart() {
      await server.disrupt("refuse");
      await server.disrupt("none");
    },
    async forgetHistory() {
      store.compact();
    },
    async [Symbol.asyncDispose]() {
      await api.close();
      await server.close();
    },
  };
}
