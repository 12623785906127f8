import { open } from "node:fs/promises";

/** `self`: with `hidepid` or in a container other processes' files may be hidden. */
const PATHS = ["/proc/self/net/tcp", "/proc/self/net/tcp6"] as const;
/** A pod of agents has a few dozen sockets, of 150 bytes each. */
const MAX_BYTES = 256 * 1024;

/**
 * The texts of the kernel's socket tables, of both families. Read off the event loop: the kernel walks the sockets of all
 * namespaces for it, which takes milliseconds on a large machine.
 */
export async function readSocketTables(): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const path of PATHS) {
    try {
      texts.push(await readBounded(path));
    } catch (error) {
      // A kernel without IPv6 has no table of it.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || path === PATHS[0]) throw error;
    }
  }
  return texts;
}

async function readBounded(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(MAX_BYTES);
    let length = 0;
    while (length < MAX_BYTES) {
      const { bytesRead } = await file.read(buffer, length, MAX_BYTES - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.toString("latin1", 0, length);
  } finally {
    await file.close();
  }
}
