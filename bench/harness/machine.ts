import { cpus, release } from 'node:os'
import { build } from './build.ts'
import { Namespace } from './namespace.ts'
import type { Machine } from './results.ts'

/** What figures depend on. */
export async function machine(): Promise<Machine> {
  const namespace = await Namespace.empty()
  try {
    return {
      cpu: cpus()[0]?.model ?? 'unknown CPU',
      cores: cpus().length,
      kernel: release(),
      node: process.version,
      congestionControl: JSON.parse(await namespace.run([await build('load'), 'congestion'], 10)).congestion,
      date: new Date().toISOString(),
    }
  } finally {
    await namespace.close()
  }
}

export function describe({ cpu, cores, kernel, node, congestionControl }: Machine): string {
  return `${cpu}, ${cores} cores, Linux ${kernel} (TCP with ${congestionControl}), Node ${node}`
}
