import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AddressPolicy, addressPolicy } from "../../src/domain/address.ts";
import { parseCidr } from "../../src/domain/cidr.ts";
import { selectAddresses } from "../../src/plan/addresses.ts";

const allowing = (text: string): AddressPolicy => addressPolicy([parseCidr(text) ?? assert.fail(text)]);
const PRIVATE_ONLY = addressPolicy([]);
const GUA = "2600:1f18:1234:5600::a";

/** What DNS answers, and what of it is left out of the plan. */
const CASES: readonly {
  readonly it: string;
  readonly answer: readonly string[];
  readonly policy?: AddressPolicy;
  readonly skipped: readonly string[];
}[] = [
  { it: "an internal dual-stack NLB", answer: ["10.0.1.1", "10.0.2.1", GUA], skipped: [GUA] },
  { it: "an internal dual-stack NLB with unique local addresses", answer: ["10.0.1.1", "fd00::1"], skipped: [] },
  { it: "one whose IPv6 range is allowed", answer: ["10.0.1.1", GUA], policy: allowing("2600:1f18:1234::/48"), skipped: [] },
  { it: "one in a VPC on public IPv4 that is not allowed", answer: ["198.18.0.1", GUA], skipped: [] },
  {
    it: "one in a VPC on public IPv4 that is allowed",
    answer: ["198.18.0.1", GUA],
    policy: allowing("198.18.0.0/15"),
    skipped: [GUA],
  },
  { it: "an internet-facing NLB", answer: ["8.8.8.8", GUA], skipped: [] },
  { it: "a name that mixes private and public A records", answer: ["10.0.1.1", "8.8.8.8", GUA], skipped: [] },
  { it: "a name with AAAA records alone", answer: [GUA, "fd00::1"], skipped: [] },
  { it: "a name with private A records alone", answer: ["10.0.1.1"], skipped: [] },
  { it: "a name that aims AAAA records at the node", answer: ["10.0.1.1", "::1", "fe80::1"], skipped: ["::1", "fe80::1"] },
  { it: "the metadata service beside a private address", answer: ["10.0.1.1", "169.254.169.254", GUA], skipped: [] },
  { it: "text that is no address", answer: ["10.0.1.1", "localhost"], skipped: [] },
  { it: "no address at all", answer: [], skipped: [] },
];

describe("the addresses that are left out of the plan", () => {
  for (const { it: title, answer, policy = PRIVATE_ONLY, skipped } of CASES) {
    it(`of ${title}: ${skipped.length === 0 ? "none" : skipped.join(", ")}`, () => {
      const result = selectAddresses(
        answer.map((address) => ({ address })),
        policy,
      );
      assert.deepEqual(
        result.skipped,
        skipped.map((address) => ({ address })),
      );
      const selected = answer.filter((address) => !skipped.includes(address));
      assert.deepEqual(
        result.selected,
        selected.map((address) => ({ address })),
      );
    });
  }
});
