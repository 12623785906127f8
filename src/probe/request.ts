import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { Client, type Dispatcher, errors } from "undici";
import { closeQuietly } from "./quiet-close.ts";
import type { StepResult, Steps } from "./steps.ts";

/** Headers larger than this are not an answer a probe needs; the bound keeps an endless sender from filling memory. */
const MAX_HEADER_BYTES = 16 * 1024;
/**
 * The same for all that comes until the headers have ended: the status line and responses before the response (RFC 9110 section 15.2), of
 * which undici takes any amount.
 */
const MAX_HEAD_BYTES = 128 * 1024;
/** A body is read, and thrown away, only so that the connection can end without a reset; not further than this. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_BODY_MS = 1_000;

export interface RequestOptions {
  /** Goes into the Host header: the hostname, so that the server answers as it would to a client. */
  readonly authority: string;
  readonly path: string;
  readonly userAgent: string;
  /** What the connection is kept open for. Never rejects. */
  readonly keepOpen?: Promise<void> | undefined;
  /** The connection was closed before the peer had said all; midway, or before it said anything. */
  readonly onCutOff?: (isMidway: boolean) => void;
}

export interface Response {
  readonly result: StepResult;
  /** HTTP status; absent unless the response headers were read to their end. */
  readonly status?: number;
}

/**
 * Sends one GET on a connected socket and waits for the end of the response headers. Nothing is followed, nothing repeated.
 *
 * undici's own timeouts are switched off: they fire up to half a second late, and the attempt has its deadline already.
 * The socket is closed here in every case, in the background once the outcome is known.
 */
export async function request(socket: Socket | TLSSocket, options: RequestOptions, steps: Steps): Promise<Response> {
  let handedOver = false;
  const client = new Client("http://frontend", {
    // The connection stands already. undici speaks plain HTTP on it, also through TLS. It must not be answered from within the
    // call: the request would then wait for a resume that never comes.
    connect: (_, callback) => {
      // undici connects again when a connection ends before its request began. One attempt has one connection.
      if (handedOver) process.nextTick(callback, connectionLost(), null);
      else process.nextTick(callback, null, socket);
      handedOver = true;
    },
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: MAX_HEADER_BYTES,
  });
  let status: number | undefined;
  let drainTimer: NodeJS.Timeout | undefined;
  const finish = () => {
    clearTimeout(drainTimer);
    closeQuietly(socket, options.keepOpen);
  };
  const cutOff = (controller: Dispatcher.DispatchController, why: string) => {
    controller.abort(new Error(why));
    options.onCutOff?.(true);
  };
  const result = await steps.run((settle) => {
    let bodyBytes = 0;
    client.dispatch(
      {
        method: "GET",
        path: options.path,
        headers: { host: options.authority, "user-agent": options.userAgent, accept: "*/*" },
        // `Connection: close`, but not through TLS: undici would close the socket as soon as the body has ended, and the peer's
        // close_notify, still on its way, would be answered by a reset. There the close is ours alone (closeQuietly).
        reset: !(socket instanceof TLSSocket),
      },
      {
        onRequestStart(controller) {
          const before = socket.bytesRead;
          // After undici's own listener, which has read by then what there was.
          socket.on("readable", () => {
            if (status !== undefined || socket.bytesRead - before <= MAX_HEAD_BYTES) return;
            controller.abort(new errors.HTTPParserError("no end of the headers"));
          });
        },
        onResponseStart(controller, statusCode) {
          if (statusCode < 200) return;
          status = statusCode;
          settle();
          drainTimer = setTimeout(() => cutOff(controller, "body too slow"), MAX_BODY_MS);
        },
        onResponseData(controller, chunk) {
          bodyBytes += chunk.length;
          if (bodyBytes > MAX_BODY_BYTES) cutOff(controller, "body too large");
        },
        onResponseEnd: finish,
        onResponseError(_, error) {
          settle(error);
          finish();
        },
      },
    );
  });
  if (result.kind === "deadline" || result.kind === "shutdown") {
    socket.destroy();
    options.onCutOff?.(false);
  }
  return status === undefined ? { result } : { result, status };
}

const connectionLost = (): Error =>
  Object.assign(new Error("the connection was closed before the request was sent"), { code: "UND_ERR_SOCKET" });
