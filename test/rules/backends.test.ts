/** What alerts make of how many backends stand behind an NLB. */
import { suite, test } from "node:test";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import type { Reason } from "../../src/domain/outcome.ts";
import { check, POSSIBLE, TWO_AT_ONCE, ZONAL } from "./modes.ts";
import type { Path, Scenario } from "./simulated-cluster.ts";

const NONE = { ready: 0, unready: 0 };
const SOME = { ready: 6, unready: 0 };
const UNREACHABLE = "InternalNLBUnreachable";
const WITHOUT_BACKENDS = "InternalNLBWithoutBackends";

const all = ({ service }: Path): number => (service === "web" ? 1 : 0);
/** Every connection is refused, as kube-proxy does where nothing is ready; hairpins are possible, and none happens. */
const refused: Scenario = {
  mode: ZONAL,
  nodes: 3,
  minutes: 60,
  scrapeEvery: 2,
  preserves: () => false,
  saysPreserve: () => true,
  drops: all,
  reason: "connect_refused",
};
const isNight = (minute: number): boolean => minute >= 20 && minute < 100;

await inOwnSandbox(import.meta.filename, () => {
  suite("what alerts make of how many backends there are", TWO_AT_ONCE, () => {
    test("nobody is paged where nothing is meant to answer, and after an hour it is information", async (t) => {
      await check(t, { ...refused, backends: () => NONE, minutes: 50 }, [POSSIBLE]);
      await check(t, { ...refused, backends: () => NONE, minutes: 70 }, [POSSIBLE, WITHOUT_BACKENDS]);
    });
    test("nobody is paged where a Service is scaled to zero for a while, and comes back before the NLB does", (t) => {
      const drops = (path: Path): number => (path.minute >= 20 && path.minute < 106 ? all(path) : 0);
      const backends = (minute: number) => (isNight(minute) ? NONE : SOME);
      return check(t, { ...refused, backends, drops, minutes: 160 }, [POSSIBLE, WITHOUT_BACKENDS]);
    });
    test("nobody hears of timeouts for hours where nothing is meant to answer", (t) => {
      const drops = (path: Path): number => 0.5 * all(path);
      return check(t, { ...refused, drops, reason: "connect_timeout", backends: () => NONE, minutes: 120 }, [
        POSSIBLE,
        WITHOUT_BACKENDS,
      ]);
    });
    test("a Service whose backends are all unready pages: they are meant to answer", (t) => {
      return check(t, { ...refused, backends: () => ({ ready: 0, unready: 3 }) }, [POSSIBLE, UNREACHABLE]);
    });
    test("a Service of which nobody tells whether it has backends pages", (t) => {
      return check(t, { ...refused, backends: () => undefined }, [POSSIBLE, UNREACHABLE]);
    });
    test("a Service that had no backends when the API server was last heard of pages", (t) => {
      const alerts = ["HairpinProbeStaleDiscovery", POSSIBLE, UNREACHABLE];
      return check(t, { ...refused, backends: () => NONE, snapshotAge: 900 }, alerts);
    });

    const BROKEN: readonly Reason[] = ["connect_reset", "unreachable", "dns_error", "response_timeout", "connection_lost"];
    for (const reason of BROKEN) {
      test(`an NLB that fails with nothing but ${reason} pages`, (t) =>
        check(t, { ...refused, reason }, [POSSIBLE, UNREACHABLE]));
    }
    test("connections that break off past the NLB, too, are the port's", (t) => {
      return check(t, { ...refused, reason: "connection_lost", controlDrops: all }, [POSSIBLE]);
    });
    test("an NLB of which no series of hairpins exist pages", (t) => {
      return check(t, { ...refused, reason: "connect_timeout", hasHairpinSeries: false }, [POSSIBLE, UNREACHABLE]);
    });
  });
});
