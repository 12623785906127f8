import type { Status, StatusFailure, StatusFrontend, StatusService } from "../../src/domain/status.ts";

/** Builders of what the page shows, with what matters to a test on top. */
export const statusFrontend = (given: Partial<StatusFrontend> = {}): StatusFrontend => ({
  address: "10.0.32.5",
  zone: "eu-west-1a",
  withdrawn: false,
  exposure: 0.25,
  window: {
    attempts: 40,
    failures: 10,
    timeouts: 10,
    hairpins: 10,
    silent: 0,
    undecided: 0,
    slow: 0,
    discarded: 0,
    reasons: { connect_timeout: 10 },
    seconds: 400,
  },
  diagnosis: { cause: "hairpin", confidence: "high", explanation: "10 of 10 timeouts.", next: "Do that." },
  ...given,
});

export const healthy: Partial<StatusFrontend> = {
  window: {
    attempts: 40,
    failures: 0,
    timeouts: 0,
    hairpins: 0,
    silent: 0,
    undecided: 0,
    slow: 0,
    discarded: 0,
    reasons: {},
    seconds: 400,
  },
  diagnosis: { cause: "healthy", confidence: "high", explanation: "40 attempts, no failure.", next: "" },
};

export const statusService = (given: Partial<StatusService> = {}): StatusService => ({
  namespace: "shop",
  name: "web",
  port: 80,
  protocol: "http",
  hostname: "web.elb.eu-west-1.amazonaws.com",
  controller: "lbc",
  targetType: "instance",
  preserveClientIp: true,
  crossZone: false,
  colocated: true,
  frontends: [statusFrontend()],
  control: { address: "172.20.0.80:80", attempts: 8, failures: 0, reasons: {} },
  ...given,
});

export const statusFailure = (given: Partial<StatusFailure> = {}): StatusFailure => ({
  at: "2026-01-02T03:04:05.678Z",
  namespace: "shop",
  name: "web",
  port: 80,
  address: "10.0.32.5",
  zone: "eu-west-1a",
  control: false,
  reason: "connect_timeout",
  phase: "connect",
  detail: "no connect within the timeout",
  seconds: 3,
  evidence: "reset",
  chosen: null,
  ...given,
});

export const statusOf = (given: Partial<Status> = {}): Status => ({
  schemaVersion: 1,
  at: "2026-01-02T03:04:10.000Z",
  agent: {
    node: "ip-10-0-32-10",
    zone: "eu-west-1a",
    version: "0.1.0",
    nodeVersion: "v26.0.0",
    startedAt: "2026-01-02T02:00:00.000Z",
    ready: true,
    intervalSeconds: 10,
    timeoutSeconds: 3,
    evidence: { level: "counters", note: null, quiet: true },
    snapshotAgeSeconds: 4,
    attemptsInFlight: 1,
    attempts: 4_000,
    failures: 12,
    discarded: { late: 0, shutdown: 0, over_budget: 0, shortage: 0 },
    discoveryErrors: 0,
    logLinesDropped: 0,
    addressesSkipped: { ipv6_not_private: 0, over_limit: 0 },
    resources: [],
  },
  services: [statusService()],
  lastFailures: [],
  skipped: [],
  skippedTotal: 0,
  ...given,
});
