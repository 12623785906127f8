/**
 * The floor that an attempt is measured against: `net.connect`, a FIN once it stands, nothing else. One connection per address
 * and interval, at a random instant of it, as the agent does. Ends on SIGTERM, with one line of JSON: connections started.
 *
 *   node bench/bare-connect.ts PORT INTERVAL_MS TIMEOUT_MS ADDRESS...
 */
import { connect } from "node:net";

const [port, intervalMs, timeoutMs, ...addresses] = process.argv.slice(2);
let started = 0;

function open(address: string): void {
  started += 1;
  const socket = connect({ host: address, port: Number(port), autoSelectFamily: false });
  const timer = setTimeout(() => socket.destroy(), Number(timeoutMs));
  socket.once("connect", () => {
    clearTimeout(timer);
    socket.end();
    socket.resume();
  });
  socket.once("error", () => clearTimeout(timer));
}

function repeat(address: string, slotStartMs: number): void {
  const dueMs = slotStartMs + Math.random() * Number(intervalMs);
  setTimeout(
    () => {
      open(address);
      repeat(address, slotStartMs + Number(intervalMs));
    },
    Math.max(0, dueMs - performance.now()),
  );
}

for (const address of addresses) repeat(address, performance.now());
process.once("SIGTERM", () => {
  process.stdout.write(`${JSON.stringify({ started })}\n`, () => process.exit(0));
});
