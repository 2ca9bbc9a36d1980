import { Driver } from '../src/host/driver.ts'
import type { Scheduler } from '../src/link/scheduler.ts'
import { createWire } from '../src/link/wire.ts'
import type { Connection } from '../src/tcp/connection.ts'
import type { Listener } from '../src/tcp/listener.ts'
import { seconds } from './measure.ts'
import { ADDRESSES, makeStack, Pump } from './pump.ts'

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

/** Connections a second over the wire of this process, through drivers and the event loop, `atOnce` at a time. */
export async function wireHandshakes(connections: number, atOnce: number, scheduler: Scheduler): Promise<number> {
  const [linkA, linkB] = createWire(scheduler)
  const a = new Driver(makeStack('a', { tcp: { maxTimeWait: 10_000 } }), linkA, scheduler)
  const b = new Driver(makeStack('b'), linkB, scheduler)
  const listener = b.stack.listen({ port: PORT, backlog: atOnce })
  const took = await seconds(
    () =>
      new Promise((resolve) => {
        let left = connections
        let done = 0
        const open = (): void => {
          if (left-- > 0) a.stack.connect({ address: ADDRESSES.b, port: PORT })
        }
        a.onEvent = (event) => {
          if (event.type === 'connected') event.connection.close()
        }
        b.onEvent = (event) => {
          if (event.type === 'acceptable') listener.accept()
          if (event.type === 'readable') event.connection.close()
          if (event.type !== 'closed') return
          if (++done === connections) resolve()
          open()
          a.touch()
        }
        for (let i = 0; i < atOnce; i++) open()
        a.touch()
      }),
  )
  a.close()
  b.close()
  return connections / took
}
