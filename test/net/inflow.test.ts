import { deepEqual, equal, ok } from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RealTime } from '../../src/host/real-time.ts'
import { createWire } from '../../src/link/wire.ts'
import { createNet } from '../../src/net/net.ts'
import type { ServerOptions } from '../../src/net/server-options.ts'
import type { Socket } from '../../src/net/socket.ts'
import { CLIENT, collect, event, listening, pattern, SERVER } from './support.ts'

/** Segments of up to 64 KiB, so that text is long. */
async function joined(t: TestContext, options: ServerOptions = {}): Promise<{ sender: Socket; receiver: Socket }> {
  const scheduler = new RealTime()
  const [a, b] = createWire(scheduler, { offload: true })
  const server = createNet({ link: a, address: `${SERVER}/24`, scheduler })
  const client = createNet({ link: b, address: `${CLIENT}/24`, scheduler })
  t.after(() => {
    client.close()
    server.close()
  })
  const listener = await listening(server.createServer(options))
  const sender = client.connect(80, SERVER)
  const [receiver] = (await event(listener, 'connection')) as [Socket]
  return { sender, receiver }
}

const OCTETS = pattern(5_000_000)

test('long text comes as chunks of its own, in order and whole, between short text', async (t) => {
  const { sender, receiver } = await joined(t)
  for (const [from, to] of [
    [0, 10],
    [10, 4_000_000],
    [4_000_000, 4_000_001],
    [4_000_001, 5_000_000],
  ]) {
    sender.write(OCTETS.subarray(from, to))
    await new Promise((resolve) => setImmediate(resolve))
  }
  sender.end()
  const chunks: Buffer[] = []
  receiver.on('data', (chunk: Buffer) => chunks.push(chunk))
  await event(receiver, 'end')
  ok(Buffer.concat(chunks).equals(OCTETS))
  equal(receiver.bytesRead, OCTETS.length)
  ok(chunks.some(({ length, buffer }) => length >= 16_384 && buffer.byteLength === length))
})

test('a reader that pauses after each chunk gets all of it, and no more than it asks for', async (t) => {
  const { sender, receiver } = await joined(t)
  sender.end(OCTETS)
  const chunks: Buffer[] = []
  receiver.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    receiver.pause()
    const { length } = chunks
    setImmediate(() => {
      equal(chunks.length, length)
      receiver.resume()
    })
  })
  await event(receiver, 'end')
  ok(Buffer.concat(chunks).equals(OCTETS))
})

test('a reader by iteration, with a high-water mark of a few octets, gets all of it', async (t) => {
  const { sender, receiver } = await joined(t, { highWaterMark: 16 })
  sender.end(OCTETS)
  ok((await collect(receiver)).equals(OCTETS))
})

test('a server reads into memory of its own, which is filled before it is handed over', async (t) => {
  const parts: Buffer[] = []
  const lengths = new Set<number>()
  const onread = () => ({
    buffer: new Uint8Array(20_000),
    callback(octets: number, buffer: Uint8Array): boolean {
      parts.push(Buffer.from(buffer.subarray(0, octets)))
      lengths.add(octets)
      return true
    },
  })
  const { sender, receiver } = await joined(t, { estab: { onread } })
  receiver.on('data', () => ok(false, 'nothing comes by the stream'))
  sender.end(OCTETS)
  await event(receiver, 'end')
  ok(Buffer.concat(parts).equals(OCTETS))
  equal(receiver.bytesRead, OCTETS.length)
  equal(Math.max(...lengths), 20_000)
})

test('a reader into memory that says false is given nothing before it resumes', async (t) => {
  let received = 0
  let paused: (() => void) | undefined
  const onread = () => ({
    buffer: () => new Uint8Array(50_000),
    callback(octets: number, buffer: Uint8Array): boolean {
      deepEqual(Buffer.from(buffer.subarray(0, octets)), OCTETS.subarray(received, received + octets))
      received += octets
      equal(paused, undefined)
      paused = () => {
        paused = undefined
        receiver.resume()
      }
      setImmediate(() => paused?.())
      return false
    },
  })
  const { sender, receiver } = await joined(t, { estab: { onread } })
  sender.end(OCTETS.subarray(0, 500_000))
  await event(receiver, 'end')
  equal(received, 500_000)
})

test('what was taken when the reader goes away is forgotten', async (t) => {
  const { sender, receiver } = await joined(t)
  sender.on('error', () => {})
  sender.write(OCTETS)
  let chunks = 0
  receiver.on('data', () => {
    chunks++
    receiver.destroy()
  })
  await event(receiver, 'close')
  await event(sender, 'close')
  equal(chunks, 1)
})
