import assert from "node:assert/strict";
import test from "node:test";
import {
  namespaceNames,
  renderNamespaces,
  renderNodeLinks,
  renderPodLinks,
  renderVpcLinks,
  renderVpcTeardown,
  vpcInterfaces,
} from "../../../lab/rules/links.ts";
import { buildTopology, type LabNode } from "../../../lab/topology.ts";

const topology = buildTopology({ nodes: 1, zones: 1 });
const [node] = topology.nodes as readonly [LabNode];

test("each node and each pod has a namespace", () => {
  assert.equal(
    renderNamespaces(topology),
    `\
netns add node-1
netns add agent-1
netns add web-1
`,
  );
});

test("the VPC makes every link, routes pods by their node, and lets the rest end in silence", () => {
  assert.equal(
    renderVpcLinks(topology),
    `\
addr add 10.0.0.2/32 dev lo
addr add 10.0.0.3/32 dev lo
addr add 10.1.0.1/16 dev lo
link add void type veth peer name void-peer
link set void-peer up
link set void arp off up
route add default dev void src 10.0.0.2
link add node-1 address 02:01:0a:00:20:0a type veth peer name eth0 netns node-1 address 02:00:0a:00:20:0a
link add agent-1 netns node-1 address 02:01:0a:00:21:0a type veth peer name eth0 netns agent-1 address 02:00:0a:00:21:0a
link add web-1 netns node-1 address 02:01:0a:00:22:0a type veth peer name eth0 netns web-1 address 02:00:0a:00:22:0a
link set node-1 arp off up
neigh add 10.0.32.10 lladdr 02:00:0a:00:20:0a dev node-1 nud permanent
route add 10.0.32.10/32 dev node-1 src 10.0.0.2
route add 10.0.33.10/32 via 10.0.32.10 dev node-1 src 10.0.0.2
route add 10.0.34.10/32 via 10.0.32.10 dev node-1 src 10.0.0.2
`,
  );
});

test("a node reaches its pods by their own links and the rest through the gateway", () => {
  assert.equal(
    renderNodeLinks(node),
    `\
link set lo up
link set eth0 arp off up
addr add 10.0.32.10/32 dev eth0
neigh add 169.254.1.1 lladdr 02:01:0a:00:20:0a dev eth0 nud permanent
route add 169.254.1.1 dev eth0 scope link
route add default via 169.254.1.1 dev eth0
link set agent-1 arp off up
neigh add 10.0.33.10 lladdr 02:00:0a:00:21:0a dev agent-1 nud permanent
route add 10.0.33.10/32 dev agent-1
link set web-1 arp off up
neigh add 10.0.34.10 lladdr 02:00:0a:00:22:0a dev web-1 nud permanent
route add 10.0.34.10/32 dev web-1
`,
  );
});

test("a pod has a /32 and reaches everything through the gateway", () => {
  assert.equal(
    renderPodLinks(node.agent),
    `\
link set lo up
link set eth0 arp off up
addr add 10.0.33.10/32 dev eth0
neigh add 169.254.1.1 lladdr 02:01:0a:00:21:0a dev eth0 nud permanent
route add 169.254.1.1 dev eth0 scope link
route add default via 169.254.1.1 dev eth0
`,
  );
});

test("taking down names only what is there", () => {
  assert.equal(
    renderVpcTeardown(["node-1"], ["web-1"]),
    `\
link del node-1
netns del web-1
addr flush dev lo to 10.0.0.0/16
addr flush dev lo to 10.1.0.0/16
`,
  );
});

test("no two interfaces of a large lab share an address, and no name is longer than the kernel takes", () => {
  const large = buildTopology({ nodes: 1200, zones: 6 });
  const addresses = [...renderVpcLinks(large).matchAll(/address (\S+)/g)].map(([, address]) => address);
  assert.equal(new Set(addresses).size, 1200 * 3 * 2);
  const names = [...namespaceNames(large), ...vpcInterfaces(large)];
  assert.deepEqual(
    names.filter((name) => name.length > 15),
    [],
  );
});
