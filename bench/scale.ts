/**
 * What a cluster of many nodes costs, with the real plan code: `npm run bench:scale`.
 *
 * Clusters of 10 to 5,000 nodes in three zones, with a Service for each five nodes, 30 at least, each with an address in each zone and a
 * handful of backends. Every agent is simulated as far as planning goes: who probes what, how long that takes to work out, what it
 * adds up to for Prometheus, for an NLB and for the API server, whose worst hour is a rollout of the agents within half of one. With the fan-out cap and without it; the last columns are how each grows with the
 * number of nodes (exponent: 0 stays, 1 grows along, 2 is its square).
 */
import { parseArgs } from "node:util";
import { type ScaleFigures, scaleOf } from "./scale-cluster.ts";

const { values } = parseArgs({
  options: { nodes: { type: "string", default: "10,100,1000,5000" }, interval: { type: "string", default: "10" } },
});
const sizes = values.nodes.split(",").map(Number);
const intervalSeconds = Number(values.interval);

const ROWS: readonly { readonly title: string; readonly of: (figures: ScaleFigures) => number; readonly unit: string }[] = [
  { title: "Services", of: ({ services }) => services, unit: "" },
  { title: "frontends an agent probes, median", of: ({ frontendsMedian }) => frontendsMedian, unit: "" },
  { title: "frontends an agent probes, most", of: ({ frontendsMost }) => frontendsMost, unit: "" },
  { title: "a plan takes", of: ({ planMs }) => planMs, unit: "ms" },
  { title: "series in Prometheus", of: ({ series }) => series, unit: "" },
  { title: "attempts a second at one Service", of: ({ perService }) => perService, unit: "/s" },
  { title: "attempts a second at one NLB address, most", of: ({ perAddressMost }) => perAddressMost, unit: "/s" },
  { title: "attempts a second, all agents", of: ({ attempts }) => attempts, unit: "/s" },
  { title: "watches open at the API server", of: ({ watches }) => watches, unit: "" },
  { title: "requests a second at the API server", of: ({ requests }) => requests, unit: "/s" },
  { title: "bytes when one backend moves, all agents", of: ({ bytesBackendMoves }) => bytesBackendMoves, unit: "B" },
  { title: "bytes a second in a rollout of the agents", of: ({ bytesInRollout }) => bytesInRollout, unit: "B" },
  { title: "  were their slices watched at any size", of: ({ bytesIfWatched }) => bytesIfWatched, unit: "B" },
  { title: "bytes of a first list, one agent", of: ({ bytesFirstList }) => bytesFirstList, unit: "B" },
];

for (const fanOut of [20, 0]) {
  const all = sizes.map((nodes) => scaleOf({ nodes, fanOut, intervalSeconds }));
  console.log(`\n${fanOut === 0 ? "without a cap (--fan-out 0)" : `--fan-out ${fanOut}`}`);
  console.log(`${"nodes".padEnd(46)}${sizes.map((size) => String(size).padStart(13)).join("")}${"grows as n^".padStart(13)}`);
  for (const { title, of, unit } of ROWS) {
    const figures = all.map(of);
    const cells = figures.map((figure) => shown(figure, unit).padStart(13)).join("");
    console.log(`${title.padEnd(46)}${cells}${exponent(figures).padStart(13)}`);
  }
}

/** Between the last two sizes: where a cap has begun to bite, that is how it goes on. */
function exponent(figures: readonly number[]): string {
  const [a = 0, b = 0] = figures.slice(-2);
  const [from = 1, to = 1] = sizes.slice(-2);
  return a <= 0 || b <= 0 ? "" : (Math.log(b / a) / Math.log(to / from)).toFixed(2);
}

function shown(figure: number, unit: string): string {
  if (unit === "B") return figure >= 1e6 ? `${(figure / 1e6).toFixed(1)} MB` : `${(figure / 1e3).toFixed(1)} kB`;
  const digits = figure >= 100 || Number.isInteger(figure) ? 0 : 1;
  return `${figure.toFixed(digits)}${unit === "" || unit === "/s" ? unit : ` ${unit}`}`;
}
