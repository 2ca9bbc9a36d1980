import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import { pipeline } from 'node:stream/promises'
import test from 'node:test'
import { createSimulation, type Simulation } from '../../src/sim/index.ts'
import type { SimulatedHost } from '../../src/sim/simulated-host.ts'

interface Pair {
  sim: Simulation
  a: SimulatedHost
  b: SimulatedHost
}

function pair(options: Parameters<typeof createSimulation>[0] = {}, delay = 10): Pair {
  const sim = createSimulation({ seed: 1, ...options })
  const [a, b] = [sim.host('a'), sim.host('b')]
  sim.link(a, b, { delay })
  return { sim, a, b }
}

test('run: what the body awaits happens, in virtual time', async () => {
  const { sim, a, b } = pair()
  const answer = await sim.run(async () => {
    b.createServer((socket) => socket.end('hello')).listen(80)
    let text = ''
    for await (const chunk of a.connect(80, 'b')) text += chunk
    return text
  })
  assert.equal(answer, 'hello')
  // SYN, SYN,ACK, and with the ACK's round trip the word and the FIN.
  assert.ok(sim.now() >= 30 && sim.now() < 100, `${sim.now()}`)
})

test('time moves only when nothing else does: promises, nextTick, setImmediate and streams first', async () => {
  const { sim } = pair()
  const order: string[] = []
  await sim.run(async () => {
    sim.timers.setTimeout(() => order.push('timer'), 1)
    for (let i = 0; i < 100; i++) await null
    order.push('100 promises')
    await new Promise<void>((resolve) => process.nextTick(resolve))
    order.push('nextTick')
    await new Promise((resolve) => setImmediate(resolve))
    order.push('setImmediate')
    assert.equal(sim.now(), 0)
    await sim.sleep(1)
  })
  assert.deepEqual(order, ['100 promises', 'nextTick', 'setImmediate', 'timer'])
})

test('until: a promise, a predicate, several at once, within run and without', async () => {
  const { sim } = pair()
  let ready = false
  sim.after(100, () => {})
  sim.after(500, () => {
    ready = true
  })
  const [word] = await Promise.all([
    sim.until(sim.sleep(300).then(() => 'slept')),
    sim.until(() => ready),
    sim.run(async () => {
      await sim.until(() => sim.now() >= 100)
      assert.equal(sim.now(), 100)
    }),
  ])
  assert.equal(word, 'slept')
  assert.equal(sim.now(), 500)
  await sim.until(() => true)
  assert.equal(sim.now(), 500)
})

test('what can never happen any more is said, with what there is', async () => {
  const { sim, a, b } = pair()
  const never = sim.run(async () => {
    b.createServer(() => {}).listen(80)
    const socket = a.connect(80, 'b')
    await new Promise((resolve) => socket.once('connect', resolve))
    await sim.until(new Promise(() => {}), { label: 'the greeting' })
  })
  await assert.rejects(never, (error: Error) => {
    assert.match(error.message, /^at \d\.\d{3} s the greeting is waited for, and nothing is left to happen/)
    assert.match(
      error.message,
      /a: 10\.0\.0\.1:\d+ > 10\.0\.0\.2:80 ESTABLISHED, 0 octets to be read, 0 not acknowledged/,
    )
    assert.match(error.message, /seed 1, at .* the last packets:\n.*a > b sent .* S 0|\d+:/)
    return true
  })
})

test('what takes too long is given up, at its time', async () => {
  const { sim } = pair()
  const ticks = sim.timers.setInterval(() => {}, 10)
  await assert.rejects(
    sim.until(new Promise(() => {}), { within: 1234 }),
    /1\.234 s a promise took longer than 1234 ms/,
  )
  assert.equal(sim.now(), 1234)
  await assert.rejects(
    sim.run(() => new Promise(() => {})),
    /longer than 3600000 ms/,
  )
  sim.timers.clearInterval(ticks)
})

test('an error of the body comes out as it is, with the seed and the last packets', async () => {
  const { sim, a, b } = pair({ seed: 4711 })
  class Own extends Error {}
  const run = sim.run(async () => {
    b.createServer(() => {}).listen(80)
    await new Promise((resolve) => a.connect(80, 'b').once('connect', resolve))
    throw new Own('it broke')
  })
  await assert.rejects(run, (error: Error & { simulation?: { seed: number; trace: string } }) => {
    assert.ok(error instanceof Own)
    assert.match(error.message, /^it broke\n\nseed 4711, at 0\.\d+ s; the last packets:\n[\s\S]*a > b sent/)
    assert.match(error.stack ?? '', /seed 4711[\s\S]*simulation\.test/)
    assert.equal(error.simulation?.seed, 4711)
    return true
  })
  // It can be run on.
  assert.equal(await sim.run(() => 'on'), 'on')
})

test('an error thrown by a callback of the clock ends the run', async () => {
  const { sim } = pair()
  const run = sim.run(async () => {
    sim.after(5, () => {
      throw new TypeError('in a callback')
    })
    await sim.sleep(10)
  })
  await assert.rejects(run, { name: 'TypeError', message: /^in a callback/ })
})

test('outside: virtual time waits for what is real', async () => {
  const { sim } = pair()
  const late = sim.timers.setTimeout(() => assert.fail('time went on'), 1)
  await sim.run(async () => {
    const text = await sim.outside(readFile(new URL(import.meta.url), 'utf8'))
    assert.match(text, /what is real/)
    assert.equal(sim.now(), 0)
    sim.timers.clearTimeout(late)
  })
})

test('node:http, unchanged, over a lossy link', async () => {
  const sim = createSimulation({ seed: 5 })
  const [a, b] = [sim.host('a'), sim.host('b')]
  sim.link(a, b, { delay: 20, loss: 0.05 })
  const body = Buffer.alloc(100_000, 'estab ')
  const got = await sim.run(async () => {
    const server = http.createServer((incoming, response) => void pipeline(incoming, response))
    server.on('connection', () => {})
    b.createServer((socket) => server.emit('connection', socket)).listen(80)
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      const options = { method: 'POST', host: 'b', createConnection: () => a.connect(80, 'b') }
      http.request(options, resolve).on('error', reject).end(body)
    })
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks)
  })
  assert.ok(got.equals(body))
})

test('idle: until connections have ended and TIME-WAIT is over', async () => {
  const { sim, a, b } = pair()
  await sim.run(async () => {
    b.createServer((socket) => socket.end()).listen(80)
    const socket = a.connect(80, 'b').resume()
    await new Promise((resolve) => socket.once('close', resolve))
  })
  assert.ok(sim.now() < 1000)
  await sim.idle()
  assert.ok(sim.now() >= 60_000)
  assert.equal(a.stack.tcp.connections.size + b.stack.tcp.connections.size, 0)
})

test('progress of long runs', async () => {
  const reports: number[] = []
  const { sim } = pair({ progress: ({ at }) => reports.push(at), progressEvery: { virtual: 60_000, wall: 1e9 } })
  const ticks = sim.timers.setInterval(() => {}, 1000)
  await sim.sleep(300_000)
  sim.timers.clearInterval(ticks)
  assert.deepEqual(reports.slice(0, 4), [60_000, 120_000, 180_000, 240_000])
})
