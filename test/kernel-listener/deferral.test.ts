import assert from 'node:assert/strict'
import { admitDeferred } from '../../src/tcp/admission.ts'
import type { Incoming } from '../../src/tcp/incoming.ts'
import { connected, connectKernel, FAMILIES, type Host, happens, KERNEL, openHost, STACK } from '../kernel/harness.ts'
import { kernelTest } from '../support/namespace.ts'

/** The SYNs that the application is told of, in their order. */
function incomings(host: Host): () => Promise<Incoming> {
  const told: Incoming[] = []
  const { onEvent } = host.driver
  host.driver.onEvent = (event) => {
    if (event.type === 'deferred') told.push(event.incoming)
    onEvent(event)
  }
  return async () => {
    await host.until(() => told.length > 0)
    return told.shift()!
  }
}

for (const family of FAMILIES) {
  kernelTest(import.meta.url, `a SYN is accepted after 300 ms, IPv${family}; others need not wait`, async (t) => {
    const host = await openHost(t)
    const next = incomings(host)
    const listener = host.listen({ admission: admitDeferred })
    const other = host.listen({ port: 7001 })
    const socket = connectKernel(t, { port: listener.port, host: STACK[family] })
    const incoming = await next()
    assert.equal(incoming.syn.remoteAddress, KERNEL[family])
    assert.equal(incoming.syn.mss, family === 4 ? 1460 : 1440)
    assert.equal(incoming.syn.sackPermitted, true)
    assert.notEqual(incoming.syn.timestamp, undefined)
    const { transmitted } = host.stack.counters
    assert.equal(listener.counters.synAcks, 0)

    await connected(connectKernel(t, { port: other.port, host: STACK[family] }))
    assert.ok(host.stack.counters.transmitted > transmitted)
    const began = host.scheduler.now()
    let over = false
    host.scheduler.at(began + 300, () => {
      over = true
      host.framePassed()
    })
    await host.until(() => over)
    assert.equal(socket.connecting, true)
    assert.equal(
      host.act(() => incoming.accept()),
      true,
    )
    await connected(socket)
    const connection = await host.accept(listener)
    socket.end('after all')
    assert.equal(String(await host.readAll(connection)), 'after all')
    assert.equal(listener.counters.duplicates, 0)
  })
}

kernelTest(import.meta.url, 'a SYN that is refused: the kernel client gets ECONNREFUSED', async (t) => {
  const host = await openHost(t)
  const next = incomings(host)
  const listener = host.listen({ admission: admitDeferred })
  for (const family of FAMILIES) {
    const socket = connectKernel(t, { port: listener.port, host: STACK[family] })
    const refused = happens<NodeJS.ErrnoException>(socket, 'error')
    const incoming = await next()
    assert.equal(
      host.act(() => incoming.refuse()),
      true,
    )
    assert.equal((await refused).code, 'ECONNREFUSED')
  }
  assert.deepEqual([listener.halfOpen, listener.counters.deferRefused], [0, 2])
})

kernelTest(import.meta.url, 'a SYN that is ignored comes again, and can be accepted then', async (t) => {
  const host = await openHost(t)
  const next = incomings(host)
  const listener = host.listen({ admission: admitDeferred })
  const socket = connectKernel(t, { port: listener.port, host: STACK[4] })
  const first = await next()
  host.act(() => first.ignore())
  assert.equal(host.stack.counters.transmitted, 0)
  const second = await next()
  assert.equal(second.syn.irs, first.syn.irs)
  assert.equal(socket.connecting, true)
  host.act(() => second.accept())
  await connected(socket)
  await host.accept(listener)
  assert.equal(
    host.act(() => first.accept()),
    false,
  )
  assert.deepEqual([listener.counters.syns, listener.counters.deferIgnored, listener.counters.completed], [2, 1, 1])
})
