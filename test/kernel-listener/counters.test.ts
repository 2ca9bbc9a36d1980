import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { kernelTest } from '../support/namespace.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'
import { EstabServer, LinuxServer, type Server } from './server.ts'

const PAGE = new URL('../../docs/differences-from-linux.md', import.meta.url)

/** `NAME linux → estab`, by scenario: what docs/differences-from-linux.md says under "Counters". */
const DOCUMENTED: ReadonlyMap<string, readonly string[]> = new Map(
  readFileSync(PAGE, 'utf8')
    .split('## Counters')[1]!
    .split('\n')
    .filter((line) => line.includes('→'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter(([, , counters]) => counters!.includes(' → ') && !counters!.startsWith('counters:'))
    .map(([, name, counters]) => [name!, counters!.split(', ').sort()]),
)

/** How much each counter has grown in the scenario. */
async function growth(server: Server, { run }: Scenario): Promise<Map<string, number>> {
  const before = server.counters()
  await run(server)
  await server.rest()
  return new Map([...server.counters()].map(([name, value]) => [name, value - before.get(name)!]))
}

for (const scenario of SCENARIOS) {
  kernelTest(import.meta.url, `counters as Linux has them, but for what is documented: ${scenario.name}`, async (t) => {
    const estab = await growth(new EstabServer(scenario.setup), scenario)
    const linux = await growth(await LinuxServer.open(t, scenario.setup), scenario)
    const common = [...estab.keys()].filter((name) => linux.has(name))
    assert.ok(common.length >= 25)
    const differences = common
      .filter((name) => linux.get(name) !== estab.get(name))
      .map((name) => `${name} ${linux.get(name)} → ${estab.get(name)}`)
    assert.deepEqual(differences.sort(), DOCUMENTED.get(scenario.name) ?? [])
  })
}

test('the documented differences are of events that are compared', () => {
  const names = SCENARIOS.map(({ name }) => name)
  assert.deepEqual(
    [...DOCUMENTED.keys()].filter((name) => !names.includes(name)),
    [],
  )
})
