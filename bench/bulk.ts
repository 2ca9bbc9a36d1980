import { Driver } from '../src/host/driver.ts'
import type { Scheduler } from '../src/link/scheduler.ts'
import { createWire, type WireOptions } from '../src/link/wire.ts'
import type { Stack } from '../src/stack/stack.ts'
import type { Connection } from '../src/tcp/connection.ts'
import { seconds } from './measure.ts'
import { ADDRESSES, makeStack, Pump } from './pump.ts'

const PORT = 80
export const CHUNK = new Uint8Array(65_536).fill(0x5a)

/** Gbit/s of `octets` one way between two stacks that hand each other their frames, without link, clock or event loop. */
export function pumpBulk(octets: number, mtu: number): Promise<number> {
  const pump = new Pump({ mtu })
  const listener = pump.b.listen({ port: PORT })
  const sender = pump.a.connect({ address: ADDRESSES.b, port: PORT })
  pump.run()
  const receiver = listener.accept()!
  const into = new Uint8Array(CHUNK.length)
  return gigabits(octets, () => {
    let sent = 0
    for (let received = 0; received < octets; ) {
      sent += offer(sender, octets - sent)
      if (pump.run() === 0) pump.sleep()
      for (let length = receiver.receive(into); length > 0; length = receiver.receive(into)) received += length
    }
  })
}

/** The same over the wire of this process, through drivers and the event loop, as an application would have it. */
export async function wireBulk(octets: number, scheduler: Scheduler, options: WireOptions): Promise<number> {
  const [linkA, linkB] = createWire(scheduler, options)
  const a = new Driver(makeStack('a', { mtu: linkA.mtu, offload: linkA.offload }), linkA, scheduler)
  const b = new Driver(makeStack('b', { mtu: linkB.mtu, offload: linkB.offload }), linkB, scheduler)
  const listener = b.stack.listen({ port: PORT })
  const sender = a.stack.connect({ address: ADDRESSES.b, port: PORT })
  const rate = await gigabits(octets, () => transfer(octets, a, b, sender, () => listener.accept()!))
  a.close()
  b.close()
  return rate
}

function transfer(
  octets: number,
  a: Driver<Stack>,
  b: Driver<Stack>,
  sender: Connection,
  accept: () => Connection,
): Promise<void> {
  return new Promise((resolve) => {
    const into = new Uint8Array(CHUNK.length)
    let sent = 0
    let received = 0
    a.onEvent = (event) => {
      if (event.type === 'connected' || event.type === 'writable') sent += offer(sender, octets - sent)
    }
    b.onEvent = (event) => {
      if (event.type === 'acceptable') accept()
      if (event.type !== 'readable') return
      const { connection } = event
      for (let length = connection.receive(into); length > 0; length = connection.receive(into)) received += length
      if (received === octets) resolve()
    }
    a.touch()
  })
}

/** As much as the connection takes, and a `writable` event when there is room again. */
function offer(sender: Connection, octets: number): number {
  let sent = 0
  while (sent < octets) {
    const size = Math.min(CHUNK.length, octets - sent)
    const taken = sender.send(CHUNK, 0, size)
    sent += taken
    if (taken < size) break
  }
  return sent
}

/** Gbit/s of work that moves so many octets. */
export async function gigabits(octets: number, work: () => void | Promise<void>): Promise<number> {
  return (8 * octets) / (await seconds(work)) / 1e9
}
