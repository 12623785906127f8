/**
 * A port scanner: `node lab/environments/scanner.ts 10.0.33.10,10.0.33.11 100`: so many SYNs a second to closed ports of each address. One line on
 * standard output says that it has begun. Ends on SIGTERM.
 */
import { connect } from "node:net";

/** Closed in the agents' pods: below what Linux connects from, and not the metrics port. */
const [FIRST_PORT, PORTS] = [1_000, 8_000];
const EVERY_MS = 10;

const targets = (process.argv[2] ?? "").split(",");
const perSecond = Number(process.argv[3]);
if (!(perSecond > 0)) throw new Error(`scanner: got rate ${process.argv[3]}, expected a number above 0`);

const startedMs = performance.now();
let sent = 0;
/** What is due by now, so that a late timer lowers no rate. */
function scan(): void {
  const due = Math.floor(((performance.now() - startedMs) / 1000) * perSecond);
  for (; sent < due; sent++) {
    for (const host of targets) {
      const socket = connect({ host, port: FIRST_PORT + (sent % PORTS) });
      socket.on("error", () => {});
      socket.once("connect", () => socket.destroy());
    }
  }
}
setInterval(scan, EVERY_MS);
process.once("SIGTERM", () => process.exit());
process.stdout.write(`scans ${targets.length} addresses\n`);
