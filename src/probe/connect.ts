import type { Socket } from "node:net";
import { connect as connectTls, type DetailedPeerCertificate, type TLSSocket } from "node:tls";
import type { ConnectWatch, WatchConnect } from "../domain/evidence.ts";
import type { Settle, StepResult, Steps } from "./steps.ts";
import type { Connect } from "./tcp-sockets.ts";

export interface OpeningTcp {
  /** The caller's to close. */
  readonly socket: Socket;
  /** How the handshake ended, timed from the moment the SYN was about to leave; with `done` the socket is connected. */
  readonly result: Promise<StepResult>;
  /** Who follows the connect, once the SYN was about to leave; has to be told how it ended, unless it was answered. */
  readonly watched: () => ConnectWatch | undefined;
}

/**
 * Opens one TCP connection to one address.
 *
 * @param watchConnect - Is told that the SYN is about to leave.
 */
export function openTcp(
  target: { readonly address: string; readonly port: number },
  connect: Connect,
  steps: Steps,
  watchConnect: WatchConnect | undefined,
): OpeningTcp {
  const { address, port } = target;
  let watched: ConnectWatch | undefined;
  let step: { readonly settle: Settle; readonly sent: () => void } | undefined;
  const socket = connect(address, port, {
    attempted: () => {
      watched = watchConnect?.({ address, port, localPort: () => socket.localPort });
      step?.sent();
    },
    // From within the event: what comes in later must not count as pending.
    connected: () => {
      step?.settle();
      watched?.answered();
    },
    failed: (error) => step?.settle(error),
  });
  const result = steps.run((settle, sent) => {
    step = { settle, sent };
  });
  return { socket, result, watched: () => watched };
}

/**
 * TLS handshake over a connected socket.
 *
 * @param hostname - Goes into SNI, and is what the certificate is checked against. `undefined`: no SNI, as RFC 6066 section 3
 *   has no server name for an address.
 * @param verify - Whether a certificate that does not hold fails the step.
 */
export async function openTls(
  socket: Socket,
  options: { readonly hostname: string | undefined; readonly verify: boolean; readonly alpn: readonly string[] },
  steps: Steps,
): Promise<{ readonly socket: TLSSocket; readonly result: StepResult }> {
  const { hostname, verify, alpn } = options;
  const secured = connectTls({
    socket,
    rejectUnauthorized: verify,
    ...(hostname === undefined ? {} : { servername: hostname }),
    // A server that knows none of the names ends the handshake (RFC 7301 section 3.2): name none where none is known.
    ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
  });
  const result = await steps.run((settle) => {
    secured.once("secureConnect", () => settle());
    secured.on("error", settle);
    secured.once("close", () => settle(lostInHandshake()));
  });
  return { socket: secured, result };
}

const lostInHandshake = (): Error =>
  Object.assign(new Error("the connection was closed during the TLS handshake"), { code: "ECONNRESET" });

/**
 * When the first certificate of the chain that the peer showed expires.
 *
 * @returns Unix time in seconds; `undefined` when the peer showed none, or none with a readable date.
 */
export function certificateExpiry(socket: TLSSocket): number | undefined {
  let earliest: number | undefined;
  const seen = new Set<string>();
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  // A self-signed certificate names itself as its issuer.
  while (certificate?.fingerprint256 !== undefined && !seen.has(certificate.fingerprint256)) {
    seen.add(certificate.fingerprint256);
    const seconds = Date.parse(certificate.valid_to) / 1000;
    if (Number.isFinite(seconds) && (earliest === undefined || seconds < earliest)) earliest = seconds;
    certificate = certificate.issuerCertificate;
  }
  return earliest;
}
