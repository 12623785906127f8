import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { end } from "../frontend-farm.ts";
import { type Drive, pidOf, type Running, type Subject, startOn, untilOk } from "./subject.ts";

const DRIVER = fileURLToPath(new URL("./probe-driver.ts", import.meta.url));
const LISTEN = "127.0.0.1:19115";

/** @param program - Path of the exporter. */
export const blackboxExporter = (program: string): Subject => ({
  name: "blackbox_exporter",
  perAttempt: "GET /probe on a kept connection, connect, close; a page of 8 (http: 30) series: each attempt needs its scrape",
  kinds: ["tcp", "http"],
  start: (drive) => start(program, drive),
});

async function start(program: string, drive: Drive): Promise<Running> {
  const { kind, port, addresses, intervalMs, timeoutMs, core, otherCore, folder } = drive;
  const config = join(folder, "blackbox.yml");
  const ip4 = { preferred_ip_protocol: "ip4", ip_protocol_fallback: false };
  const timeout = `${timeoutMs}ms`;
  // JSON is YAML.
  const modules = { tcp: { prober: "tcp", timeout, tcp: ip4 }, http: { prober: "http", timeout, http: ip4 } };
  writeFileSync(config, JSON.stringify({ modules }));
  const exporter = startOn(core, [program, `--config.file=${config}`, `--web.listen-address=${LISTEN}`, "--log.level=error"]);
  await untilOk(`http://${LISTEN}/-/healthy`);
  const targets = addresses.map((address) => (kind === "http" ? `http://${address}:${port}/` : `${address}:${port}`));
  const driver = startOn(otherCore, [
    process.execPath,
    DRIVER,
    `http://${LISTEN}/probe?module=${kind}&target=`,
    String(intervalMs),
    ...targets,
  ]);
  const stop = async (): Promise<void> => {
    await end(driver);
    await end(exporter);
  };
  return { pid: pidOf(exporter), stop };
}
