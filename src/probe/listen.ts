import type { TLSSocket } from "node:tls";
import type { StepResult, Steps } from "./steps.ts";

/**
 * For so long a connection is listened to on which there is nothing to say. A refused leg behind a TLS listener takes milliseconds; one that
 * is lost need not show in any time that an attempt has. Shorter than the second after which a lost SYN is sent again: a leg that hairpins
 * makes this node's kernel reset an answer each time, in the middle of what other attempts do.
 */
export const LISTEN_MS = 800;

/**
 * Waits for what the other end does by itself on a connection whose handshake is the NLB's own. A backend that speaks first is there; a
 * connection that breaks off had none.
 *
 * @returns with `done` the backend spoke; `undefined`: nothing came, which tells nothing.
 */
export async function listenOn(socket: TLSSocket, steps: Steps): Promise<StepResult | undefined> {
  let timer: NodeJS.Timeout | undefined;
  // Silence is no event that could be read late.
  const silence = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), LISTEN_MS);
  });
  const said = steps.run((settle) => {
    socket.once("data", () => settle());
    socket.once("end", () => settle(brokenOff()));
    socket.once("error", settle);
    socket.once("close", () => settle(brokenOff()));
  });
  const result = await Promise.race([silence, said]);
  clearTimeout(timer);
  return result?.kind === "deadline" ? undefined : result;
}

const brokenOff = (): Error =>
  Object.assign(new Error("the connection was ended after the TLS handshake, before anything was said"), { code: "ECONNRESET" });
