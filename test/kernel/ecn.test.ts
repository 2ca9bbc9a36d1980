/** ECN with the kernel as the peer, whose data and ours a router has marked. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { CWR, ECE, type Segment, SYN } from '../../src/wire/segment.ts'
import { mark } from '../congestion/marking-wire.ts'
import { kernelTest } from '../support/namespace.ts'
import { connected, connectKernel, FAMILIES, type Host, happens, KERNEL, openHost, readAll, STACK } from './harness.ts'

const KNOB = '/proc/sys/net/ipv4/tcp_ecn'
const DATA = Buffer.alloc(400_000, 'ecn')

/** The kernel asks for ECN, and agrees to it, in this namespace. False where it can't be told to. */
function kernelAsks(): boolean {
  try {
    writeFileSync(KNOB, '1')
    return readFileSync(KNOB, 'utf8').trim() === '1'
  } catch {
    return false
  }
}

/** Marks one segment of data in the middle, and remembers the flags that were seen on each way. */
class Router {
  readonly flags = { inward: 0, outward: 0 }
  private count = 0
  private readonly family: 4 | 6
  private readonly marks: 'inward' | 'outward'

  constructor(family: 4 | 6, marks: 'inward' | 'outward') {
    this.family = family
    this.marks = marks
  }

  readonly passes = (segment: Segment, direction: 'inward' | 'outward'): boolean => {
    if (!segment.has(SYN)) this.flags[direction] |= segment.flags & (ECE | CWR)
    if (direction !== this.marks || segment.length < 1000) return true
    const start = segment.optionsStart - 20 - (this.family === 4 ? 20 : 40)
    const packet = segment.octets.subarray(start, segment.start + segment.length)
    const ecn = this.family === 4 ? packet[1]! & 3 : (packet[1]! >>> 4) & 3
    assert.equal(ecn, 2, 'data is ECT(0)')
    if (++this.count === 20) mark(packet)
    return true
  }
}

async function exchange(host: Host, family: 4 | 6, sends: 'kernel' | 'stack'): Promise<void> {
  const server = createServer((socket) => (sends === 'kernel' ? socket.end(DATA) : undefined))
  server.listen(0, KERNEL[family])
  await happens(server, 'listening')
  const { port } = server.address() as { port: number }
  const accepted = sends === 'stack' ? happens<Parameters<typeof readAll>[0]>(server, 'connection') : undefined
  const connection = host.act(() => host.stack.connect({ address: KERNEL[family], port }))
  if (accepted === undefined) {
    assert.equal(Buffer.compare(await host.readAll(connection), DATA), 0)
    host.act(() => connection.close())
  } else {
    const socket = await accepted
    const all = readAll(socket)
    await host.send(connection, DATA)
    host.act(() => connection.close())
    assert.equal(Buffer.compare(await all, DATA), 0)
    socket.end()
  }
  server.close()
}

for (const family of FAMILIES) {
  kernelTest(
    import.meta.url,
    `the kernel, asked for ECN over IPv${family}, slows down for a mark that we echo`,
    async (t) => {
      if (!kernelAsks()) return t.skip('net.ipv4.tcp_ecn cannot be set')
      const router = new Router(family, 'inward')
      const host = await openHost(t, { passes: router.passes, tcp: { ecn: true } })
      await exchange(host, family, 'kernel')
      assert.equal(host.stack.counters.InCEPkts, 1)
      assert.deepEqual(router.flags, { inward: CWR, outward: ECE })
    },
  )

  kernelTest(
    import.meta.url,
    `the kernel, asked for ECN over IPv${family}, echoes a mark, and we slow down`,
    async (t) => {
      if (!kernelAsks()) return t.skip('net.ipv4.tcp_ecn cannot be set')
      const router = new Router(family, 'outward')
      const host = await openHost(t, { passes: router.passes, tcp: { ecn: true } })
      await exchange(host, family, 'stack')
      assert.equal(host.stack.counters.TCPECNReductions, 1)
      assert.deepEqual(router.flags, { inward: ECE, outward: CWR })
    },
  )

  kernelTest(import.meta.url, `a kernel client that asks over IPv${family} is agreed with`, async (t) => {
    if (!kernelAsks()) return t.skip('net.ipv4.tcp_ecn cannot be set')
    const router = new Router(family, 'outward')
    const host = await openHost(t, { passes: router.passes })
    const listener = host.listen()
    const socket = connectKernel(t, { port: listener.port, host: STACK[family] })
    const connection = await host.accept(listener)
    await connected(socket)
    const all = readAll(socket)
    await host.send(connection, DATA)
    host.act(() => connection.close())
    assert.equal(Buffer.compare(await all, DATA), 0)
    assert.equal(host.stack.counters.TCPECNReductions, 1)
    assert.deepEqual(router.flags, { inward: ECE, outward: CWR })
  })
}
