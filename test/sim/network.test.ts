import assert from 'node:assert/strict'
import test from 'node:test'
import { createSimulation, Network } from '../../src/sim/index.ts'
import type { SimulatedHost } from '../../src/sim/simulated-host.ts'
import { Switch } from '../../src/sim/switch.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { join, Probe, udpPacket } from './support.ts'

const echo = (host: SimulatedHost): unknown =>
  host.createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(7)

/** Sends a word to a host that echoes, and says what comes back, or the error's code. */
async function ask(from: SimulatedHost, to: string, word = 'hello'): Promise<string | undefined> {
  const socket = from.connect(7, to)
  socket.end(word)
  try {
    let text = ''
    for await (const chunk of socket) text += chunk
    return text
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
}

test('a switch floods what it does not know, and learns', () => {
  const clock = new VirtualClock()
  const device = new Switch('s')
  const probes = ['a', 'b', 'c'].map((name) => new Probe(name))
  for (const probe of probes) join(clock, device.newPort(), probe.port)
  const [a, b, c] = probes as [Probe, Probe, Probe]
  const send = (from: Probe, source: string, destination: string): number[] => {
    from.send(udpPacket({ source, destination }))
    clock.run()
    return probes.map((probe) => probe.packets.splice(0).length)
  }
  assert.deepEqual(send(a, '10.0.0.1', '10.0.0.2'), [0, 1, 1])
  assert.deepEqual(send(b, '10.0.0.2', '10.0.0.1'), [1, 0, 0])
  assert.deepEqual(send(a, '10.0.0.1', '10.0.0.2'), [0, 1, 0])
  assert.deepEqual(send(c, '10.0.0.3', '224.0.0.1'), [1, 1, 0])
  // The host has moved.
  assert.deepEqual(send(c, '10.0.0.2', '10.0.0.1'), [1, 0, 0])
  assert.deepEqual(send(a, '10.0.0.1', '10.0.0.2'), [0, 0, 1])
})

test('hosts on a switch and behind routers reach each other by name, over both families', async () => {
  const sim = createSimulation({ seed: 1 })
  const [a, b, c] = [sim.host('a'), sim.host('b'), sim.host('c')]
  const lan = sim.switch('lan')
  const [near, far] = [sim.router('near'), sim.router('far')]
  sim.link(a, lan)
  sim.link(b, lan)
  sim.link(lan, near)
  sim.link(near, far, { delay: 30 })
  sim.link(far, c)
  const answers = await sim.run(() => {
    for (const host of [b, c]) echo(host)
    return Promise.all([ask(a, 'b'), ask(a, 'c'), ask(b, c.addresses[1]!), ask(a, c.address), ask(a, 'nobody')])
  })
  assert.deepEqual(answers, ['hello', 'hello', 'hello', 'hello', 'ENOTFOUND'])
})

test('a link that flaps goes down as often as it is told, and what was sent comes in the end', async () => {
  const sim = createSimulation({ seed: 1 })
  const [a, b] = [sim.host('a'), sim.host('b')]
  const link = sim.link(a, b, { delay: 10, rate: 1_000_000 })
  const states: string[] = []
  for (let at = 50; at < 1000; at += 100) sim.after(at, () => states.push(link.isUp ? 'up' : 'down'))
  link.flap({ up: 100, down: 200, times: 2 })
  const answer = await sim.run(async () => {
    echo(b)
    const answer = await ask(a, 'b', 'x'.repeat(50_000))
    await sim.sleep(1000)
    return answer
  })
  assert.equal(answer?.length, 50_000)
  assert.equal(states.join(' '), 'up down down up down down up up up up')
  assert.ok(link.forward.counters.down > 0)
})

test('a partition separates groups, and nobody else, until it is healed', async () => {
  const sim = createSimulation({ seed: 1 })
  const hosts = ['a', 'b', 'c'].map((name) => sim.host(name, { tcp: { connectTimeout: 2000 } }))
  const [a, b, c] = hosts as [SimulatedHost, SimulatedHost, SimulatedHost]
  const lan = sim.switch('lan')
  for (const host of hosts) sim.link(host, lan, { delay: 1 })
  await sim.run(async () => {
    for (const host of hosts) echo(host)
    const partition = sim.partition([a], [b])
    assert.deepEqual(await Promise.all([ask(a, 'b'), ask(b, 'a'), ask(a, 'c'), ask(c, 'b')]), [
      'ETIMEDOUT',
      'ETIMEDOUT',
      'hello',
      'hello',
    ])
    partition.heal()
    assert.equal(await ask(a, 'b'), 'hello')
  })
})

test('one direction can be lost alone', async () => {
  const sim = createSimulation({ seed: 1 })
  const [a, b] = [sim.host('a', { tcp: { connectTimeout: 1500 } }), sim.host('b')]
  const link = sim.link(a, b, { backward: { loss: 1 } })
  await sim.run(async () => {
    echo(b)
    assert.equal(await ask(a, 'b'), 'ETIMEDOUT')
  })
  assert.ok(link.forward.counters.delivered > 0)
  assert.equal(link.backward.counters.delivered, 0)
})

test('what is made twice is refused', () => {
  const network = new Network()
  const [a, b, c] = [network.bareHost('a'), network.bareHost('b'), network.bareHost('c')]
  assert.throws(() => network.bareHost('a'), { code: 'ERR_INVALID_ARG_VALUE', message: /"a"/ })
  network.link(a, b)
  assert.throws(() => network.link(a, c), { code: 'ERR_INVALID_ARG_VALUE', message: /a switch or a router/ })
  assert.throws(() => network.nat('n', { address: 'fd00::1' }), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.throws(() => createSimulation({ seed: 0.5 }), { code: 'ERR_OUT_OF_RANGE' })
})
