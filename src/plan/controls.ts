import type { Control } from "../domain/control.ts";
import type { Frontend } from "../domain/frontend.ts";
import { serviceKey } from "../domain/service.ts";

/** One control for each Service port that is probed and has a way past the NLB. */
export function planControls(frontends: readonly Frontend[]): readonly Control[] {
  const controls = new Map<string, Control>();
  for (const { service, listener } of frontends) {
    const id = `${serviceKey(service)}:${listener.port} control`;
    if (listener.clusterAddress === undefined) continue;
    controls.set(id, { id, service, listener, ...listener.clusterAddress });
  }
  return [...controls.values()];
}
