import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { Connection } from '../src/tcp/connection.ts'
import type { Listener } from '../src/tcp/listener.ts'
import { seconds } from './measure.ts'
import { ADDRESSES, Pump } from './pump.ts'

const PORT = 80

/** Two stacks in this process, one of which listens. To be kept from one measurement to the next: V8 throws compiled code away with the objects that it was compiled for. */
export class PumpHandshakes {
  // TIME-WAIT is as long as ever. That it holds so few is what lets ports come round again in time that stands still.
  private readonly pump: Pump = new Pump({ tcp: { maxTimeWait: 10_000 } })
  private readonly atOnce: number
  private readonly listener: Listener

  constructor(atOnce: number) {
    this.atOnce = atOnce
    this.listener = this.pump.b.listen({ port: PORT, backlog: atOnce })
  }

  /** Connections a second, each opened, accepted and closed by both ends, `atOnce` at a time. */
  async rate(connections: number): Promise<number> {
    return connections / (await seconds(() => this.run(connections)))
  }

  run(connections: number): void {
    const { pump, listener, atOnce } = this
    const opened: Connection[] = []
    const before = this.ended
    let done = 0
    for (; done < connections; done += atOnce) {
      for (let i = 0; i < atOnce; i++) opened.push(pump.a.connect({ address: ADDRESSES.b, port: PORT }))
      pump.run()
      for (const connection of opened) connection.close()
      pump.run()
      for (let other = listener.accept(); other !== undefined; other = listener.accept()) other.close()
      pump.run()
      opened.length = 0
      takeEvents(pump)
    }
    if (this.ended - before !== done) throw new Error('not every connection has come to TIME-WAIT')
  }

  /** Connections that have come to TIME-WAIT, or beyond. */
  private get ended(): number {
    const { counters, tcp } = this.pump.a
    return counters.TW + tcp.timeWait.size
  }
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
