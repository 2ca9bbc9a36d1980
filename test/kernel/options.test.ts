/** What connections can be told, with the kernel at the other end: keep-alives, urgent data, buffers that grow. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { Connection } from '../../src/tcp/connection.ts'
import { seqAdd } from '../../src/tcp/seq.ts'
import type { Segment } from '../../src/wire/segment.ts'
import { kernelTest } from '../support/namespace.ts'
import { connectKernel, type Host, type HostOptions, happens, openHost, STACK } from './harness.ts'
import { sendUrgent, urgentOctet } from './urgent-socket.ts'

interface Pair {
  host: Host
  socket: Socket
  connection: Connection
}

async function open(t: TestContext, options: HostOptions = {}): Promise<Pair> {
  const host = await openHost(t, options)
  const listener = host.listen()
  const socket = connectKernel(t, { port: listener.port, host: STACK[4] })
  const connection = await host.accept(listener)
  if (socket.connecting) await once(socket, 'connect')
  return { host, socket, connection }
}

kernelTest(import.meta.url, 'the kernel answers our keep-alives', async (t) => {
  const { host, connection } = await open(t)
  // Further apart than the answers of Linux, whose tcp_invalid_ratelimit is 500 ms.
  host.act(() => connection.setKeepAlive({ idle: 600, interval: 600, count: 2 }))
  await host.until(() => host.stack.counters.TCPKeepAlive >= 3)
  assert.equal(connection.state, 'ESTABLISHED')
})

kernelTest(import.meta.url, 'a kernel that is gone does not answer our keep-alives: ETIMEDOUT', async (t) => {
  let gone = false
  const { host, connection } = await open(t, { passes: (_, direction) => !gone || direction === 'outward' })
  gone = true
  host.act(() => connection.setKeepAlive({ idle: 100, interval: 50, count: 3 }))
  await host.until(() => host.closed.has(connection))
  assert.equal(host.closed.get(connection), 'ETIMEDOUT')
  assert.equal(host.stack.counters.TCPKeepAlive, 3)
})

kernelTest(import.meta.url, 'we answer keep-alives of the kernel', async (t) => {
  let expected: number | undefined
  let probes = 0
  let answers = 0
  const passes = ({ seq, ack, length }: Segment, direction: string): boolean => {
    if (expected === undefined || length > 0) return true
    if (direction === 'inward' && seq === seqAdd(expected, -1)) probes++
    else if (direction === 'outward' && ack === expected) answers++
    return true
  }
  const { host, socket, connection } = await open(t, { passes })
  expected = connection.tcb.rcv.nxt
  socket.setKeepAlive(true, 1000)
  await host.until(() => probes >= 2 && answers >= 2)
  assert.equal(connection.state, 'ESTABLISHED')
})

kernelTest(import.meta.url, 'we hear of urgent data of the kernel, and read them in line', async (t) => {
  const { host, socket, connection } = await open(t)
  let urgent = 0
  const { onEvent } = host.driver
  host.driver.onEvent = (event) => {
    if (event.type === 'urgent') urgent++
    onEvent(event)
  }
  sendUrgent(socket, Buffer.from('abc!'))
  await host.until(() => urgent === 1 && connection.readable === 4)
  assert.equal(connection.urgentLeft, 4)
  const into = Buffer.alloc(4)
  assert.equal(connection.receive(into), 4)
  assert.equal(String(into), 'abc!')
  assert.equal(connection.urgentLeft, 0)
})

kernelTest(import.meta.url, 'the kernel gets the last of our urgent octets as its urgent one', async (t) => {
  const { host, socket, connection } = await open(t)
  socket.pause()
  host.act(() => connection.sendUrgent(Buffer.from('abc!')))
  let octet: number | undefined
  await host.until(() => {
    octet ??= urgentOctet(socket)
    return octet !== undefined
  })
  assert.equal(String.fromCharCode(octet!), '!')
  const read = happens<Buffer>(socket, 'data')
  socket.resume()
  assert.equal(String(await read), 'abc')
})

kernelTest(import.meta.url, 'our receive window grows as the kernel sends, over a path of 20 ms', async (t) => {
  const octets = 8e6
  const { host, socket, connection } = await open(t, { impairment: { inward: { delay: 10 }, outward: { delay: 10 } } })
  const before = connection.receiveBuffer.limit
  socket.end(Buffer.alloc(octets))
  assert.equal((await host.readAll(connection)).length, octets)
  const { limit } = connection.receiveBuffer
  const { roundTrip } = connection.receiveRate
  t.diagnostic(`from ${before} to ${limit} octets, at ${roundTrip.toFixed(1)} ms`)
  assert.ok(limit >= 4 * before, `${limit} octets`)
  assert.ok(roundTrip >= 18, `${roundTrip} ms`)
})

kernelTest(import.meta.url, 'with linger 0 the kernel gets a RST', async (t) => {
  const host = await openHost(t)
  const listener = host.listen()
  const socket = connect({ port: listener.port, host: STACK[4] })
  const connection = await host.accept(listener)
  const failed = happens<NodeJS.ErrnoException>(socket, 'error')
  host.act(() => {
    connection.linger.ms = 0
    connection.release()
  })
  assert.equal((await failed).code, 'ECONNRESET')
})
