import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Connection } from '../../src/tcp/connection.ts'
import { FIN, type Segment } from '../../src/wire/segment.ts'
import { kernelTest } from '../support/namespace.ts'
import { FAMILIES, type Host, kernelState, openHost, STACK } from './harness.ts'

interface Pair {
  socket: Socket
  connection: Connection
  /** The kernel's state. */
  kernel: () => string | undefined
}

/** A connection with a kernel client, whose ends half-close. */
async function open(host: Host, family: 4 | 6 = 4): Promise<Pair> {
  const listener = host.listen()
  const socket = connect({ port: listener.port, host: STACK[family], allowHalfOpen: true })
  const connection = await host.accept(listener)
  if (socket.connecting) await once(socket, 'connect')
  const { localPort } = socket
  return { socket, connection, kernel: () => kernelState(localPort!, listener.port) }
}

for (const family of FAMILIES) {
  kernelTest(import.meta.url, `the kernel ends first, and still reads what we send, IPv${family}`, async (t) => {
    const host = await openHost(t)
    const { socket, connection, kernel } = await open(host, family)
    socket.end('last words')
    assert.equal(String(await host.readAll(connection)), 'last words')
    assert.equal(connection.state, 'CLOSE-WAIT')
    await host.until(() => kernel() === 'FIN-WAIT-2')
    await host.send(connection, Buffer.from('an answer'))
    assert.equal(String((await once(socket, 'data'))[0]), 'an answer')
    host.act(() => connection.close())
    await once(socket, 'close')
    await host.until(() => host.closed.has(connection))
    assert.deepEqual(host.states.get(connection), ['SYN-RECEIVED', 'ESTABLISHED', 'CLOSE-WAIT', 'LAST-ACK', 'CLOSED'])
    await host.until(() => kernel() === 'TIME-WAIT')
  })

  kernelTest(import.meta.url, `we end first, and still read what the kernel sends, IPv${family}`, async (t) => {
    const host = await openHost(t)
    const { socket, connection, kernel } = await open(host, family)
    host.act(() => connection.close())
    await once(socket.resume(), 'end')
    await host.until(() => connection.state === 'FIN-WAIT-2')
    await host.until(() => kernel() === 'CLOSE-WAIT')
    const closed = once(socket, 'close')
    socket.end('an answer')
    assert.equal(String(await host.readAll(connection)), 'an answer')
    assert.equal(connection.state, 'TIME-WAIT')
    await closed
    await host.until(() => kernel() === undefined)
  })
}

kernelTest(import.meta.url, 'our FIN gets lost, and the kernel ends meanwhile: CLOSING', async (t) => {
  let fins = 0
  const passes = (segment: Segment, direction: string): boolean =>
    direction === 'inward' || !segment.has(FIN) || fins++ > 0
  const host = await openHost(t, { passes })
  const { socket, connection, kernel } = await open(host)
  // Our first FIN gets lost: neither side knows of the other's when it sends its own.
  host.act(() => connection.close())
  await host.until(() => fins === 1)
  socket.end()
  await host.until(() => connection.state === 'CLOSING' || connection.state === 'TIME-WAIT')
  await host.until(() => connection.state === 'TIME-WAIT' || connection.state === 'CLOSED')
  const states = host.states.get(connection)!
  assert.deepEqual(states.slice(0, 5), ['SYN-RECEIVED', 'ESTABLISHED', 'FIN-WAIT-1', 'CLOSING', 'TIME-WAIT'])
  await once(socket.resume(), 'close')
  await host.until(() => kernel() === 'TIME-WAIT')
})

kernelTest(import.meta.url, 'the kernel resets: ECONNRESET, and what was not read is gone', async (t) => {
  const host = await openHost(t)
  const { socket, connection } = await open(host)
  socket.resetAndDestroy()
  await host.until(() => host.closed.has(connection))
  assert.equal(host.closed.get(connection), 'ECONNRESET')
  assert.equal(connection.state, 'CLOSED')
  assert.equal(host.stack.tcp.connections.size, 0)
})

kernelTest(import.meta.url, 'the kernel closes with octets unread: a RST, and ECONNRESET', async (t) => {
  const host = await openHost(t)
  const { socket, connection } = await open(host)
  await host.send(connection, Buffer.alloc(100_000))
  await host.until(() => connection.sendBuffer.length === 0)
  socket.destroy()
  await host.until(() => host.closed.has(connection))
  assert.equal(host.closed.get(connection), 'ECONNRESET')
})

kernelTest(import.meta.url, 'we abort: the kernel gets ECONNRESET', async (t) => {
  const host = await openHost(t)
  const { socket, connection, kernel } = await open(host)
  host.act(() => connection.abort())
  const [error] = (await once(socket.resume(), 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNRESET')
  assert.equal(kernel(), undefined)
  assert.equal(host.closed.get(connection), undefined)
})

kernelTest(
  import.meta.url,
  'we release with octets unread: the kernel gets ECONNRESET (RFC 9293 SHLD-3)',
  async (t) => {
    const host = await openHost(t)
    const { socket, connection } = await open(host)
    socket.write('nobody reads this')
    await host.until(() => connection.readable > 0)
    host.act(() => connection.release())
    const [error] = (await once(socket.resume(), 'error')) as [NodeJS.ErrnoException]
    assert.equal(error.code, 'ECONNRESET')
  },
)

kernelTest(
  import.meta.url,
  'a kernel reader that stops: its window closes, we probe, and all comes when it goes on',
  async (t) => {
    const host = await openHost(t)
    const { socket, connection } = await open(host)
    const octets = Buffer.alloc(20_000_000, 'estab')
    const sending = host.send(connection, octets)
    await host.until(() => connection.tcb.snd.wnd === 0)
    await host.until(() => host.stack.counters.TCPWinProbe >= 1)
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    await sending
    host.act(() => connection.close())
    await once(socket, 'end')
    assert.equal(Buffer.compare(Buffer.concat(chunks), octets), 0)
    socket.end()
    await host.until(() => host.closed.has(connection))
  },
)

kernelTest(
  import.meta.url,
  'we stop reading: the kernel meets a closed window, and all comes when we go on',
  async (t) => {
    const host = await openHost(t, { tcp: { receiveBuffer: 50_000 } })
    const { socket, connection } = await open(host, 6)
    const octets = Buffer.alloc(3_000_000, 'estab')
    socket.end(octets)
    await host.until(() => connection.readable === 50_000)
    // A kernel that finds the window closed sends nothing but probes.
    await host.until(
      () =>
        (host.stack.counters.drops['tcp-out-of-window'] ?? 0) + (host.stack.counters.drops['tcp-zero-window'] ?? 0) > 0,
    )
    assert.equal(Buffer.compare(await host.readAll(connection), octets), 0)
    host.act(() => connection.close())
    await once(socket.resume(), 'close')
  },
)

kernelTest(import.meta.url, 'a bad line between us and the kernel: every octet right, both ways', async (t) => {
  const impairment = { delay: 1, jitter: 2, holdBack: 3, loss: 0.02, duplicate: 0.02, reorder: 0.05, corrupt: 0.01 }
  const host = await openHost(t, { impairment })
  const { socket, connection } = await open(host)
  const octets = Buffer.alloc(500_000)
  for (let i = 0; i < octets.length; i++) octets[i] = (i * 7 + (i >> 8)) & 255
  socket.end(octets)
  const sending = host.send(connection, octets).then(() => host.act(() => connection.close()))
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = once(socket, 'end')
  const [arrived] = await Promise.all([host.readAll(connection), sending, ended])
  assert.equal(Buffer.compare(arrived, octets), 0)
  assert.equal(Buffer.compare(Buffer.concat(chunks), octets), 0)
})
