/** What estab is measured beside: node:net over the kernel's loopback, both ends in this process. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { CHUNK, gigabits } from './bulk.ts'
import { seconds } from './measure.ts'

/** Gbit/s of `octets` one way over one connection. */
export async function loopbackBulk(octets: number): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sender = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [receiver] = (await once(server, 'connection')) as [Socket]
  const rate = await gigabits(octets, async () => {
    let received = 0
    const done = new Promise<void>((resolve) => {
      receiver.on('data', (chunk: Buffer) => {
        received += chunk.length
        if (received === octets) resolve()
      })
    })
    for (let sent = 0; sent < octets; ) {
      const size = Math.min(CHUNK.length, octets - sent)
      sent += size
      if (!sender.write(CHUNK.subarray(0, size))) await once(sender, 'drain')
    }
    await done
  })
  sender.destroy()
  receiver.destroy()
  server.close()
  return rate
}

/** Connections a second, each opened, accepted and closed by both ends, `atOnce` at a time. */
export async function loopbackHandshakes(connections: number, atOnce: number): Promise<number> {
  const server = createServer((socket) => socket.resume().end())
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  let left = connections
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const socket = connect(port, '127.0.0.1').resume()
      socket.once('connect', () => socket.end())
      await once(socket, 'close')
    }
  }
  const took = await seconds(async () => {
    await Promise.all(Array.from({ length: atOnce }, one))
  })
  server.close()
  return connections / took
}
