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

/** An authority that signs. */
export interface Authority extends Issued {
  /** @param options - What the certificate may be used for (RFC 5280 section 4.2.1.12), and for how many days; less than none: expired. */
  issue(name: string, options?: { readonly usage?: "serverAuth" | "clientAuth"; readonly days?: number }): Issued;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/**
 * An authority of its own, made by openssl in a folder of the caller's. Its servers are 127.0.0.1 and localhost.
 *
 * @throws Error where there is no openssl (Debian package openssl): Node can read certificates and not make them.
 */
export function makeAuthority(folder: string, name: string): Authority {
  const fileOf = (of: string, kind: string): string => join(folder, `${of}.${kind}`);
  const openssl = (...args: readonly string[]): void => {
    execFileSync("openssl", args, { stdio: ["ignore", "pipe", "pipe"] });
  };
  const issued = (of: string): Issued => {
    const [certFile, keyFile] = [fileOf(of, "crt"), fileOf(of, "key")];
    return { certFile, keyFile, cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
  };
  const own = [fileOf(name, "crt"), fileOf(name, "key")] as const;
  openssl("req", "-x509", ...NEW_KEY, "-subj", `/CN=${name}`, "-days", "2", "-out", own[0], "-keyout", own[1]);
  return {
    ...issued(name),
    issue(subject, { usage = "serverAuth", days = 2 } = {}) {
      const [request, extensions] = [fileOf(subject, "csr"), fileOf(subject, "ext")];
      writeFileSync(extensions, `subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=${usage}\n`);
      openssl("req", "-new", ...NEW_KEY, "-subj", `/CN=${subject}`, "-out", request, "-keyout", fileOf(subject, "key"));
      const signed = ["-CA", own[0], "-CAkey", own[1], "-days", String(days), "-extfile", extensions];
      openssl("x509", "-req", "-in", request, ...signed, "-out", fileOf(subject, "crt"));
      return issued(subject);
    },
  };
}
