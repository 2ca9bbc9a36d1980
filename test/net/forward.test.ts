/** A gateway: a guest's connections to any address and port, carried on by the application. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import { createSimulation, type Simulation } from '../../src/sim/index.ts'
import type { SimulatedHost } from '../../src/sim/simulated-host.ts'
import { collect, event, listening, pattern } from './support.ts'

const FAR = '198.51.100.7'
const FAR6 = '2001:db8::7'

interface Site {
  sim: Simulation
  guest: SimulatedHost
  /** The gateway's two sides. */
  inside: SimulatedHost
  outside: SimulatedHost
  server: SimulatedHost
}

function site(loss = 0): Site {
  const sim = createSimulation({ seed: 3 })
  const tcp = { msl: 100 }
  const [guest, inside, outside] = [
    sim.host('guest', { tcp }),
    sim.host('inside', { tcp }),
    sim.host('outside', { tcp }),
  ]
  const server = sim.host('server', { addresses: [`${FAR}/24`, `${FAR6}/64`], tcp })
  sim.link(guest, inside, { delay: 5, loss })
  sim.link(outside, server, { delay: 20, loss })
  return { sim, guest, inside, outside, server }
}

/** Whatever the guest wants, as if it were outside. */
function gateway({ inside, outside }: Site): ReturnType<SimulatedHost['forward']> {
  return inside.forward((incoming) => {
    const upstream = outside.connect({ host: incoming.localAddress, port: incoming.localPort, allowHalfOpen: true })
    const refuse = (): unknown => incoming.refuse()
    upstream.once('error', refuse)
    incoming.signal.addEventListener('abort', () => upstream.destroy())
    upstream.once('connect', () => {
      upstream.off('error', refuse)
      const guest = incoming.accept({ allowHalfOpen: true })
      pipeline(guest, upstream, guest).catch(() => {})
    })
  })
}

function tables({ stack }: SimulatedHost): number[] {
  const { listening, connections } = stack.tcp
  return [
    connections.size,
    ...listening.listeners.all.map(({ halfOpen, acceptQueueLength }) => halfOpen + acceptQueueLength),
  ]
}

/** Runs until nothing is left to happen: nothing may be left over. */
async function finish({ sim, guest, inside, outside }: Site, forward: { pending: number }): Promise<void> {
  await sim.idle()
  assert.equal(forward.pending, 0)
  for (const host of [guest, inside, outside])
    assert.deepEqual(
      tables(host).filter((count) => count > 0),
      [],
      host.name,
    )
}

test('a connection to any address and port is carried on: an echo of 1 MiB over lines that lose, half-close included', async () => {
  const here = site(0.01)
  const forward = gateway(here)
  await here.sim.run(async () => {
    await listening(
      here.server.createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)),
      443,
    )
    const socket = here.guest.connect({ host: FAR, port: 443, allowHalfOpen: true })
    const octets = pattern(1024 * 1024)
    socket.end(octets)
    socket.once('connect', () => assert.deepEqual([socket.remoteAddress, socket.remotePort], [FAR, 443]))
    const came = await collect(socket)
    const hash = (of: Buffer): string => createHash('sha256').update(of).digest('hex')
    assert.equal(hash(came), hash(octets))
  })
  await finish(here, forward)
})

test('the handler sees both ends and the SYN; the socket has the same ends once it is connected', async () => {
  const { sim, guest, inside } = site()
  const seen: unknown[] = []
  inside.forward((incoming) => {
    const { localAddress, localPort, remoteAddress, remotePort, syn } = incoming
    seen.push([localAddress, localPort, remoteAddress, remotePort, syn.mss, syn.sackPermitted, typeof syn.windowScale])
    const socket = incoming.accept()
    seen.push([socket.connecting, socket.pending, socket.remoteAddress])
    socket.once('connect', () => {
      seen.push([socket.connecting, socket.localAddress, socket.localPort, socket.remoteAddress, socket.remotePort])
      socket.end('welcome')
    })
  })
  await sim.run(async () => {
    const socket = guest.connect(8443, FAR6)
    let port: number | undefined
    socket.once('connect', () => {
      port = socket.localPort
    })
    assert.equal((await collect(socket)).toString(), 'welcome')
    assert.deepEqual(seen, [
      [FAR6, 8443, 'fd00::1', port, 1440, true, 'number'],
      [true, true, undefined],
      [false, FAR6, 8443, 'fd00::1', port],
    ])
  })
})

test('what is written before the guest has acknowledged waits for it', async () => {
  const { sim, guest, inside } = site()
  inside.forward((incoming) => incoming.accept().end('at once'))
  await sim.run(async () => assert.equal((await collect(guest.connect(1, FAR))).toString(), 'at once'))
})

test('a refusal is a RST: the guest hears "connection refused" when upstream has', async () => {
  const here = site()
  const forward = gateway(here)
  await here.sim.run(async () => {
    const [error] = (await event(here.guest.connect(81, FAR), 'error')) as [NodeJS.ErrnoException]
    assert.deepEqual([error.code, Reflect.get(error, 'address')], ['ECONNREFUSED', FAR])
  })
  assert.ok(here.sim.now() < 1000)
  await finish(here, forward)
})

test('an upstream that never answers: the guest is forgotten after deferTimeout, its attempt upstream with it', async () => {
  const here = site()
  const reasons: unknown[] = []
  const forward = here.inside.forward(
    (incoming) => {
      const upstream = here.outside.connect(80, '203.0.113.1')
      upstream.on('error', () => {})
      incoming.signal.addEventListener('abort', () => {
        reasons.push(here.sim.now(), incoming.signal.reason.code)
        upstream.destroy()
      })
    },
    { deferTimeout: 500 },
  )
  await here.sim.run(async () => {
    const socket = here.guest.connect(80, FAR)
    socket.on('error', () => {})
    await here.sim.sleep(600)
    assert.deepEqual(reasons, [505, 'ETIMEDOUT'])
    assert.equal(here.outside.stack.tcp.connections.size, 0)
    assert.equal(forward.pending, 0)
    // Its SYN comes again after 1 s: another one.
    await here.sim.sleep(600)
    assert.equal(forward.pending, 1)
    socket.destroy()
  })
  await finish(here, forward)
})

test('ignored, the guest is told nothing, and its next SYN asks again', async () => {
  const here = site()
  const at: number[] = []
  const forward = here.inside.forward((incoming) => {
    at.push(here.sim.now())
    if (at.length < 3) assert.equal(incoming.ignore(), true)
    else incoming.accept().end()
  })
  await here.sim.run(() => collect(here.guest.connect(80, FAR)))
  assert.deepEqual(at, [5, 1005, 3005])
  await finish(here, forward)
})

test('own servers go first; other addresses than one host or a loopback are not answered for', async () => {
  const { sim, guest, inside } = site()
  const asked: string[] = []
  inside.forward((incoming) => {
    asked.push(`${incoming.localAddress}:${incoming.localPort}`)
    incoming.refuse()
  })
  await sim.run(async () => {
    await listening(inside.createServer((socket) => socket.end('its own')))
    assert.equal((await collect(guest.connect(80, inside.address))).toString(), 'its own')
    await event(guest.connect(81, inside.address), 'error')
    await event(guest.connect(80, FAR), 'error')
    const loopback = guest.connect(80, '127.0.0.1')
    loopback.on('error', () => {})
    await assert.rejects(guest.ping(FAR, { timeout: 100 }))
    await sim.sleep(100)
    loopback.destroy()
  })
  assert.deepEqual(asked, [`${inside.address}:81`, `${FAR}:80`])
})

test('after close() connections go on, to their end; nobody else is answered', async () => {
  const here = site()
  const { sim, guest, inside } = here
  const forward = inside.forward((incoming) => {
    const socket = incoming.accept({ allowHalfOpen: true })
    socket.pipe(socket)
  })
  assert.throws(() => inside.forward(() => {}), { code: 'EADDRINUSE' })
  await sim.run(async () => {
    const socket = guest.connect({ host: FAR, port: 7, allowHalfOpen: true })
    await event(socket, 'connect')
    await sim.sleep(100)
    forward.close()
    forward.close()
    socket.end('still here')
    assert.equal((await collect(socket)).toString(), 'still here')
    await sim.sleep(1000)
    assert.equal(inside.stack.tcp.listening.anywhere.isReached, false)
    const late = guest.connect(7, FAR)
    late.on('error', () => {})
    await sim.sleep(2000)
    assert.equal(late.connecting, true)
    late.destroy()
  })
  const again = inside.forward(() => {})
  again.close()
  await finish(here, forward)
})

test('a router that finds a packet too big for the way to the guest is heard, though it writes to an address of others', async () => {
  const sim = createSimulation({ seed: 5 })
  const inside = sim.host('inside', { addresses: ['10.0.1.1/24'] })
  const guest = sim.host('guest', { addresses: ['10.0.2.2/24'] })
  const router = sim.router('router')
  sim.link(inside, router, { delay: 1 })
  sim.link(guest, router, { delay: 1, mtu: 700 })
  router.route(`${FAR}/32`, inside.interface)
  const octets = pattern(20_000)
  inside.forward((incoming) => incoming.accept().end(octets))
  await sim.run(async () => assert.ok((await collect(guest.connect(80, FAR))).equals(octets)))
  // By retransmission timeouts alone it would take seconds to find out.
  assert.ok(sim.now() < 200, `${sim.now()}`)
})
