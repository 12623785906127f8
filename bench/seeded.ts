/** Uniform numbers in [0, 1) that follow from a seed: Marsaglia's xorshift, 32 bits (Journal of Statistical Software 8, 14). */
export function seeded(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}
