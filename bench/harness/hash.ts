import { fileURLToPath } from 'node:url'
import type { Figures, Peer } from './peer.ts'
import type { Metric, Work } from './work.ts'

const CLIENT = fileURLToPath(new URL('hash-client.ts', import.meta.url))

const METRICS: readonly Metric[] = [
  { name: 'receive', title: 'received', unit: 'Gbit/s', better: 'more' },
  { name: 'send', title: 'sent', unit: 'Gbit/s', better: 'more' },
]

/** Chance's octets one way, then the other, SHA-256 of the whole at both ends. Fails if they differ. */
export function hashed(peers: readonly Peer[]): Work {
  return {
    name: 'hashed',
    title: 'bulk with SHA-256 of the whole stream at both ends, which are equal',
    peers,
    setup: { offload: true, backlog: 128 },
    metrics: METRICS,
    slow: true,
    begin: async (running, { short }) => {
      const octets = short ? 2e8 : 1e9
      return async () => {
        const command = [process.execPath, '--import', 'tsx', CLIENT, running.host, String(octets)]
        return JSON.parse(await running.run(command, 60)) as Figures
      }
    },
  }
}
