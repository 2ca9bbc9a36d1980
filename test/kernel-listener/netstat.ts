/** What the kernel tells about its TCP in this network namespace, and how that is set. */
import { readFileSync, writeFileSync } from 'node:fs'

/** Counters of `/proc/net/snmp` (Tcp) and `/proc/net/netstat` (TcpExt), by name. */
export function kernelCounters(): Map<string, number> {
  const counters = new Map<string, number>()
  for (const file of ['/proc/net/snmp', '/proc/net/netstat']) {
    const lines = readFileSync(file, 'utf8').split('\n')
    for (let i = 0; i + 1 < lines.length; i += 2) {
      const [kind, ...names] = lines[i]!.split(' ')
      if (kind !== 'Tcp:' && kind !== 'TcpExt:') continue
      const values = lines[i + 1]!.split(' ').slice(1)
      for (const [at, name] of names.entries()) counters.set(name, Number(values[at]))
    }
  }
  return counters
}

/** `sysctl -w net.ipv4.NAME=VALUE` in this namespace. */
export function setKernel(name: string, value: number): void {
  writeFileSync(`/proc/sys/net/ipv4/${name}`, String(value))
}

/** Half-open connections of a kernel listener. */
export function kernelHalfOpens(port: number): number {
  const SYN_RECV = '03'
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, address, , state]) => address?.endsWith(local) === true && state === SYN_RECV).length
}
