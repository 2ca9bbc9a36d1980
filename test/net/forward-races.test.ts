/** Guests that give up, upstreams that answer too late, and both at once: nothing is left over. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createWire } from '../../src/link/wire.ts'
import type { Forward, ForwardOptions, IncomingConnection } from '../../src/net/forward.ts'
import { createNet, type Net } from '../../src/net/net.ts'
import type { Socket } from '../../src/net/socket.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { ACK, RST, SYN } from '../../src/wire/segment.ts'
import type { Fields } from '../host/hand-made-tcp.ts'
import { farEnd } from './support.ts'

const GUEST = '10.0.0.2'
const FAR = '198.51.100.7'
const ISN = 1000

interface Gateway {
  net: Net
  forward: Forward
  incoming: IncomingConnection[]
  /** When a segment was sent, its flags and the port it was for. */
  sent: string[]
  /** From the guest's port to port 443 of the far address. */
  guest(port: number, fields: Fields): void
  /** The guest's ACK of the last SYN,ACK. */
  acknowledge(port: number): void
  /** Moves the clock on, then lets promises run, and what follows from them. */
  pass(ms: number): Promise<void>
  /** Nothing may be left. */
  empty(): void
}

const syn: Fields = { flags: SYN, seq: ISN, mss: 1460 }
const reset: Fields = { flags: RST, seq: ISN + 1 }

function gateway(options: ForwardOptions = {}, handler: (incoming: IncomingConnection) => unknown = () => {}): Gateway {
  const clock = new VirtualClock()
  const [near, far] = createWire(clock, { offload: true })
  const net = createNet({ link: near, address: '10.0.0.1/24', scheduler: clock, tcp: { msl: 100 } })
  const incoming: IncomingConnection[] = []
  const forward = net.forward((one) => {
    incoming.push(one)
    return handler(one)
  }, options)
  const iss = new Map<number, number>()
  const { sent, send } = farEnd(far, clock, ({ flags, destinationPort, seq, source }) => {
    assert.equal(`${source}`, FAR)
    if ((flags & SYN) !== 0) iss.set(destinationPort, seq)
  })
  const guest = (port: number, fields: Fields): void =>
    send({ address: GUEST, port }, { address: FAR, port: 443 }, fields)
  return {
    net,
    forward,
    incoming,
    sent,
    guest,
    acknowledge: (port) => guest(port, { flags: ACK, seq: ISN + 1, ack: ((iss.get(port) ?? 0) + 1) >>> 0 }),
    async pass(ms) {
      clock.run(clock.now() + ms)
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
      clock.run(clock.now())
    },
    empty() {
      const { tcp } = net.stack
      assert.deepEqual([forward.pending, forward.listener.halfOpen, forward.listener.acceptQueueLength], [0, 0, 0])
      assert.equal(tcp.connections.size, 0)
    },
  }
}

/** What a socket says of itself, in order. */
function log(socket: Socket): string[] {
  const events: string[] = []
  for (const name of ['connect', 'end', 'close']) socket.on(name, () => events.push(name))
  socket.on('error', ({ code }: NodeJS.ErrnoException) => events.push(`error ${code}`))
  return events
}

test('the guest resets before there is an answer: the signal says so, and every answer comes too late', async () => {
  const here = gateway()
  for (const port of [4000, 4001, 4002]) here.guest(port, syn)
  assert.equal(here.forward.pending, 3)
  for (const port of [4000, 4001, 4002]) here.guest(port, reset)
  const [first, second, third] = here.incoming
  assert.deepEqual(
    here.incoming.map(({ signal }) => signal.reason.code),
    ['ECONNRESET', 'ECONNRESET', 'ECONNRESET'],
  )
  here.empty()
  const events = log(first!.accept())
  assert.deepEqual([second!.refuse(), third!.ignore()], [false, false])
  await here.pass(0)
  assert.deepEqual(events, ['error ECONNRESET', 'close'])
  assert.deepEqual(here.sent, [])
})

test('the guest resets after accept(), before its ACK: the socket fails, and its SYN,ACK does not go out again', async () => {
  const here = gateway()
  here.guest(4000, syn)
  const events = log(here.incoming[0]!.accept())
  await here.pass(100)
  here.guest(4000, reset)
  await here.pass(70_000)
  assert.deepEqual(events, ['error ECONNRESET', 'close'])
  assert.deepEqual(here.sent, ['0 S. to 4000'])
  assert.equal(here.incoming[0]!.signal.aborted, true)
  here.empty()
})

test('the guest never acknowledges: ETIMEDOUT when its entry has lived its life', async () => {
  const here = gateway({ synAckWaits: [1000, 2000] })
  here.guest(4000, syn)
  const events = log(here.incoming[0]!.accept())
  await here.pass(2999)
  assert.deepEqual(events, [])
  await here.pass(1)
  assert.deepEqual(events, ['error ETIMEDOUT', 'close'])
  assert.deepEqual(here.sent, ['0 S. to 4000', '1000 S. to 4000'])
  here.empty()
})

test('nobody answers: the guest is forgotten in silence after deferTimeout, and its next SYN is another', async () => {
  const here = gateway({ deferTimeout: 700 })
  here.guest(4000, syn)
  await here.pass(700)
  assert.equal(here.incoming[0]!.signal.reason.code, 'ETIMEDOUT')
  here.empty()
  here.guest(4000, syn)
  assert.equal(here.incoming.length, 2)
  const events = log(here.incoming[0]!.accept())
  await here.pass(0)
  assert.deepEqual(events, ['error ETIMEDOUT', 'close'])
  assert.deepEqual(here.sent, [], 'the late answer is not for the one that came later')
  assert.equal(here.incoming[1]!.refuse(), true)
  await here.pass(0)
  assert.deepEqual(here.sent, ['700 R. to 4000'])
  here.empty()
})

test('both at once: the answer is given in the turn in which the deadline has passed', async () => {
  const here = gateway({ deferTimeout: 700 })
  here.guest(4000, syn)
  const { scheduler } = here.net.driver
  const late: unknown[] = []
  // Before the driver has looked at the clock.
  scheduler.at(700, () => {
    const socket = here.incoming[0]!.accept()
    late.push(...log(socket), socket.destroyed)
    socket.on('error', ({ code }: NodeJS.ErrnoException) => late.push(code))
  })
  await here.pass(700)
  await here.pass(0)
  assert.deepEqual(late, [true, 'ETIMEDOUT'])
  here.empty()
})

test('the socket is destroyed before the guest acknowledges: its ACK is answered with a RST', async () => {
  const here = gateway()
  here.guest(4000, syn)
  const socket = here.incoming[0]!.accept()
  const events = log(socket)
  await here.pass(0)
  socket.destroy()
  here.acknowledge(4000)
  await here.pass(0)
  assert.deepEqual(events, ['close'])
  assert.deepEqual(here.sent, ['0 S. to 4000', '0 R. to 4000'])
  here.empty()
})

test('the guest acknowledges and resets in one batch: the socket hears of both', async () => {
  const here = gateway()
  here.guest(4000, syn)
  const socket = here.incoming[0]!.accept()
  const events = log(socket)
  await here.pass(0)
  const original = here.net.driver.onEvent
  // Nothing is told before both have come.
  const held: (() => void)[] = []
  here.net.driver.onEvent = (event) => {
    if (event.type === 'acceptable') held.push(() => original({ type: 'acceptable', listener: event.listener }))
    else original(event)
  }
  here.acknowledge(4000)
  here.guest(4000, reset)
  for (const tell of held) tell()
  await here.pass(0)
  assert.equal(events.at(-1), 'close')
  assert.ok(events.includes('error ECONNRESET'), `${events}`)
  here.empty()
})

test('each is answered once', () => {
  const here = gateway()
  here.guest(4000, syn)
  const [incoming] = here.incoming
  incoming!.refuse()
  for (const again of [() => incoming!.accept(), () => incoming!.refuse(), () => incoming!.ignore()]) {
    assert.throws(again, { code: 'ERR_INVALID_STATE' })
  }
})

test('beyond the backlog SYNs are ignored, and find room later', async () => {
  const here = gateway({ backlog: 2 })
  for (const port of [4000, 4001, 4002]) here.guest(port, syn)
  assert.equal(here.incoming.length, 2)
  here.incoming[0]!.ignore()
  here.guest(4002, syn)
  assert.equal(here.incoming.length, 3)
  assert.equal(here.forward.pending, 2)
})

test('a handler that throws or rejects refuses; its error is not swallowed', async (t) => {
  const rejections: unknown[] = []
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', (reason) => rejections.push(reason))
  t.after(() => {
    process.removeAllListeners('unhandledRejection')
    for (const other of others) process.on('unhandledRejection', other)
  })
  const failure = new Error('no upstream')
  const throwing = gateway({}, () => {
    throw failure
  })
  assert.throws(() => throwing.guest(4000, syn), failure)
  await throwing.pass(0)
  assert.deepEqual(throwing.sent, ['0 R. to 4000'])
  throwing.empty()
  const rejecting = gateway({}, () => Promise.reject(failure))
  rejecting.guest(4000, syn)
  await rejecting.pass(0)
  assert.deepEqual(rejecting.sent, ['0 R. to 4000'])
  rejecting.empty()
  assert.deepEqual(rejections, [failure])
})

test('close() and the end of the link tell all that wait', async () => {
  for (const [end, code] of [
    [(here: Gateway) => here.forward.close(), 'ECONNABORTED'],
    [(here: Gateway) => here.net.close(), 'ECONNABORTED'],
  ] as const) {
    const here = gateway()
    here.guest(4000, syn)
    here.guest(4001, syn)
    const events = log(here.incoming[1]!.accept())
    await here.pass(0)
    end(here)
    await here.pass(0)
    assert.deepEqual([here.incoming[0]!.signal.reason.code, here.forward.pending], [code, 0])
    assert.deepEqual(events, [`error ${code}`, 'close'])
  }
})

const ACTIONS = ['syn', 'reset', 'acknowledge', 'accept', 'refuse', 'ignore', 'destroy', 'wait', 'turn'] as const

test('whatever guests and the application do, in whatever order: each socket closes once, and nothing is left', async () => {
  const step = fc.record({ action: fc.constantFrom(...ACTIONS), port: fc.constantFrom(4000, 4001, 4002) })
  const run = async (steps: { action: (typeof ACTIONS)[number]; port: number }[]): Promise<void> => {
    const here = gateway({ backlog: 2, deferTimeout: 700, synAckWaits: [300, 600] })
    const accepted: { port: number; socket: Socket; events: string[] }[] = []
    for (const { action, port } of steps) {
      const last = here.incoming.findLast(({ remotePort, isAnswered }) => remotePort === port && !isAnswered)
      if (action === 'syn') here.guest(port, syn)
      else if (action === 'reset') here.guest(port, reset)
      else if (action === 'acknowledge') here.acknowledge(port)
      else if (action === 'wait') await here.pass(250)
      else if (action === 'turn') await here.pass(0)
      else if (action === 'destroy') accepted.findLast((one) => one.port === port)?.socket.destroy()
      else if (action === 'accept' && last !== undefined) {
        const socket = last.accept()
        accepted.push({ port, socket, events: log(socket) })
      } else if (action !== 'accept') last?.[action]()
    }
    await here.pass(1000)
    for (const port of [4000, 4001, 4002]) here.guest(port, reset)
    await here.pass(200_000)
    here.empty()
    for (const { events } of accepted) assert.equal(events.filter((name) => name === 'close').length, 1, `${events}`)
  }
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), run), { numRuns: 150 })
})
