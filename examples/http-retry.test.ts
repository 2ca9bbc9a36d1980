import assert from 'node:assert/strict'
import http from 'node:http'
import { test } from 'node:test'
// In your project: from 'estab/sim'.
import { createSimulation } from '../src/sim/index.ts'
import { getWithRetries } from './http-retry.ts'

test('the client gets its answer through loss, a server that fails, and a partition of 10 s', async () => {
  const sim = createSimulation({ seed: 2026 })
  const [client, server] = [sim.host('client'), sim.host('server')]
  sim.link(client, server, { delay: 40, loss: 0.1 })
  const partition = sim.partition([client], [server])
  sim.after(10_000, () => partition.heal())

  let requests = 0
  const site = http.createServer((_, response) => response.writeHead(++requests < 3 ? 503 : 200).end('here you are'))
  server.createServer((socket) => site.emit('connection', socket)).listen(80)

  const createConnection = () => client.connect(80, 'server')
  const sleep = (ms: number) => sim.sleep(ms)
  const answer = await sim.run(() => getWithRetries({ createConnection, timeout: 3000, tries: 9, sleep }))
  assert.equal(answer, 'here you are')
  assert.equal(requests, 3)
  assert.ok(sim.now() > 10_000 && sim.now() < 60_000)
})
