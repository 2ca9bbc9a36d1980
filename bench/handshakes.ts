import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { Connection } from '../src/tcp/connection.ts'
import { seconds } from './measure.ts'
import { ADDRESSES, Pump } from './pump.ts'

const PORT = 80

/** Connections a second, each opened, accepted and closed by both ends, `atOnce` at a time, between two stacks in this process. */
export async function pumpHandshakes(connections: number, atOnce: number): Promise<number> {
  // TIME-WAIT is as long as ever. That it holds so few is what lets ports come round again in time that stands still.
  const pump = new Pump({ tcp: { maxTimeWait: 10_000 } })
  const listener = pump.b.listen({ port: PORT, backlog: atOnce })
  const opened: Connection[] = []
  const took = await seconds(() => {
    for (let done = 0; done < connections; done += atOnce) {
      for (let i = 0; i < atOnce; i++) opened.push(pump.a.connect({ address: ADDRESSES.b, port: PORT }))
      pump.run()
      for (const connection of opened) connection.close()
      pump.run()
      for (let other = listener.accept(); other !== undefined; other = listener.accept()) other.close()
      pump.run()
      opened.length = 0
      takeEvents(pump)
    }
  })
  if (pump.a.counters.TW + pump.a.tcp.timeWait.size + pump.a.counters.TCPTimeWaitOverflow < connections) {
    throw new Error('not every connection has come to TIME-WAIT')
  }
  return connections / took
}

function takeEvents({ a, b }: Pump): void {
  while (a.nextEvent() !== undefined);
  while (b.nextEvent() !== undefined);
}

/** The same through node:net and the kernel's loopback, both ends in this process. */
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
