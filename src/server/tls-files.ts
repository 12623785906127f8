import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";

/** Where the server's TLS is read from: PEM files. */
export interface TlsPaths {
  /** The server's certificate, and those between it and its authority. */
  readonly cert: string;
  readonly key: string;
  /** The authorities of clients; `undefined`: no client is asked for a certificate. */
  readonly clientCa: string | undefined;
}

/** What is in the files, checked. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | undefined;
  /** Unix time in seconds at which the first certificate of the server's chain ends. */
  readonly expiresAt: number;
}

/** What the files say, or why one says nothing. */
export type TlsTexts = { readonly [file in keyof TlsPaths]: FileText | undefined };
type FileText = { readonly path: string } & ({ readonly text: string } | { readonly problem: string });

/** Every problem of the files at once: one sentence each, with file, what was found and what was expected. */
export class TlsFilesError extends Error {
  override readonly name = "TlsFilesError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

const EXPECTED = {
  cert: "the server's certificate in PEM form",
  key: "the key of the server's certificate in PEM form, without a passphrase",
  clientCa: "certificates of the authorities of clients in PEM form",
} as const;

/** Reads the files. @returns Never rejects: what cannot be read is a problem of `checkTls`. */
export async function readTlsTexts(paths: TlsPaths, readFile: (path: string) => Promise<string>): Promise<TlsTexts> {
  const read = async (path: string): Promise<FileText> => {
    try {
      return { path, text: await readFile(path) };
    } catch (error) {
      return { path, problem: error instanceof Error ? error.message : String(error) };
    }
  };
  const { cert, key, clientCa } = paths;
  const [certText, keyText, caText] = await Promise.all([
    read(cert),
    read(key),
    clientCa === undefined ? undefined : read(clientCa),
  ]);
  return { cert: certText, key: keyText, clientCa: caText };
}

/**
 * Whether the files can be served with. A certificate that has expired can: a client that checks it says so, where an agent that does
 * not start says nothing.
 *
 * @throws TlsFilesError with every problem there is. No sentence has anything of a key in it.
 */
export function checkTls({ cert, key, clientCa }: TlsTexts): TlsMaterial {
  const problems: string[] = [];
  const chain = readAs("cert", cert, certificatesOf, problems);
  const privateKey = readAs("key", key, privateKeyOf, problems);
  const authorities = clientCa === undefined ? undefined : readAs("clientCa", clientCa, certificatesOf, problems);
  const [leaf] = chain?.value ?? [];
  if (leaf !== undefined && privateKey !== undefined && !leaf.checkPrivateKey(privateKey.value)) {
    problems.push(`${key?.path}: got the key of another certificate, expected that of the first one in ${cert?.path}`);
  }
  if (problems.length > 0 || chain === undefined || privateKey === undefined) throw new TlsFilesError(problems);
  const material = { cert: chain.text, key: privateKey.text, clientCa: authorities?.text };
  try {
    createSecureContext({ cert: material.cert, key: material.key, ca: material.clientCa });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new TlsFilesError([`${cert?.path}: got ${message}, expected certificates and a key that OpenSSL takes`]);
  }
  const ends = chain.value.map(({ validTo }) => Date.parse(validTo) / 1000);
  return { ...material, expiresAt: Math.min(...ends) };
}

/** Reads one file as what it is to be; where that fails, the problem is added to the others. */
function readAs<T>(
  file: keyof TlsPaths,
  given: FileText | undefined,
  parse: (text: string) => T | undefined,
  problems: string[],
): { readonly text: string; readonly value: T } | undefined {
  if (given === undefined) return undefined;
  if ("problem" in given) {
    problems.push(`${given.path}: cannot read it (${given.problem}), expected ${EXPECTED[file]}`);
    return undefined;
  }
  const value = parse(given.text);
  if (value === undefined) problems.push(`${given.path}: got something else, expected ${EXPECTED[file]}`);
  return value === undefined ? undefined : { text: given.text, value };
}

/** @returns `undefined` unless there is one at least, and each can be read. */
function certificatesOf(text: string): readonly X509Certificate[] | undefined {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g);
  try {
    return blocks?.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

function privateKeyOf(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    return undefined;
  }
}
