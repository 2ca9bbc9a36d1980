/**
 * Seconds of CPU that `work` takes, user's and system's, of all threads: what others do on the machine meanwhile counts less
 * than with the clock on the wall.
 */
export async function cpuSeconds(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}
