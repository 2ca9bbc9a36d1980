import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Connection } from '../../src/tcp/connection.ts'
import { kernelTest } from '../support/namespace.ts'
import { Bulk } from './bulk.ts'
import { FAMILIES, type Host, KERNEL, openHost, STACK } from './harness.ts'

const SIZE = 100_000_000
const PEER = fileURLToPath(new URL('peer.ts', import.meta.url))

interface Report {
  sent: string
  received: string
  octets: number
}

/** The program at the kernel's end, and what it prints, line by line. */
function startPeer(t: TestContext, ...args: string[]): { line: () => Promise<string> } {
  const child = spawn(process.execPath, ['--import', 'tsx', PEER, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill())
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    line: async () => {
      const { value, done } = await lines.next()
      return done === true ? assert.fail('the peer has ended') : (value as string)
    },
  }
}

/** Reads all that comes, then sends as much, and sees that both ends saw the same. */
async function transfer(
  t: TestContext,
  host: Host,
  connection: Connection,
  report: () => Promise<string>,
): Promise<void> {
  const hash = createHash('sha256')
  const into = new Uint8Array(1 << 20)
  let received = 0
  const began = performance.now()
  await host.until(() => {
    while (connection.readable > 0) {
      const length = host.act(() => connection.receive(into))
      hash.update(into.subarray(0, length))
      received += length
    }
    return connection.ended
  })
  const half = performance.now()
  const bulk = new Bulk(SIZE, 2)
  await host.until(() => {
    while (!bulk.isEmpty) {
      const taken = host.act(() => connection.send(bulk.peek()))
      bulk.take(taken)
      if (connection.writable === 0) break
    }
    return bulk.isEmpty
  })
  host.act(() => connection.close())
  const { sent, received: arrived, octets } = JSON.parse(await report()) as Report
  const done = performance.now()
  assert.equal(received, SIZE)
  assert.equal(octets, SIZE)
  assert.equal(hash.digest('hex'), sent)
  assert.equal(arrived, bulk.digest())
  await host.until(() => host.closed.has(connection))
  assert.equal(connection.error, undefined)
  t.diagnostic(`received ${rate(half - began)}, sent ${rate(done - half)}, both ends hashing`)
}

function rate(ms: number): string {
  return `${((8 * SIZE) / ms / 1e6).toFixed(2)} Gbit/s`
}

for (const family of FAMILIES) {
  for (const offload of [false, true]) {
    const how = offload ? ', with offloads' : ''
    kernelTest(import.meta.url, `100 MB from a kernel client and back, IPv${family}${how}`, async (t) => {
      const host = await openHost(t, { offload })
      const listener = host.listen()
      const peer = startPeer(t, 'connect', STACK[family], String(listener.port), String(SIZE))
      await transfer(t, host, await host.accept(listener), peer.line)
    })
  }

  kernelTest(import.meta.url, `100 MB from a kernel server and back, by an active open, IPv${family}`, async (t) => {
    const host = await openHost(t)
    const peer = startPeer(t, 'listen', KERNEL[family], String(SIZE))
    const port = Number(await peer.line())
    const connection = host.act(() => host.stack.connect({ address: KERNEL[family], port }))
    await transfer(t, host, connection, peer.line)
  })
}
