import assert from 'node:assert/strict'
import { admitByCookie } from '../../src/tcp/admission.ts'
import { CookieKeyRing } from '../../src/tcp/cookie-keys.ts'
import { type Segment, SYN } from '../../src/wire/segment.ts'
import {
  connected,
  connectKernel,
  FAMILIES,
  type Host,
  type HostOptions,
  happens,
  openHost,
  readAll,
  STACK,
} from '../kernel/harness.ts'
import { kernelTest } from '../support/namespace.ts'
import { setKernel } from './netstat.ts'
import { packet } from './server.ts'

/** Loses what the clients say after their SYNs, until `deaf` is false. */
function deafness(): { deaf: boolean; passes: NonNullable<HostOptions['passes']> } {
  const line = {
    deaf: true,
    passes: (segment: Segment, direction: string): boolean => !line.deaf || direction === 'outward' || segment.has(SYN),
  }
  return line
}

const MTU = 1391
/** What is left of the MTU for text, by family; without timestamps a cookie keeps the class below. */
const MSS = { 4: { stamped: 1351, bare: 1200 }, 6: { stamped: 1331, bare: 1200 } } as const

for (const family of FAMILIES) {
  for (const timestamps of [true, false]) {
    const how = timestamps ? 'with timestamps' : 'without timestamps'
    kernelTest(import.meta.url, `a kernel client completes by cookie, IPv${family}, ${how}`, async (t) => {
      setKernel('tcp_timestamps', timestamps ? 1 : 0)
      let scale = -1
      const passes = (segment: Segment): boolean => {
        if (segment.flags === SYN) scale = segment.windowScale
        return true
      }
      const host = await openHost(t, { mtu: MTU, passes })
      const listener = host.listen({ admission: admitByCookie })
      const halfOpen = { port: listener.port, host: STACK[family], allowHalfOpen: true }
      const socket = connectKernel(t, halfOpen)
      const connection = await host.accept(listener)
      assert.deepEqual(
        [listener.counters.cookied, listener.counters.held, listener.counters.cookieCompleted],
        [1, 0, 1],
      )
      assert.equal(host.stack.counters.SyncookiesRecv, 1)
      const { tcb } = connection
      assert.deepEqual([tcb.timestamps, tcb.windowScaling, tcb.sack], [timestamps, true, true])
      assert.equal(tcb.snd.scale, scale)
      assert.equal(tcb.snd.mss, MSS[family][timestamps ? 'stamped' : 'bare'])

      const octets = Buffer.alloc(300_000, 'estab')
      socket.end(octets)
      assert.equal(Buffer.compare(await host.readAll(connection), octets), 0)
      const sending = host.send(connection, octets).then(() => host.act(() => connection.close()))
      assert.equal(Buffer.compare(await readAll(socket), octets), 0)
      await sending
      await host.until(() => host.closed.has(connection))
      assert.equal(connection.error, undefined)
    })
  }
}

kernelTest(import.meta.url, 'a backlog of 2 and 20 clients: 18 get cookies, and all get in', async (t) => {
  const line = deafness()
  const host = await openHost(t, line)
  const listener = host.listen({ backlog: 2, acceptBacklog: 20 })
  const sockets = Array.from({ length: 20 }, (_, i) =>
    connectKernel(t, { port: listener.port, host: STACK[FAMILIES[i % 2]!] }),
  )
  await Promise.all(sockets.map(connected))
  assert.equal(listener.halfOpen, 2)
  assert.deepEqual([listener.counters.held, listener.counters.cookied, listener.counters.evicted], [2, 18, 0])
  line.deaf = false
  for (const socket of sockets) socket.end(`I am ${socket.localPort}`)
  for (const _ of sockets) {
    const connection = await host.accept(listener)
    assert.equal(String(await host.readAll(connection)), `I am ${connection.remotePort}`)
  }
  assert.equal(listener.halfOpen, 0)
  assert.equal(listener.counters.cookieCompleted, 18)
  assert.equal(host.stack.counters.SyncookiesFailed, 0)
})

kernelTest(import.meta.url, 'a client whose entry was evicted gets in by its cookie', async (t) => {
  const line = deafness()
  const host = await openHost(t, line)
  const listener = host.listen({ backlog: 2 })
  const sockets: Awaited<ReturnType<typeof connected>>[] = []
  for (let n = 0; n < 2; n++) {
    sockets.push(await connected(connectKernel(t, { port: listener.port, host: STACK[4] })))
  }
  assert.equal(listener.halfOpen, 2)
  const stranger = packet({ from: '198.51.100.1', to: STACK[4], port: 1024, flags: SYN, seq: 1 })
  host.act(() => host.stack.receive(stranger, 0, stranger.length, host.scheduler.now()))
  assert.deepEqual([listener.halfOpen, listener.counters.evicted], [2, 1])
  line.deaf = false
  for (const [n, socket] of sockets.entries()) socket.end(`I am ${n}`)
  const said: string[] = []
  for (const _ of sockets) said.push(String(await host.readAll(await host.accept(listener))))
  assert.deepEqual(said.sort(), ['I am 0', 'I am 1'])
  assert.equal(listener.counters.cookieCompleted, 1)
  assert.deepEqual(
    listener.halfOpens(host.scheduler.now()).map(({ remoteAddress }) => remoteAddress),
    ['198.51.100.1'],
  )
})

const key = (n: number): Uint8Array => new Uint8Array(16).fill(n)

/** The harness makes the stack; its keys are put in afterwards. */
function ringOf(host: Host): CookieKeyRing {
  const ring = new CookieKeyRing(key(1), key(2), key(3))
  Object.assign(host.stack.tcp.listening.cookies, { keys: ring })
  return ring
}

for (const rotations of [1, 2]) {
  const outcome = rotations === 1 ? 'completes' : 'does not, and its client is reset once no cookies are taken any more'
  kernelTest(
    import.meta.url,
    `a handshake during which the keys rotate ${rotations === 1 ? 'once' : 'twice'} ${outcome}`,
    async (t) => {
      const line = deafness()
      const host = await openHost(t, line)
      const ring = ringOf(host)
      const listener = host.listen({ admission: admitByCookie })
      const socket = await connected(connectKernel(t, { port: listener.port, host: STACK[4] }))
      for (let n = 0; n < rotations; n++) ring.rotate(key(4 + n))
      line.deaf = false
      socket.write('hello')
      if (rotations === 1) {
        const connection = await host.accept(listener)
        await host.until(() => connection.readable === 5)
        assert.equal(host.stack.counters.SyncookiesRecv, 1)
      } else {
        await host.until(() => host.stack.counters.SyncookiesFailed > 0)
        listener.overflowedAt = Number.NEGATIVE_INFINITY
        assert.equal((await happens<NodeJS.ErrnoException>(socket, 'error')).code, 'ECONNRESET')
      }
    },
  )
}
