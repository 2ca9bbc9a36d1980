import { differs, type NodeNet, same } from './harness.ts'
import { modulePrograms } from './programs/module.ts'
import { argumentPrograms } from './programs/server-arguments.ts'
import { closingPrograms } from './programs/server-closing.ts'
import { connectionPrograms } from './programs/server-connections.ts'
import { listeningPrograms } from './programs/server-listening.ts'
import type { Program } from './programs/server-tools.ts'

/** What differs on purpose, by the entry in docs/differences-from-node-net.md. */
const DIFFERENT: Record<string, string> = {
  'the default highWaterMark': 'High-water marks',
}

const programs: readonly (readonly [string, Program])[] = [
  ...argumentPrograms,
  ...listeningPrograms,
  ...closingPrograms,
  ...connectionPrograms,
  ...modulePrograms,
]

for (const [name, program] of programs) {
  const run = (net: NodeNet, tools: Parameters<Parameters<typeof same>[1]>[1]): unknown =>
    program(net, (...values) => tools.log('program', ...values))
  const entry = DIFFERENT[name]
  if (entry === undefined) same(name, run)
  else differs(name, entry, run, 22)
}
