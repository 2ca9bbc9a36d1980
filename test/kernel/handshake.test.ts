import assert from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { type Segment, SYN } from '../../src/wire/segment.ts'
import { kernelTest } from '../support/namespace.ts'
import {
  connected,
  connectKernel,
  FAMILIES,
  happens,
  KERNEL,
  kernelState,
  openHost,
  readAll,
  STACK,
} from './harness.ts'

const isSynAck = (segment: Segment): boolean => (segment.flags & 0x3f) === 0x12
const isPureAck = (segment: Segment): boolean => (segment.flags & 0x3f) === 0x10 && segment.length === 0

for (const family of FAMILIES) {
  kernelTest(import.meta.url, `a kernel client connects over IPv${family}, and agrees on every option`, async (t) => {
    const host = await openHost(t)
    const listener = host.listen()
    const socket = connectKernel(t, { port: listener.port, host: STACK[family] })
    const connection = await host.accept(listener)
    await connected(socket)
    const { tcb } = connection
    assert.deepEqual([tcb.timestamps, tcb.windowScaling, tcb.sack], [true, true, true])
    assert.equal(tcb.snd.mss, family === 4 ? 1460 : 1440)
    assert.deepEqual([connection.remoteAddress, connection.remotePort], [KERNEL[family], socket.localPort])
    assert.deepEqual(host.states.get(connection), ['SYN-RECEIVED', 'ESTABLISHED'])
    assert.equal(kernelState(socket.localPort!, listener.port), 'ESTABLISHED')
  })
}

kernelTest(import.meta.url, 'a SYN,ACK lost twice is retransmitted twice, and the kernel connects', async (t) => {
  let lost = 0
  const passes = (segment: Segment): boolean => !isSynAck(segment) || lost++ >= 2
  const host = await openHost(t, { passes })
  const listener = host.listen({ synAckWaits: [100, 200, 400] })
  const socket = connectKernel(t, { port: listener.port, host: STACK[4] })
  await host.until(() => lost === 2)
  assert.equal(listener.halfOpen, 1)
  assert.equal(kernelState(socket.localPort!, listener.port), 'SYN-SENT')
  const connection = await host.accept(listener)
  await connected(socket)
  assert.equal(connection.state, 'ESTABLISHED')
  assert.equal(listener.halfOpen, 0)
  assert.equal(listener.counters.synAckRetransmissions, 2)
  assert.equal(kernelState(socket.localPort!, listener.port), 'ESTABLISHED')
})

kernelTest(
  import.meta.url,
  "the kernel's SYN comes again and is answered, though no retransmission is due",
  async (t) => {
    let lost = 0
    const passes = (segment: Segment): boolean => !isSynAck(segment) || lost++ >= 1
    const host = await openHost(t, { passes })
    const listener = host.listen({ synAckWaits: [20_000] })
    const socket = connectKernel(t, { port: listener.port, host: STACK[6] })
    const connection = await host.accept(listener)
    await connected(socket)
    assert.equal(connection.state, 'ESTABLISHED')
    assert.equal(listener.counters.syns, 1)
    assert.equal(listener.counters.duplicates, 1)
  },
)

kernelTest(
  import.meta.url,
  'more clients than the SYN queue has room for: never too many, and all get in',
  async (t) => {
    let deaf = true
    const passes = (segment: Segment, direction: string): boolean =>
      !(deaf && direction === 'inward' && isPureAck(segment))
    const host = await openHost(t, { passes })
    const listener = host.listen({ backlog: 2, acceptBacklog: 5, cookies: false, synAckWaits: [300, 600, 1200, 2400] })
    const sockets = Array.from({ length: 5 }, () => connectKernel(t, { port: listener.port, host: STACK[4] }))
    const kernelStates = (): unknown[] => sockets.map((socket) => kernelState(socket.localPort!, listener.port)).sort()
    const opened = ['ESTABLISHED', 'ESTABLISHED', 'SYN-SENT', 'SYN-SENT', 'SYN-SENT']
    // The kernel's side of those two opens. Its ACKs are lost, and come again with our SYN,ACKs; the others' SYNs come again.
    await host.until(() => listener.counters.queueFull >= 3 && isDeepStrictEqual(kernelStates(), opened))
    assert.equal(listener.halfOpen, 2)
    deaf = false
    await Promise.all(sockets.map(connected))
    await host.until(() => listener.acceptQueueLength === 5)
    assert.equal(listener.halfOpen, 0)
  },
)

kernelTest(
  import.meta.url,
  'more clients than the accept queue has room for: they wait, and lose nothing',
  async (t) => {
    const host = await openHost(t)
    const listener = host.listen({ acceptBacklog: 2 })
    const sockets = Array.from({ length: 6 }, () => connectKernel(t, { port: listener.port, host: STACK[6] }))
    for (const socket of sockets) socket.end(`I am ${(await connected(socket)).localPort}`)
    await host.until(() => listener.halfOpens(0).filter(({ acknowledged }) => acknowledged).length === 4)
    assert.equal(listener.acceptQueueLength, 2)
    for (let n = 0; n < sockets.length; n++) {
      const connection = await host.accept(listener)
      assert.equal(String(await host.readAll(connection)), `I am ${connection.remotePort}`)
      host.act(() => connection.close())
    }
    assert.equal(listener.halfOpen, 0)
    await Promise.all(sockets.map((socket) => socket.closed || happens(socket.resume(), 'close')))
  },
)

kernelTest(import.meta.url, 'nobody listens: the kernel gets ECONNREFUSED, and so do we', async (t) => {
  const host = await openHost(t)
  for (const family of FAMILIES) {
    const socket = connectKernel(t, { port: 7001, host: STACK[family] })
    const error = await happens<NodeJS.ErrnoException>(socket, 'error')
    assert.equal(error.code, 'ECONNREFUSED')
    const connection = host.act(() => host.stack.connect({ address: KERNEL[family], port: 7001 }))
    await host.until(() => host.closed.has(connection))
    assert.equal(host.closed.get(connection), 'ECONNREFUSED')
  }
})

kernelTest(import.meta.url, 'the SYNs of both cross: a simultaneous open with the kernel', async (t) => {
  let held = true
  const passes = (segment: Segment, direction: string): boolean =>
    !(held && direction === 'outward' && segment.flags === SYN)
  const host = await openHost(t, { passes, tcp: { rtoInitial: 60_000 } })
  const connection = host.act(() => host.stack.connect({ address: KERNEL[4], port: 6001, localPort: 6002 }))
  await host.until(() => host.stack.counters.transmitted === 1)
  held = false
  const socket = connectKernel(t, { port: 6002, host: STACK[4], localPort: 6001, localAddress: KERNEL[4] })
  await connected(socket)
  await host.until(() => connection.state === 'ESTABLISHED')
  assert.deepEqual(host.states.get(connection), ['CLOSED', 'SYN-SENT', 'SYN-RECEIVED', 'ESTABLISHED'])
  assert.equal(kernelState(6001, 6002), 'ESTABLISHED')
})

kernelTest(import.meta.url, '200 connections at once, half of them opened by us', async (t) => {
  const host = await openHost(t)
  const listener = host.listen()
  const server = createServer((socket) => socket.pipe(socket)).listen(0)
  t.after(() => server.close())
  await happens(server, 'listening')
  const { port } = server.address() as AddressInfo
  const octets = Buffer.alloc(20_000, 'estab')

  const ours = Array.from({ length: 100 }, async (_, i) => {
    const connection = host.act(() => host.stack.connect({ address: KERNEL[FAMILIES[i % 2]!], port }))
    await host.send(connection, octets)
    await host.until(() => connection.state === 'ESTABLISHED')
    host.act(() => connection.close())
    assert.equal(Buffer.compare(await host.readAll(connection), octets), 0)
  })
  const theirs = Array.from({ length: 100 }, async (_, i) => {
    const socket = connectKernel(t, { port: listener.port, host: STACK[FAMILIES[i % 2]!] })
    socket.end(octets)
    assert.equal(Buffer.compare(await readAll(socket), octets), 0)
  })
  const echoes = Array.from({ length: 100 }, async () => {
    const connection = await host.accept(listener)
    await host.send(connection, await host.readAll(connection))
    host.act(() => connection.close())
  })
  await Promise.all([...ours, ...theirs, ...echoes])
  await host.until(() => host.closed.size === 200)
  assert.ok([...host.closed.values()].every((code) => code === undefined))
})
