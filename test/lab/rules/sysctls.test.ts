import assert from "node:assert/strict";
import test from "node:test";
import { nodeSysctls, POD_SYSCTLS, VPC_SYSCTLS } from "../../../lab/rules/sysctls.ts";
import { buildTopology, type LabNode } from "../../../lab/topology.ts";

const [node] = buildTopology({ nodes: 1, zones: 1 }).nodes as readonly [LabNode];

test("routers take packets whose source is local to another interface, and send no redirects on any interface", () => {
  assert.deepEqual(nodeSysctls(node), {
    "net/ipv6/conf/all/disable_ipv6": 1,
    "net/ipv4/ip_forward": 1,
    "net/ipv4/icmp_ratemask": 0,
    "net/ipv4/conf/all/rp_filter": 2,
    "net/ipv4/conf/all/send_redirects": 0,
    "net/ipv4/conf/eth0/send_redirects": 0,
    "net/ipv4/conf/agent-1/send_redirects": 0,
    "net/ipv4/conf/web-1/send_redirects": 0,
  });
  assert.deepEqual(VPC_SYSCTLS, {
    "net/ipv6/conf/default/disable_ipv6": 1,
    "net/ipv4/ip_forward": 1,
    "net/ipv4/icmp_ratemask": 0,
    "net/ipv4/conf/all/rp_filter": 2,
    "net/ipv4/conf/all/send_redirects": 0,
    "net/ipv4/conf/default/send_redirects": 0,
    "net/core/somaxconn": 4096,
    "net/ipv4/tcp_max_syn_backlog": 4096,
  });
});

test("a pod forwards nothing", () => {
  assert.equal("net/ipv4/ip_forward" in POD_SYSCTLS, false);
});
