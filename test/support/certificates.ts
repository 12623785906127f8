import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A certificate and its key, as PEM files and as text. */
export interface Issued {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  /** What the certificate may be used for (RFC 5280 section 4.2.1.12). */
  readonly usage?: "serverAuth" | "clientAuth";
  /** For how long it is good; less than none: it has expired. */
  readonly days?: number;
  /** Names of the server, instead of 127.0.0.1 and localhost. */
  readonly names?: readonly string[];
}

/** An authority that signs. */
export interface Authority extends Issued {
  issue(name: string, options?: IssueOptions): Issued;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/**
 * An authority of its own, made by openssl in a folder of the caller's. Its servers are 127.0.0.1 and localhost.
 *
 * @throws Error where there is no openssl, with what to install.
 */
export function makeAuthority(folder: string, name: string): Authority {
  const fileOf = (of: string, kind: string): string => join(folder, `${of}.${kind}`);
  const openssl = (...args: readonly string[]): void => {
    try {
      execFileSync("openssl", args, { stdio: ["ignore", "pipe", "pipe"] });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      throw new Error("openssl is missing, and Node makes no certificates: install the Debian package openssl", { cause: error });
    }
  };
  const issued = (of: string): Issued => {
    const [certFile, keyFile] = [fileOf(of, "crt"), fileOf(of, "key")];
    return { certFile, keyFile, cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
  };
  const own = [fileOf(name, "crt"), fileOf(name, "key")] as const;
  openssl("req", "-x509", ...NEW_KEY, "-subj", `/CN=${name}`, "-days", "2", "-out", own[0], "-keyout", own[1]);
  return {
    ...issued(name),
    issue(subject, { usage = "serverAuth", days = 2, names = [] } = {}) {
      const [request, extensions] = [fileOf(subject, "csr"), fileOf(subject, "ext")];
      const subjects = names.length > 0 ? names.map((each) => `DNS:${each}`) : ["IP:127.0.0.1", "DNS:localhost"];
      writeFileSync(extensions, `subjectAltName=${subjects}\nextendedKeyUsage=${usage}\n`);
      openssl("req", "-new", ...NEW_KEY, "-subj", `/CN=${subject}`, "-out", request, "-keyout", fileOf(subject, "key"));
      const signed = ["-CA", own[0], "-CAkey", own[1], "-days", String(days), "-extfile", extensions];
      openssl("x509", "-req", "-in", request, ...signed, "-out", fileOf(subject, "crt"));
      return issued(subject);
    },
  };
}
