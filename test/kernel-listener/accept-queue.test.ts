import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { admitByCookie } from '../../src/tcp/admission.ts'
import type { ListenOptions } from '../../src/tcp/listen-options.ts'
import type { Listener } from '../../src/tcp/listener.ts'
import { connected, connectKernel, type Host, openHost, readAll, STACK } from '../kernel/harness.ts'
import { kernelTest } from '../support/namespace.ts'

/** Two kernel clients, and an accept queue that the first has filled. */
async function overflow(
  t: TestContext,
  options: Partial<ListenOptions>,
): Promise<{ host: Host; listener: Listener; second: Socket; failed: Promise<NodeJS.ErrnoException> }> {
  const host = await openHost(t)
  const listener = host.listen({ acceptBacklog: 1, ...options })
  await connected(connectKernel(t, { port: listener.port, host: STACK[4] }))
  await host.until(() => listener.acceptQueueLength === 1)
  const halfOpen = { port: listener.port, host: STACK[4], allowHalfOpen: true }
  const second = connectKernel(t, halfOpen)
  const failed = new Promise<NodeJS.ErrnoException>((resolve) => second.once('error', resolve))
  await host.until(() => listener.counters.acceptQueueFull >= 1)
  return { host, listener, second, failed }
}

kernelTest(import.meta.url, 'the client that waits for room is there the moment accept() makes room', async (t) => {
  const { host, listener, second } = await overflow(t, {})
  await connected(second)
  assert.deepEqual([listener.halfOpen, listener.acceptQueueLength], [1, 1])
  const { received } = host.stack.counters
  assert.notEqual(
    host.act(() => listener.accept()),
    undefined,
  )
  // Nothing had to come from the client, nor any timer to run out.
  assert.equal(host.stack.counters.received, received)
  assert.deepEqual([listener.halfOpen, listener.acceptQueueLength], [0, 1])
  const connection = host.act(() => listener.accept()!)
  assert.equal(connection.state, 'ESTABLISHED')
  assert.equal(connection.remotePort, second.localPort)
  const octets = Buffer.alloc(100_000, 'estab')
  second.end(octets)
  assert.equal(Buffer.compare(await host.readAll(connection), octets), 0)
  await host.send(connection, octets)
  host.act(() => connection.close())
  assert.equal(Buffer.compare(await readAll(second), octets), 0)
})

kernelTest(import.meta.url, 'what the client that waits has sent comes again, and none is lost', async (t) => {
  const { host, listener, second } = await overflow(t, {})
  second.end('said while waiting')
  await host.until(() => listener.counters.acceptQueueFull >= 2)
  host.act(() => listener.accept())
  const connection = host.act(() => listener.accept()!)
  assert.equal(String(await host.readAll(connection)), 'said while waiting')
})

kernelTest(
  import.meta.url,
  'a cookie that finds no room is given an entry, and gets in without a word more',
  async (t) => {
    const { host, listener, second } = await overflow(t, { admission: admitByCookie })
    assert.deepEqual([listener.halfOpen, listener.counters.cookieHeld], [1, 1])
    host.act(() => listener.accept())
    assert.deepEqual([listener.halfOpen, listener.acceptQueueLength], [0, 1])
    second.end('who is first?')
    const connection = await host.accept(listener)
    assert.equal(String(await host.readAll(connection)), 'who is first?')
    assert.equal(host.stack.counters.SyncookiesRecv, 2)
  },
)

kernelTest(import.meta.url, 'with reset, the client that finds no room gets ECONNRESET', async (t) => {
  const { host, listener, failed } = await overflow(t, { acceptOverflow: 'reset' })
  assert.equal((await failed).code, 'ECONNRESET')
  assert.deepEqual([listener.halfOpen, listener.acceptQueueLength, listener.counters.acceptReset], [0, 1, 1])
  assert.equal(host.stack.counters.ListenOverflows, 1)
  // The next one finds room again.
  host.act(() => listener.accept())
  await connected(connectKernel(t, { port: listener.port, host: STACK[4] }))
  await host.until(() => listener.acceptQueueLength === 1)
})
