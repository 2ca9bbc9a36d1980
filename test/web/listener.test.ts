import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { collect, pair, rejection } from './support.ts'

describe('a listener', () => {
  test('is iterated, and ends when it is closed', async (t) => {
    const { server, client } = pair(t)
    const listener = server.listen({ port: 80 })
    let served = 0
    const serving = (async () => {
      for await (const socket of listener) {
        served++
        const writer = socket.writable.getWriter()
        await writer.write(`you are ${served}`)
        await writer.close()
      }
    })()
    for (let i = 1; i <= 3; i++) {
      assert.equal((await collect(client.connect('10.0.0.1:80').readable)).toString(), `you are ${i}`)
    }
    await listener.close()
    await serving
    assert.equal((await rejection(client.connect('10.0.0.1:80').opened)).code, 'ECONNREFUSED')
  })

  test('chooses a port, on one address or on all', async (t) => {
    const { server } = pair(t)
    const { address } = server.listen({ host: '10.0.0.1' })
    assert.equal(address.hostname, '10.0.0.1')
    assert.ok(address.port > 0)
    assert.notEqual(server.listen().address.port, address.port)
  })

  test('lets connections wait in the accept queue, as many as it says', async (t) => {
    const { server, client } = pair(t)
    const listener = server.listen({ port: 80, acceptBacklog: 2, acceptOverflow: 'reset' })
    const sockets = [1, 2, 3].map(() => client.connect('10.0.0.1:80'))
    await Promise.all(sockets.map(({ opened }) => opened))
    assert.equal((await rejection(sockets[2]!.closed)).code, 'ECONNRESET')
    assert.equal(listener.listener.acceptQueueLength, 2)
    const ports = [await listener.accept(), await listener.accept()].map(
      async ({ opened }) => (await opened).remoteAddress,
    )
    const expected = sockets.slice(0, 2).map(async ({ opened }) => (await opened).localAddress)
    assert.deepEqual(await Promise.all(ports), await Promise.all(expected))
  })

  test('closes by its signal: who waits hears the reason, who iterates hears the end', async (t) => {
    const { server } = pair(t)
    const controller = new AbortController()
    const listener = server.listen({ port: 80, signal: controller.signal })
    const accepted = listener.accept()
    const ended = (async () => {
      for await (const _ of listener) assert.fail('nobody has connected')
    })()
    const reason = new Error('shutting down')
    controller.abort(reason)
    assert.equal(await rejection(accepted), reason)
    await Promise.all([listener.closed, ended])
    assert.throws(() => server.listen({ port: 80, signal: controller.signal }), reason)
    assert.equal(server.stack.tcp.listening.listeners.all.length, 0)
  })

  test('is disposed of', async (t) => {
    const { server } = pair(t)
    const listener = server.listen(80)
    await listener[Symbol.asyncDispose]()
    assert.equal((await rejection(listener.accept())).code, 'ERR_SERVER_NOT_RUNNING')
    await server.listen(80).close()
  })

  test('refuses a port that is taken, an address that is not its own, a port that is none', (t) => {
    const { server } = pair(t)
    server.listen(80)
    assert.throws(() => server.listen(80), {
      name: 'SocketError',
      code: 'EADDRINUSE',
      syscall: 'listen',
      message: 'SocketError: listen EADDRINUSE [::]:80',
    })
    assert.throws(() => server.listen({ host: '10.9.9.9', port: 1 }), { code: 'EADDRNOTAVAIL', address: '10.9.9.9' })
    assert.throws(() => server.listen(70_000), { code: 'ERR_SOCKET_BAD_PORT' })
    assert.throws(() => server.listen({ backlog: -1 }), { code: 'ERR_OUT_OF_RANGE' })
  })
})
