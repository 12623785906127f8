/** 32-bit FNV-1a over UTF-16 code units. @see Fowler, Noll, Vo, "FNV hash", parameters for 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * How much a node wants a key: of all nodes, those with the highest weights get it. For each key it is another order, as if shuffled, and
 * everyone who knows the names works out the same one.
 *
 * @see Thaler and Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM Transactions on Networking 6 (1998); the mixing is
 * that of MurmurHash3's finalizer.
 */
export function weightOf(keyHash: number, nodeHash: number): number {
  let mixed = keyHash ^ Math.imul(nodeHash, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
