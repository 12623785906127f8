/** Connections that are lost, and not by hairpins: how many, how long, from where. */
import { suite, test } from "node:test";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { CROSS_ZONE, check, POSSIBLE, TWO_AT_ONCE, ZONAL } from "./modes.ts";
import type { Path } from "./simulated-cluster.ts";

/** The configuration allows hairpins, and none happens. */
const fixed = { mode: ZONAL, preserves: () => false, saysPreserve: () => true, scrapeEvery: 2 } as const;
const aThird = ({ service }: Path): number => (service === "web" ? 1 / 3 : 0);

await inOwnSandbox(import.meta.filename, () => {
  suite("what alerts make of connections that are lost", TWO_AT_ONCE, () => {
    test("two in a hundred connections that are lost for hours alert", (t) => {
      const drops = ({ service }: Path): number => (service === "web" ? 0.02 : 0);
      return check(t, { ...fixed, nodes: 30, isAlone: true, minutes: 120, drops }, [POSSIBLE, "InternalNLBTimeouts"]);
    });
    test("three quarters of connections that are lost alert within an hour", (t) => {
      const drops = ({ service }: Path): number => (service === "web" ? 0.75 : 0);
      return check(t, { ...fixed, nodes: 30, isAlone: true, minutes: 60, drops }, [POSSIBLE, "InternalNLBTimeouts"]);
    });
    test("a third of connections that is lost for hours alerts although a single node probes, and there is no series of hairpins", (t) => {
      const scenario = { ...fixed, nodes: 1, zones: 1, minutes: 120, drops: aThird, hasHairpinSeries: false };
      return check(t, scenario, [POSSIBLE, "InternalNLBTimeouts"]);
    });
    test("timeouts that go on for hours alert where nothing can tell whether they hairpin", (t) => {
      const hours = { mode: CROSS_ZONE, nodes: 30, isAlone: true, minutes: 120, scrapeEvery: 2 } as const;
      return check(t, { ...hours, evidence: "off", control: false }, [POSSIBLE, "InternalNLBTimeouts"]);
    });
    test("a timeout now and then of one agent that attempts once a minute is no share", (t) => {
      const drops = ({ minute }: Path): number => (minute % 20 === 0 ? 0.5 : 0);
      return check(t, { ...fixed, nodes: 1, zones: 1, perMinute: 1, minutes: 150, drops }, [POSSIBLE]);
    });
    test("bursts of timeouts with half an hour of peace between them are not for hours", (t) => {
      const drops = ({ service, minute }: Path): number => (service === "web" && minute % 40 < 4 ? 0.5 : 0);
      return check(t, { ...fixed, nodes: 30, isAlone: true, minutes: 200, drops }, [POSSIBLE]);
    });
  });
});
