import { judge } from "../../src/verify/judge.ts";
import type { VerifyReport } from "../../src/verify/report.ts";
import { observe, type Scene } from "./observations.ts";

/** What `verify` would report of these two scenes. */
export function reportOf(before: Scene, after: Scene, given: Partial<VerifyReport> = {}): VerifyReport {
  const [old, now] = [observe(before), observe({ startMs: 720_000, ...after })];
  return {
    service: "shop/web",
    changedAtMs: 600_000,
    changeSource: "seen",
    settleMs: 120_000,
    before: old,
    after: now,
    judgement: judge(old, now),
    warnings: [],
    ...given,
  };
}
