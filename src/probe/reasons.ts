import { errors } from "undici";
import type { Phase, Reason } from "../domain/outcome.ts";

/**
 * errno of a connect(2) or of a socket that was connected, as a reason. The only place that reads errno.
 *
 * @see connect(2), tcp(7); icmp_err_convert in net/ipv4/icmp.c of Linux for what an ICMP error becomes.
 */
const CONNECT_REASONS: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: "connect_refused",
  ECONNRESET: "connect_reset",
  EPIPE: "connect_reset",
  ETIMEDOUT: "connect_timeout",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  EHOSTDOWN: "unreachable",
  ENONET: "unreachable",
  EACCES: "unreachable",
  EPERM: "unreachable",
};

/** A connection that stood and then broke, whatever was being said on it. */
const LOST = new Set([
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_SOCKET",
  "ERR_STREAM_PREMATURE_CLOSE",
]);

/**
 * errno that the agent's own host gave before any packet left, for want of a file descriptor, a source port or memory.
 *
 * @see socket(2), connect(2); `__inet_hash_connect` in net/ipv4/inet_hashtables.c of Linux for EADDRNOTAVAIL.
 */
const SHORTAGES = new Set(["EMFILE", "ENFILE", "EADDRNOTAVAIL", "ENOBUFS", "ENOMEM", "EAGAIN"]);

const codeOf = (error: Error): string => {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" ? code : "";
};

/** Whether an error says that the agent's own host ran short of something: then it says nothing about the network. */
export const isOwnShortage = (error: Error): boolean => SHORTAGES.has(codeOf(error));

/** The reason behind an error in a phase that went wrong by itself, not by the deadline. */
export function reasonOf(phase: Phase, error: Error): Reason {
  const code = codeOf(error);
  switch (phase) {
    case "dns":
      return "dns_error";
    case "connect":
      return CONNECT_REASONS[code] ?? "other";
    case "tls":
      return LOST.has(code) ? "connection_lost" : "tls_error";
    case "first_byte":
      if (LOST.has(code)) return "connection_lost";
      return error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError ? "http_error" : "other";
  }
}

/** The reason behind a phase that the deadline ended. */
export const DEADLINE_REASONS: Readonly<Record<Phase, Reason>> = {
  dns: "dns_error",
  connect: "connect_timeout",
  tls: "tls_error",
  first_byte: "response_timeout",
};
