/** What the tests use of jStat, which has no types of its own. */
declare module "jstat" {
  const jstat: {
    ibeta(x: number, a: number, b: number): number;
    gammaln(x: number): number;
    /** Probability of `k` of `draws` out of `total` with `hits` in it. */
    readonly hypgeom: { pdf(k: number, total: number, hits: number, draws: number): number };
    readonly beta: { inv(p: number, a: number, b: number): number };
  };
  export default jstat;
}
