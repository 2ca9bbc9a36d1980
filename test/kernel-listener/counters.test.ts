import { test } from 'node:test'
import { kernelTest } from '../support/namespace.ts'
import { SCENARIOS } from './scenarios.ts'
import { EstabServer, LinuxServer, type Server } from './server.ts'

/** How much each counter has grown in the scenario. */
async function growth(server: Server, run: (server: Server) => Promise<void>): Promise<Map<string, number>> {
  const before = server.counters()
  await run(server)
  return new Map([...server.counters()].map(([name, value]) => [name, value - before.get(name)!]))
}

for (const { name, setup, run } of SCENARIOS) {
  kernelTest(import.meta.url, `the same counters as Linux: ${name}`, async (t) => {
    const linux = await growth(await LinuxServer.open(t, setup), run)
    const estab = await growth(new EstabServer(setup), run)
    for (const [counter, value] of estab) {
      if (linux.has(counter) && linux.get(counter) !== value) console.error(`DIFF | ${name} | ${counter} | ${linux.get(counter)} | ${value} |`)
    }
  })
}
void test
