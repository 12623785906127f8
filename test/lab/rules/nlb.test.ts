import assert from "node:assert/strict";
import test from "node:test";
import type { NlbListener } from "../../../lab/network.ts";
import { renderNlb } from "../../../lab/rules/nlb.ts";
import { chainLines } from "./chain-lines.ts";

const target = (zone: string, node: string, address: string) => ({ zone, node, address, port: 31080 });

const web: NlbListener = {
  id: "shop/web:http",
  addresses: [
    { zone: "eu-west-1a", address: "10.0.35.1" },
    { zone: "eu-west-1b", address: "10.0.67.1" },
  ],
  port: 80,
  crossZone: false,
  preserveClientIp: true,
  targets: [
    target("eu-west-1a", "node-1", "10.0.32.10"),
    target("eu-west-1a", "node-2", "10.0.32.11"),
    target("eu-west-1b", "node-3", "10.0.64.10"),
  ],
};

const render = (change: Partial<NlbListener>) => renderNlb({ listeners: [{ ...web, ...change }], faults: [] });

/** The rules that mention `text`, in order. */
const rulesWith = (ruleset: string, text: string) =>
  ruleset
    .split("\n")
    .filter((line) => line.includes(text))
    .map((line) => line.trim());

test("a listener that terminates TLS ends at the NLB's own server, and what that sends has the address that targets see", () => {
  const ruleset = render({ tlsTerminated: true, port: 443 });
  assert.deepEqual(rulesWith(ruleset, "dnat to"), [
    "ip daddr 10.0.35.1 tcp dport 443 dnat to 10.1.0.1:20000",
    "ip daddr 10.0.67.1 tcp dport 443 dnat to 10.1.0.1:20001",
  ]);
  assert.deepEqual(rulesWith(ruleset, "snat ip"), [
    "ip saddr 10.1.0.0/16 snat ip prefix to ip saddr map { 10.1.0.0/16 : 10.0.0.0/16 }",
  ]);
  assert.deepEqual(rulesWith(render({ tlsTerminated: true, targets: web.targets.slice(2) }), "dnat to"), [
    "ip daddr 10.0.67.1 tcp dport 80 dnat to 10.1.0.1:20000",
  ]);
  assert.deepEqual(rulesWith(render({}), "10.1.0.0"), []);
});

test("a zonal address sends to the registered targets of its zone only, and the rest of an NLB's ports are silent", () => {
  assert.equal(
    render({}),
    `\
table ip nlb
delete table ip nlb
table ip nlb {
	chain arriving {
		type filter hook prerouting priority mangle; policy accept;
		jump faults
	}

	chain leaving {
		type filter hook output priority mangle; policy accept;
		jump faults
	}

	chain faults {
	}

	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		jump listeners
	}

	chain output {
		type nat hook output priority -100; policy accept;
		jump listeners
	}

	chain listeners {
		# shop/web:http in eu-west-1a
		ip daddr 10.0.35.1 tcp dport 80 dnat to numgen random mod 2 map { 0 : 10.0.32.10 . 31080, 1 : 10.0.32.11 . 31080 }
		# shop/web:http in eu-west-1b
		ip daddr 10.0.67.1 tcp dport 80 dnat to 10.0.64.10:31080
		ip daddr { 10.0.35.1, 10.0.67.1 } drop
	}

	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
	}
}
`,
  );
});

test("with cross-zone load balancing each zonal address sends to all registered targets", () => {
  const all = "dnat to numgen random mod 3 map { 0 : 10.0.32.10 . 31080, 1 : 10.0.32.11 . 31080, 2 : 10.0.64.10 . 31080 }";
  assert.deepEqual(rulesWith(render({ crossZone: true }), "dnat to"), [
    `ip daddr 10.0.35.1 tcp dport 80 ${all}`,
    `ip daddr 10.0.67.1 tcp dport 80 ${all}`,
  ]);
});

test("without client IP preservation the target sees the zonal address that was connected to", () => {
  assert.deepEqual(rulesWith(render({ preserveClientIp: false }), "snat to"), [
    "meta l4proto tcp ct original ip daddr 10.0.35.1 ct original proto-dst 80 snat to 10.0.35.1 fully-random",
    "meta l4proto tcp ct original ip daddr 10.0.67.1 ct original proto-dst 80 snat to 10.0.67.1 fully-random",
  ]);
});

test("a zonal address without a target of its zone is silent", () => {
  const ruleset = render({ targets: web.targets.slice(0, 2) });
  assert.deepEqual(rulesWith(ruleset, "10.0.67.1"), ["ip daddr { 10.0.35.1, 10.0.67.1 } drop"]);
  assert.deepEqual(rulesWith(ruleset, "no target"), ["# shop/web:http in eu-west-1b: no target to choose, silence"]);
});

test("two listeners of one NLB share its addresses", () => {
  const ruleset = renderNlb({ listeners: [web, { ...web, id: "shop/web:ledger", port: 9000 }], faults: [] });
  assert.deepEqual(rulesWith(ruleset, "drop"), ["ip daddr { 10.0.35.1, 10.0.67.1 } drop"]);
  assert.equal(rulesWith(ruleset, "tcp dport 9000").length, 2);
});

test("faults act on what the client addressed, and SYN loss spares the VPC's own processes", () => {
  const ruleset = renderNlb({
    listeners: [],
    faults: [
      { kind: "silent_drop", address: "10.0.35.1" },
      { kind: "syn_loss", share: 0.3 },
      { kind: "icmp_unreachable", address: "10.0.67.1" },
    ],
  });
  assert.deepEqual(chainLines(ruleset, "arriving"), [
    "type filter hook prerouting priority mangle; policy accept;",
    'iifname != "lo" tcp flags & (syn | ack) == syn numgen random mod 1000 < 300 drop',
    "jump faults",
  ]);
  assert.deepEqual(chainLines(ruleset, "faults"), [
    "ip daddr 10.0.35.1 ct state new drop",
    "ip daddr 10.0.67.1 ct state new reject with icmp host-unreachable",
  ]);
});

test("no loss is no rule, and a share that is no probability is refused", () => {
  const loss = (share: number) => renderNlb({ listeners: [], faults: [{ kind: "syn_loss", share }] });
  assert.deepEqual(rulesWith(loss(0), "numgen"), []);
  for (const share of [-0.1, 1.1, Number.NaN]) {
    assert.throws(() => loss(share), { name: "RangeError", message: `syn_loss: got share ${share}, expected 0 to 1` });
  }
});

test("an address or port that is none is refused with the listener's name", () => {
  assert.throws(() => render({ port: 0 }), { message: "shop/web:http: got port 0, expected a whole number from 1 to 65535" });
  assert.throws(() => render({ targets: [target("eu-west-1a", "n", "node-1")] }), { message: /got address "node-1"/ });
});
