/**
 * What an attempt costs, beside the floor, in the same run: `npm run bench`.
 *
 * 50 frontends, first all healthy, then 30 % of them silently dropping, at 50 and 200 attempts a second, agent and bare loop in
 * turn on the same core. Quote the ratios: the absolute times are this machine's. The last column is what evidence from the kernel's
 * counters costs: the agent's CPU with it, less that of the same agent without.
 */
import { parseArgs } from "node:util";
import { type AgentRun, runAgent, runBareConnect } from "./agent-run.ts";
import { startFrontendFarm } from "./frontend-farm.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "10" } } });
const seconds = Number(values.seconds);
const FRONTENDS = 50;
const [PROBER_CORE, SERVER_CORE] = [0, 1];

const row = (cells: readonly string[]): void =>
  console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(22) : cell.padStart(12))).join(""));
const micros = (value: number): string => `${value.toFixed(0)} µs`;

row(["frontends, rate", "attempts", "discarded", "timeouts", "late > 20ms", "agent CPU", "bare CPU", "ratio", "RSS", "evidence"]);
for (const droppingShare of [0, 0.3]) {
  const farm = await startFrontendFarm({ frontends: FRONTENDS, droppingShare, core: SERVER_CORE });
  try {
    for (const rate of [50, 200]) {
      const options = { farm, rate, seconds, core: PROBER_CORE };
      const bare = await runBareConnect(options);
      const agent: AgentRun = await runAgent(options);
      const without = await runAgent({ ...options, evidence: "off" });
      // Microseconds an attempt, times attempts a second, is the share of a core in millionths.
      const evidenceShare = ((agent.cpuMicrosPerAttempt - without.cpuMicrosPerAttempt) * rate) / 1e4;
      row([
        `${droppingShare * 100} % drop, ${rate}/s`,
        String(agent.attempts),
        String(agent.discarded),
        String(agent.timeouts),
        `${((1 - agent.startedWithin20Ms) * 100).toFixed(2)} %`,
        micros(agent.cpuMicrosPerAttempt),
        micros(bare),
        (agent.cpuMicrosPerAttempt / bare).toFixed(2),
        `${agent.residentMegabytes.toFixed(0)} MB`,
        `${evidenceShare.toFixed(2)} % core`,
      ]);
    }
  } finally {
    await farm.close();
  }
}
