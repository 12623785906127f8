import { type Inventory, type InventoryOptions, readInventory } from "../../../src/discovery/inventory.ts";
import { DEFAULT_CONTEXT } from "../../../src/domain/controller-context.ts";
import { systemClock } from "../../../src/schedule/system-clock.ts";
import { PATIENCE_MS } from "../../support/waiting.ts";
import { ApiServer } from "./api-server.ts";

/** What the audit reads of a server that holds what is put on it. */
export async function inventoryOf(
  prepare: (server: ApiServer) => void,
  given: Partial<InventoryOptions> = {},
): Promise<{ readonly inventory: Inventory; readonly paths: readonly string[] }> {
  await using server = await ApiServer.start();
  prepare(server);
  const api = server.api();
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const inventory = await readInventory({
      api,
      namespaces: [],
      context: DEFAULT_CONTEXT,
      clock: systemClock,
      signal,
      ...given,
    });
    return { inventory, paths: server.requests.map(({ path }) => path) };
  } finally {
    await api.close();
  }
}
