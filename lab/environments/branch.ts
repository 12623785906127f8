import type { LabNode } from "../topology.ts";

/** The table that only what comes in from the VPC looks into. */
const [TABLE, PREFERENCE] = [100, 20];

/**
 * The agent's pod gets a branch interface in strict mode, as far as routes go: the node itself does not know the way to the pod any more, only
 * what comes from the VPC is led to it. So an answer from the node, too, leaves for the VPC, and comes back by way of the NLB.
 *
 * @see aws/amazon-vpc-cni-k8s, docs of POD_SECURITY_GROUP_ENFORCING_MODE: its rules send what comes from a branch interface, and what goes
 * to its pod, into a table of its own.
 */
export const renderBranch = ({ agent }: LabNode): string =>
  [
    `route add ${agent.address}/32 dev ${agent.name} table ${TABLE}`,
    `rule add pref ${PREFERENCE} iif eth0 to ${agent.address}/32 lookup ${TABLE}`,
    `route del ${agent.address}/32 dev ${agent.name}`,
    "",
  ].join("\n");

export const renderNoBranch = ({ agent }: LabNode): string =>
  [
    `route add ${agent.address}/32 dev ${agent.name}`,
    `rule del pref ${PREFERENCE} iif eth0 to ${agent.address}/32 lookup ${TABLE}`,
    `route del ${agent.address}/32 dev ${agent.name} table ${TABLE}`,
    "",
  ].join("\n");
