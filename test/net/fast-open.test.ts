/** TCP Fast Open (RFC 7413) through sockets and servers, on a wire whose clock is the test's. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createWire } from '../../src/link/wire.ts'
import { createNet, type Net } from '../../src/net/net.ts'
import type { ConnectOptions } from '../../src/net/options.ts'
import type { ServerEstabOptions } from '../../src/net/server-options.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { CookieKeyRing } from '../../src/tcp/cookie-keys.ts'
import { CLIENT, SERVER } from './support.ts'

/** One way, ms. */
const DELAY = 50

const FAST = { estab: { fastOpen: true } }

interface Line {
  server: Net
  client: Net
  clock: VirtualClock
  /** Lets time pass, and promises and streams run in between. */
  pass(ms: number): Promise<void>
}

function line(t: TestContext): Line {
  const clock = new VirtualClock()
  const [a, b] = createWire(clock, { delay: DELAY })
  const server = createNet({ link: a, address: `${SERVER}/24`, scheduler: clock })
  const client = createNet({ link: b, address: `${CLIENT}/24`, scheduler: clock })
  t.after(() => {
    client.close()
    server.close()
  })
  const pass = async (ms: number): Promise<void> => {
    // `connect` begins once what called it is done.
    await new Promise((resolve) => setImmediate(resolve))
    for (const end = clock.now() + ms; clock.now() < end; ) {
      clock.run(clock.now() + 1)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { server, client, clock, pass }
}

interface Visit {
  /** What the server read, when, and in which state. */
  read: string
  readAt: number
  state: string | undefined
  /** When the client had its answer. */
  answeredAt: number
}

/** A client that sends `text` with its connect, and an echoing server; times count from the connect. */
function visits({ server, client, clock, pass }: Line, estab: ServerEstabOptions) {
  let visit: Visit | undefined
  let began = 0
  server
    .createServer({ estab, allowHalfOpen: true }, (socket) => {
      socket.on('data', (octets) => {
        Object.assign(visit!, { read: visit!.read + octets, readAt: clock.now() - began, state: socket.estab.state })
        socket.write(octets)
      })
      socket.on('end', () => socket.end())
    })
    .listen(80)
  return async (text: string, options: Partial<ConnectOptions> = FAST): Promise<Visit> => {
    began = clock.now()
    const current: Visit = { read: '', readAt: 0, state: undefined, answeredAt: 0 }
    visit = current
    const socket = client.connect({ port: 80, host: SERVER, ...options })
    socket.on('data', () => {
      current.answeredAt = clock.now() - began
      socket.end()
    })
    if (text !== '') socket.write(text)
    await pass(20 * DELAY)
    socket.destroy()
    await pass(20 * DELAY)
    return current
  }
}

test('the first visit asks for a cookie, the second has its answer after one round trip', async (t) => {
  const at = line(t)
  const visit = visits(at, { fastOpen: 4 })
  const first = await visit('first')
  assert.deepEqual([first.read, first.readAt, first.state], ['first', 3 * DELAY, 'ESTABLISHED'])
  const second = await visit('second')
  assert.deepEqual([second.read, second.readAt, second.state], ['second', DELAY, 'SYN-RECEIVED'])
  assert.ok(Math.abs(second.answeredAt - 2 * DELAY) <= 1, `${second.answeredAt} ms`)
  const { counters } = at.server.stack
  assert.deepEqual([counters.TCPFastOpenCookieReqd, counters.TCPFastOpenPassive], [1, 1])
  assert.equal(at.client.stack.counters.TCPFastOpenActive, 1)
})

test('is off unless asked for, on either side', async (t) => {
  for (const [listen, connect] of [
    [{}, FAST],
    [{ fastOpen: 4 }, {}],
  ] as const) {
    const at = line(t)
    const visit = visits(at, listen)
    for (const text of ['first', 'second']) assert.equal((await visit(text, connect)).readAt, 3 * DELAY)
    assert.equal(at.server.stack.counters.TCPFastOpenPassive, 0)
  }
})

test('what was written while the name was looked up goes on the SYN', async (t) => {
  const at = line(t)
  const visit = visits(at, { fastOpen: 4 })
  await visit('first')
  const lookup: ConnectOptions['lookup'] = (_host, _options, found) => {
    setImmediate(() => found(null, [{ address: SERVER, family: 4 }]))
  }
  const { read, state } = await visit('second', { host: 'server', lookup, ...FAST })
  assert.deepEqual([read, state], ['second', 'SYN-RECEIVED'])
})

test('more than a segment, and an end at once: the rest follows the handshake, in order', async (t) => {
  const at = line(t)
  const visit = visits(at, { fastOpen: 4 })
  await visit('first')
  const text = 'estab '.repeat(5000)
  assert.equal((await visit(text)).read, text)
})

test('nothing to say: an ordinary handshake', async (t) => {
  const at = line(t)
  const visit = visits(at, { fastOpen: 4 })
  for (let i = 0; i < 2; i++) await visit('')
  assert.equal(at.server.stack.counters.TCPFastOpenPassive, 0)
  assert.equal(at.server.stack.counters.PassiveOpens, 2)
})

test('a bound that is none is refused', (t) => {
  const { server } = line(t)
  assert.throws(() => server.createServer({ estab: { fastOpen: -1 } }).listen(80), {
    code: 'ERR_OUT_OF_RANGE',
    name: 'RangeError',
  })
})

test('nets that share the keys honour the cookies of each other', async () => {
  const clock = new VirtualClock()
  const fastOpenKeys = new CookieKeyRing(new Uint8Array(16), new Uint8Array(16).fill(1), new Uint8Array(16).fill(2))
  const [link] = createWire(clock)
  const net = createNet({ link, address: `${SERVER}/24`, scheduler: clock, fastOpenKeys })
  assert.equal(net.stack.tcp.fastOpen.cookies.keys, fastOpenKeys)
  net.close()
})
