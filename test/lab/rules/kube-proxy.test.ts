import assert from "node:assert/strict";
import test from "node:test";
import type { Endpoint, ServicePort } from "../../../lab/network.ts";
import { renderKubeProxy } from "../../../lab/rules/kube-proxy.ts";
import { chainLines } from "./chain-lines.ts";

const endpoint = (node: number, address: string): Endpoint => ({ node: `node-${node}`, address, port: 8080 });

const web: ServicePort = {
  id: "shop/web:http",
  clusterIp: "172.20.0.10",
  port: 80,
  nodePort: 31080,
  externalTrafficPolicy: "Cluster",
  endpoints: [endpoint(1, "10.0.34.10"), endpoint(2, "10.0.34.11")],
};

const CLUSTER_IP_RULE =
  "ip daddr 172.20.0.10 tcp dport 80 dnat to numgen random mod 2 map { 0 : 10.0.34.10 . 8080, 1 : 10.0.34.11 . 8080 }";

test("policy Cluster marks NodePort connections and spreads them over the endpoints of all nodes", () => {
  assert.equal(
    renderKubeProxy({ name: "node-1" }, [web]),
    `\
table ip kube-proxy
delete table ip kube-proxy
table ip kube-proxy {
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		jump services
	}

	chain output {
		type nat hook output priority -100; policy accept;
		jump services
	}

	chain services {
		# shop/web:http
		ip daddr 172.20.0.10 tcp dport 80 dnat to numgen random mod 2 map { 0 : 10.0.34.10 . 8080, 1 : 10.0.34.11 . 8080 }
		fib daddr type local tcp dport 31080 meta mark set meta mark | 0x4000 dnat to numgen random mod 2 map { 0 : 10.0.34.10 . 8080, 1 : 10.0.34.11 . 8080 }
	}

	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		meta mark & 0x4000 == 0x4000 masquerade fully-random
		ip saddr . ip daddr { 10.0.34.10 . 10.0.34.10 } masquerade fully-random
	}

	chain unserved_input {
		type filter hook input priority filter; policy accept;
		jump unserved
	}

	chain unserved_forward {
		type filter hook forward priority filter; policy accept;
		jump unserved
	}

	chain unserved_output {
		type filter hook output priority filter; policy accept;
		jump unserved
	}

	chain unserved {
	}
}
`,
  );
});

test("policy Local sends NodePort connections to the node's own endpoint, without a mark", () => {
  const ruleset = renderKubeProxy({ name: "node-2" }, [{ ...web, externalTrafficPolicy: "Local" }]);
  assert.deepEqual(chainLines(ruleset, "services"), [
    "# shop/web:http",
    CLUSTER_IP_RULE,
    "fib daddr type local tcp dport 31080 dnat to 10.0.34.11:8080",
  ]);
});

test("policy Local drops NodePort connections on a node without an endpoint, and still serves the ClusterIP there", () => {
  const ruleset = renderKubeProxy({ name: "node-3" }, [{ ...web, externalTrafficPolicy: "Local" }]);
  assert.deepEqual(chainLines(ruleset, "services"), ["# shop/web:http", CLUSTER_IP_RULE]);
  assert.deepEqual(chainLines(ruleset, "unserved"), ["# shop/web:http", "fib daddr type local tcp dport 31080 drop"]);
});

test("a Service without endpoints rejects, whatever its policy", () => {
  for (const externalTrafficPolicy of ["Cluster", "Local"] as const) {
    const ruleset = renderKubeProxy({ name: "node-1" }, [{ ...web, externalTrafficPolicy, endpoints: [] }]);
    assert.deepEqual(chainLines(ruleset, "services"), []);
    assert.deepEqual(chainLines(ruleset, "unserved"), [
      "# shop/web:http",
      "ip daddr 172.20.0.10 tcp dport 80 reject",
      "fib daddr type local tcp dport 31080 reject",
    ]);
  }
});

test("a Service without a node port has rules for its ClusterIP only", () => {
  for (const endpoints of [web.endpoints, []]) {
    assert.doesNotMatch(renderKubeProxy({ name: "node-1" }, [{ ...web, nodePort: 0, endpoints }]), /fib daddr|dport 0/);
  }
});

test("an address or port that is none is refused with the Service's name", () => {
  const broken = (change: Partial<ServicePort>) => () => renderKubeProxy({ name: "node-1" }, [{ ...web, ...change }]);
  assert.throws(broken({ clusterIp: "None" }), {
    name: "RangeError",
    message: 'shop/web:http: got address "None", expected an IPv4 address',
  });
  assert.throws(broken({ port: 70_000 }), { message: "shop/web:http: got port 70000, expected a whole number from 1 to 65535" });
  assert.throws(broken({ endpoints: [{ ...endpoint(1, "10.0.34.10"), address: "::1" }] }), { message: /got address "::1"/ });
});

test("a name cannot add rules of its own", () => {
  const ruleset = renderKubeProxy({ name: "node-1" }, [{ ...web, id: "shop/web:x\n\t\tdrop;" }]);
  assert.equal(chainLines(ruleset, "services")[0], "# shop/web:x???drop?");
});
