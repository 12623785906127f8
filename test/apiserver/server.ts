/** What the cases need of an API server, whichever it is. */
import type { KubeApi } from "../../src/discovery/api/kube-api.ts";

export interface ServerUnderTest extends AsyncDisposable {
  /** As an administrator. */
  readonly api: KubeApi;
  /** One request as an administrator. @returns status and JSON of the answer. */
  request(method: string, path: string, body?: unknown, contentType?: string): Promise<Answer>;
  /** Makes a namespace, where the server knows of them. */
  addNamespace(name: string): Promise<void>;
  /** Ends every connection, is away for a moment, and comes back at the same address with the same objects. */
  restart(): Promise<void>;
  /** Forgets what it was: whoever asks for an earlier version, or goes on with a list begun earlier, is told that it is gone. */
  forgetHistory(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Creates an object, or replaces the one that there is. @throws Error when the server refuses it. */
export async function put(
  server: ServerUnderTest,
  collection: string,
  object: { readonly metadata: { readonly name: string }; readonly status?: unknown },
): Promise<void> {
  const path = `${collection}/${object.metadata.name}`;
  const isThere = (await server.request("GET", path)).status === 200;
  const merge = "application/merge-patch+json";
  expectDone(
    isThere ? await server.request("PATCH", path, object, merge) : await server.request("POST", collection, object),
    path,
  );
  // Of a Service, the status is a path of its own; custom resources here have it in the object.
  if (object.status !== undefined && collection.endsWith("/services")) {
    expectDone(await server.request("PATCH", `${path}/status`, { status: object.status }, merge), path);
  }
}

export async function remove(server: ServerUnderTest, path: string): Promise<void> {
  expectDone(await server.request("DELETE", path), path);
}

function expectDone({ status, body }: Answer, path: string): void {
  if (status < 300) return;
  throw new Error(`${path}: status ${status}: ${JSON.stringify(body).slice(0, 500)}`);
}
