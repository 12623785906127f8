/**
 * Processor time that work takes, in milliseconds: unlike the time on the clock, it does not grow with what else the machine does. Only
 * for bounds that nothing but work of another order exceeds; other threads of this process count, too.
 */
export function processorMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
