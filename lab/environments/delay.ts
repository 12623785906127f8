import type { LabNode } from "../topology.ts";

/** The device through which lab/environments/delay.py holds packets up. */
export const DELAY_DEVICE = "delay";
const [TABLE, PREFERENCE] = [7, 30];
/** The kernel's loose source validation passes nothing that comes in by an interface without an address. */
const ADDRESS = "169.254.1.5";

/** What comes from the agent's pod leaves by the device first, and comes in by it again, later. The kernel here has no netem. */
export const renderDelay = ({ agent }: LabNode): string =>
  [
    `addr add ${ADDRESS}/32 dev ${DELAY_DEVICE}`,
    `link set ${DELAY_DEVICE} up`,
    `route add default dev ${DELAY_DEVICE} table ${TABLE}`,
    `rule add pref ${PREFERENCE} iif ${agent.name} lookup ${TABLE}`,
    "",
  ].join("\n");

/** The device goes with its program, and its route with it. */
export const renderNoDelay = ({ agent }: LabNode): string => `rule del pref ${PREFERENCE} iif ${agent.name} lookup ${TABLE}\n`;
