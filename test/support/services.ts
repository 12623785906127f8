import type { Frontend } from "../../src/domain/frontend.ts";
import type { Backend, Listener, NlbService } from "../../src/domain/service.ts";
import type { Snapshot } from "../../src/domain/snapshot.ts";
import { defaultTargetGroup, type TargetGroup } from "../../src/domain/target-group.ts";

/** Builders of domain values for tests: an internal NLB as EKS makes it by default, with what matters to a test on top. */
export const listener = (given: Partial<Listener> = {}): Listener => ({
  port: 80,
  name: "http",
  protocol: "http",
  path: "/",
  tlsTerminated: false,
  targetGroup: targetGroup(),
  ...given,
});

export const targetGroup = (given: Partial<TargetGroup> = {}): TargetGroup => ({ ...defaultTargetGroup("instance"), ...given });

export const HOSTNAME = "k8s-shop-web-0123456789-0123456789abcdef.elb.eu-west-1.amazonaws.com";

export const nlbService = (given: Partial<NlbService> = {}): NlbService => ({
  namespace: "shop",
  name: "web",
  controller: "lbc",
  hostname: HOSTNAME,
  addresses: [],
  shortcuts: [],
  zonalAffinity: false,
  listeners: [listener()],
  ...given,
});

export const backend = (node: string, zone: string | undefined, ready = true): Backend => ({ node, zone, ready });

export const snapshot = (given: Partial<Snapshot> = {}): Snapshot => ({ services: [], skipped: [], nodes: [], ...given });

export const frontend = (given: Partial<Frontend> = {}): Frontend => {
  const service = given.service ?? nlbService();
  return {
    id: "shop/web:80@10.0.32.5",
    service,
    listener: service.listeners[0] ?? listener(),
    address: "10.0.32.5",
    family: 4,
    withdrawn: false,
    dnsError: undefined,
    zone: "eu-west-1a",
    colocated: false,
    exposure: undefined,
    backends: undefined,
    ...given,
  };
};
