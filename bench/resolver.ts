/**
 * What names that nobody answers do to the others: 200 names, 20 of them dead, through the agent's resolver and, in the same run,
 * through the C library's getaddrinfo (`dns.lookup`), which Node runs on two of its four threads
 * (libuv keeps the others free for what is not slow).
 *
 *     node scripts/sandbox.mjs -- node bench/resolver.ts
 *
 * Both are asked for the names at the same instants, 10 ms apart (which is all that the agent takes longer for 20 names more), dead
 * ones spread among the others. Quote the ratios. It takes two minutes, and exits with 1 when the dead names make the agent take
 * half as long again for the others.
 */
import { execFileSync, spawn } from "node:child_process";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { execPath } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { DNS_ADDRESS } from "../lab/topology.ts";
import { createResolver } from "../src/discovery/dns/resolver.ts";
import { systemClock } from "../src/schedule/system-clock.ts";
import { end } from "./frontend-farm.ts";

const FARM = fileURLToPath(new URL("./dns-farm.ts", import.meta.url));
const [GOOD, DEAD] = [180, 20];
const MS_PER_NAME = 10;
/** Fractions spread evenly over 0 to 1, each far from the one before. */
const GOLDEN = 0.618033988749895;
/** The C library gives each dead name 10 s, and Node gives it two threads: 20 of them take 100 s. */
const GIVE_UP_MS = 300_000;
const MAX_RATIO = 1.5;

interface Run {
  /** Milliseconds until the last of the good names was resolved. */
  readonly totalMs: number;
  /** Of each good name, from its question to its answer, in milliseconds and in order. */
  readonly eachMs: readonly number[];
}

/** Asks for the names, and ends what is still being asked when the good ones are resolved. */
type Ask = (names: readonly string[], isGood: (name: string) => boolean) => Promise<Run>;

const askResolver: Ask = async (names, isGood) => {
  const controller = new AbortController();
  const eachMs: number[] = [];
  let [drawn, open] = [0, names.filter(isGood).length];
  try {
    return await new Promise<Run>((resolve, reject) => {
      const startedMs = performance.now();
      const resolver = createResolver({
        clock: systemClock,
        random: () => (drawn++ * GOLDEN) % 1,
        signal: controller.signal,
        withdrawnGraceMs: 0,
        onResolved: ({ hostname, seconds }) => {
          if (!isGood(hostname)) return;
          eachMs.push(seconds * 1000);
          if (--open === 0) resolve({ totalMs: performance.now() - startedMs, eachMs: inOrder(eachMs) });
        },
        onChange: () => {},
        onError: (error) => {
          if (isGood(error.message)) reject(error);
        },
      });
      resolver.want(new Map(names.map((name) => [name, []])));
    });
  } finally {
    controller.abort();
  }
};

const askGetaddrinfo: Ask = async (names, isGood) => {
  const startedMs = performance.now();
  const eachMs: number[] = [];
  let lastMs = 0;
  const asked = names.map(async (name, i) => {
    await sleep(((i * GOLDEN) % 1) * (names.length - 1) * MS_PER_NAME);
    const askedMs = performance.now();
    if (!isGood(name)) {
      // It fails in the end, and that is not what is measured; but the process would wait for it.
      await lookup(name, { all: true }).catch(() => undefined);
      return;
    }
    await lookup(name, { all: true });
    lastMs = performance.now();
    eachMs.push(lastMs - askedMs);
  });
  await Promise.all(asked);
  return { totalMs: lastMs - startedMs, eachMs: inOrder(eachMs) };
};

const inOrder = (values: readonly number[]): readonly number[] => values.toSorted((a, b) => a - b);
const within = <T>(run: Promise<T>): Promise<T> =>
  Promise.race([
    run,
    sleep(GIVE_UP_MS, undefined, { ref: false }).then(() => {
      throw new Error(`not all good names were resolved within ${GIVE_UP_MS / 1000} s`);
    }),
  ]);

const row = (cells: readonly string[]): void =>
  console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(24) : cell.padStart(14))).join(""));
const ms = (value: number | undefined): string => (value === undefined ? "" : `${value.toFixed(value < 10 ? 2 : 0)} ms`);

const namesOf = (kind: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${kind}-${i}.example.com`);
const isGood = (name: string): boolean => name.startsWith("good");

/** @returns how much longer the good names take beside the dead ones. */
async function compare(title: string, ask: Ask): Promise<number> {
  const good = namesOf("good", GOOD);
  // Every tenth is dead.
  const mixed = namesOf("dead", DEAD).flatMap((name, i) => [name, ...good.slice((i * GOOD) / DEAD, ((i + 1) * GOOD) / DEAD)]);
  const without = await within(ask(good, isGood));
  const beside = await within(ask(mixed, isGood));
  const ratio = beside.totalMs / without.totalMs;
  for (const [what, { totalMs, eachMs }, shown] of [
    ["alone", without, ""],
    [`beside ${DEAD} dead`, beside, ratio.toFixed(2)],
  ] as const) {
    row([`${title}, ${what}`, ms(totalMs), shown, ms(eachMs[eachMs.length >> 1]), ms(eachMs.at(-1))]);
  }
  return ratio;
}

execFileSync("ip", ["address", "replace", `${DNS_ADDRESS}/32`, "dev", "lo"]);
const farm = spawn(execPath, [FARM, DNS_ADDRESS], { stdio: ["ignore", "pipe", "inherit"] });
try {
  await Promise.race([
    once(farm.stdout, "data"),
    once(farm, "exit").then(([code]) => {
      throw new Error(`the DNS server ended with ${code}`);
    }),
  ]);
  row([`${GOOD} names`, "all resolved", "ratio", "median", "worst"]);
  const ratio = await compare("agent", askResolver);
  await compare("getaddrinfo", askGetaddrinfo);
  if (ratio > MAX_RATIO) process.exitCode = 1;
} finally {
  await end(farm);
}
