import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tap } from '../../src/link/tap.ts'
import { createWire } from '../../src/link/wire.ts'
import { createNet, type Net } from '../../src/net/net.ts'
import type { Socket } from '../../src/net/socket.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import { SERVER } from './support.ts'

interface World {
  clock: VirtualClock
  client: Net
  server: Net
  /** From now on nothing reaches the server. */
  cut: () => void
}

/** Two nets on a virtual clock; the line between them can be cut. */
function world(tcp: Partial<TcpConfig> = {}): World {
  const clock = new VirtualClock()
  let isCut = false
  const [a, b] = createWire(clock)
  const link = tap(b, { filter: () => !isCut })
  const server = createNet({ link: a, address: `${SERVER}/24`, scheduler: clock, tcp })
  const client = createNet({ link, address: '10.0.0.2/24', scheduler: clock, tcp })
  return { clock, client, server, cut: () => (isCut = true) }
}

/** Runs the clock for so long, and lets what waits for the event loop have its turn. */
async function pass(clock: VirtualClock, ms: number): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  clock.advance(ms)
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}

async function connected({ clock, client, server }: World, prepare: (socket: Socket) => void): Promise<Socket> {
  server.createServer((socket) => socket.resume().on('error', () => {})).listen(80)
  const socket = client.connect(80, SERVER)
  prepare(socket)
  await pass(clock, 100)
  assert.equal(socket.readyState, 'open')
  return socket
}

for (const [when, prepare, then] of [
  ['before it is connected', (socket: Socket) => socket.setKeepAlive(true, 5000), undefined],
  ['once it is', () => {}, (socket: Socket) => socket.setKeepAlive(true, 5000)],
] as const) {
  test(`setKeepAlive, called ${when}: a peer that is gone is noticed, ten seconds after the first probe`, async () => {
    const all = world()
    const socket = await connected(all, prepare)
    then?.(socket)
    const errors: NodeJS.ErrnoException[] = []
    socket.on('error', (error) => errors.push(error))
    all.cut()
    await pass(all.clock, 14_000)
    assert.deepEqual(errors, [])
    assert.ok(all.client.stack.counters.TCPKeepAlive > 5)
    await pass(all.clock, 1500)
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['ETIMEDOUT'],
    )
  })
}

test('without keep-alives, and with keep-alives turned off again, nothing is noticed', async () => {
  for (const prepare of [() => {}, (socket: Socket) => socket.setKeepAlive(true, 1000).setKeepAlive(false)]) {
    const all = world()
    const socket = await connected(all, prepare)
    all.cut()
    await pass(all.clock, 1e6)
    assert.equal(socket.readyState, 'open')
    assert.equal(all.client.stack.counters.TCPKeepAlive, 0)
  }
})

test('the option keepAlive is given to the sockets of a server', async () => {
  const all = world({ keepAliveIdle: 3000 })
  all.server.createServer({ keepAlive: true }, (socket) => socket.resume()).listen(80)
  const socket = all.client.connect(80, SERVER)
  await pass(all.clock, 4000)
  assert.equal(socket.readyState, 'open')
  assert.equal(all.server.stack.counters.TCPKeepAlive, 1)
})

test("'trouble' tells that the peer does not answer, and is no traffic", async () => {
  const all = world({ rtoMin: 1000, rtoMax: 1000 })
  const socket = await connected(all, () => {})
  const told: unknown[] = []
  let timeout = false
  socket.on('trouble', (what) => told.push(what))
  all.cut()
  socket.write('anybody there?')
  socket.setTimeout(3500, () => (timeout = true))
  await pass(all.clock, 3200)
  assert.deepEqual(told, ['retransmitting'])
  await pass(all.clock, 400)
  assert.equal(timeout, true)
})
