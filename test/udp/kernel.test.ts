import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import type { UdpSocket } from '../../src/udp/udp-socket.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { FAMILIES, happens, KERNEL, openHost, STACK } from '../kernel/harness.ts'
import { kernelTest } from '../support/namespace.ts'
import { stream } from '../support/trace-packet.ts'

/** A socket of the kernel's, closed when the test ends. */
function kernelSocket(t: TestContext, family: 4 | 6): Socket {
  const socket = createSocket(`udp${family}`)
  t.after(() => socket.close())
  return socket
}

/** Octets of datagrams: the longest, those around an MTU of 1500, and none. */
const LENGTHS = [0, 1, 1452, 1453, 1472, 1473, 4000, 65_507]

for (const family of FAMILIES) {
  for (const offload of [false, true]) {
    kernelTest(
      import.meta.url,
      `IPv${family}: the stack sends back what a socket of the kernel sends${offload ? ', with offloads' : ''}`,
      async (t) => {
        const host = await openHost(t, { offload })
        const echo = host.stack.bind({ family, port: 7, receiveBuffer: 2 ** 20 })
        echo.onNews = () => host.act(() => echoAll(echo))
        host.driver.onEvent = (event) => event.type === 'notice' && event.notice.deliver()
        const socket = kernelSocket(t, family)
        for (const length of LENGTHS) {
          socket.send(stream(0, length), 7, STACK[family])
          const message = await happens<Buffer>(socket, 'message')
          assert.deepEqual(new Uint8Array(message), stream(0, length), `${length} octets`)
        }
        const { counters } = host.stack
        const [reassembled, fragmented] =
          family === 4 ? [counters.IpReasmOKs, counters.IpFragOKs] : [counters.Ip6ReasmOKs, counters.Ip6FragOKs]
        assert.deepEqual([reassembled, fragmented], family === 4 ? [3, 3] : [5, 5])
      },
    )
  }

  kernelTest(import.meta.url, `IPv${family}: a socket of the kernel sends back what the stack sends`, async (t) => {
    const host = await openHost(t)
    const server = kernelSocket(t, family)
    server.bind(0, KERNEL[family])
    await once(server, 'listening')
    server.on('message', (message, { address, port }) => server.send(message, port, address))
    const socket = host.stack.bind({ family, receiveBuffer: 2 ** 20 })
    host.act(() => socket.connect(IpAddress.parse(KERNEL[family])!, server.address().port))
    for (const length of LENGTHS) {
      host.act(() => socket.send(stream(0, length), 0, length))
      await host.until(() => socket.length > 0)
      assert.deepEqual(socket.receive()?.octets, stream(0, length), `${length} octets`)
    }
  })

  kernelTest(import.meta.url, `IPv${family}: each side tells the other that nobody is at a port`, async (t) => {
    const host = await openHost(t)
    const client = kernelSocket(t, family)
    client.connect(9, STACK[family])
    await once(client, 'connect')
    client.send('nobody there?')
    const error = await happens<NodeJS.ErrnoException>(client, 'error')
    assert.equal(error.code, 'ECONNREFUSED')

    const socket = host.stack.bind({ family })
    host.act(() => {
      socket.connect(IpAddress.parse(KERNEL[family])!, 9)
      socket.send(stream(0, 10), 0, 10)
    })
    let code: string | undefined
    await host.until(() => {
      code ??= socket.takeError()
      return code !== undefined
    })
    assert.equal(code, 'ECONNREFUSED')
  })
}

function echoAll(socket: UdpSocket): void {
  for (let next = socket.receive(); next !== undefined; next = socket.receive()) {
    socket.send(next.octets, 0, next.octets.length, next.address, next.port)
  }
}
