import { equal, ok } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { openTun } from '../../src/host/tun.ts'
import { createNet, type Net } from '../../src/net/net.ts'
import { Chance } from '../../src/sim/chance.ts'
import { kernelTest } from '../support/namespace.ts'
import { listening } from './support.ts'

const SIZE = 20_000_000
const STACK = { 4: '10.77.0.2', 6: 'fd77::2' } as const

/** What comes of one client: its octets, by their hash. */
interface Reading {
  readonly done: Promise<string>
  readonly calls: () => number
}

/** A server on `port`, whose only connection is read into `buffer`. */
async function reading(net: Net, port: number, buffer: Uint8Array | (() => Uint8Array)): Promise<Reading> {
  const hash = createHash('sha256')
  let calls = 0
  const onread = () => ({
    buffer,
    callback(octets: number, into: Uint8Array): boolean {
      calls++
      hash.update(into.subarray(0, octets))
      return true
    },
  })
  const server = net.createServer({ estab: { onread } })
  const done = once(server, 'connection').then(async ([socket]) => {
    await once(socket, 'end')
    return hash.digest('hex')
  })
  await listening(server, port)
  return { done, calls: () => calls }
}

/** Sends in pieces of every length, and returns the hash of all. */
async function send(socket: Socket, seed: number): Promise<string> {
  const chance = new Chance(seed)
  const block = chance.bytes(1_000_003)
  const hash = createHash('sha256')
  for (let left = SIZE; left > 0; ) {
    const length = Math.min(left, 1 + Math.floor(chance.next() * (seed % 2 === 0 ? 400_000 : 40_000)))
    const start = Math.floor(chance.next() * (block.length - length))
    const piece = block.subarray(start, start + length)
    hash.update(piece)
    left -= length
    if (!socket.write(piece)) await once(socket, 'drain')
  }
  // It is closed before its peer goes away.
  const closed = once(socket.resume(), 'close')
  socket.end()
  await closed
  return hash.digest('hex')
}

for (const family of [4, 6] as const) {
  kernelTest(
    import.meta.url,
    `bulk of several kernel clients at once lands in the memory of its readers over IPv${family}`,
    async (t) => {
      const link = await openTun({ addresses: ['10.77.0.1/24', 'fd77::1/64'] })
      const net = createNet({ link, addresses: ['10.77.0.2/24', 'fd77::2/64'] })
      t.after(() => net.close())
      const slab = new Uint8Array(900_000)
      const shared = new Uint8Array(100_000)
      let turn = 0
      const buffers = [
        new Uint8Array(262_144),
        new Uint8Array(65_536),
        () => slab.subarray(100_000 * (++turn % 9) + 1, 100_000 * (turn % 9) + 99_999),
        () => new Uint8Array(80_000),
        new Uint8Array(777),
        shared,
        shared,
      ]
      const readings = await Promise.all(buffers.map((buffer, i) => reading(net, 9000 + i, buffer)))
      // The first is alone at first, so that its text lands.
      for (const group of [[0], [1, 2], [3, 4, 5, 6]]) {
        const hashes = group.map((i) => send(connect(9000 + i, STACK[family]), i))
        for (const [k, i] of group.entries()) equal(await readings[i]!.done, await hashes[k]!)
      }
      ok(readings[0]!.calls() < SIZE / 20_000, `${readings[0]!.calls()} calls for ${SIZE} octets`)
      equal(link.counters.refused, 0)
    },
  )
}
