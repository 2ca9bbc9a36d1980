/** Long writes, over a link whose frames wait until they are read. */
import { equal, ok } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { RealTime } from '../../src/host/real-time.ts'
import type { Link, LinkReceiver } from '../../src/link/link.ts'
import { createWire } from '../../src/link/wire.ts'
import { createNet } from '../../src/net/net.ts'
import type { Socket } from '../../src/net/socket.ts'
import { Offload } from '../../src/wire/offload.ts'
import { CLIENT, collect, event, listening, pattern, SERVER } from './support.ts'

const OCTETS = pattern(5_000_000)

/** Keeps what the wire brings until it is polled, or until the event loop's next turn. */
class Waiting implements Link {
  readonly name = 'waiting'
  readonly medium = 'ip'
  readonly mtu: number
  readonly offload: Link['offload']
  readonly headroom: number
  polls = 0
  readonly #wire: Link
  readonly #frames: { octets: Uint8Array; offload: Offload }[] = []
  #receiver!: LinkReceiver
  #soon = false

  constructor(wire: Link) {
    this.#wire = wire
    this.mtu = wire.mtu
    this.offload = wire.offload
    this.headroom = wire.headroom
  }

  attach(receiver: LinkReceiver): void {
    this.#receiver = receiver
    this.#wire.attach({
      frame: (octets, start, end, offload) => this.#keep(octets.slice(start, end), offload),
      drained: () => {},
      writable: () => receiver.writable(),
      closed: (error) => receiver.closed(error),
    })
  }

  send(octets: Uint8Array, start: number, end: number, offload: Offload): boolean {
    return this.#wire.send(octets, start, end, offload)
  }

  poll(): void {
    this.polls++
    this.#bring()
  }

  close(): void {
    this.#wire.close()
  }

  #keep(octets: Uint8Array, { checksumValid, segmentSize }: Offload): void {
    this.#frames.push({ octets, offload: Object.assign(new Offload(), { checksumValid, segmentSize }) })
    if (this.#soon) return
    this.#soon = true
    setImmediate(() => {
      this.#soon = false
      this.#bring()
      this.#receiver.drained()
    })
  }

  #bring(): void {
    for (const { octets, offload } of this.#frames.splice(0)) this.#receiver.frame(octets, 0, octets.length, offload)
  }
}

for (const { what, size } of [
  { what: 'as one', size: OCTETS.length },
  { what: 'in pieces of 64 KiB', size: 65_536 },
  { what: 'in odd pieces', size: 99_999 },
]) {
  test(`octets written ${what} arrive whole and in order`, async (t) => {
    const scheduler = new RealTime()
    const [near, far] = createWire(scheduler, { offload: true })
    const link = new Waiting(near)
    const server = createNet({ link: far, address: `${SERVER}/24`, scheduler })
    const client = createNet({ link, address: `${CLIENT}/24`, scheduler })
    t.after(() => {
      client.close()
      server.close()
    })
    const accepted = new Promise<Socket>((resolve) => void listening(server.createServer(resolve)))
    const socket = client.connect(80, SERVER)
    await event(socket, 'connect')
    const received = collect(await accepted)
    let done = 0
    for (let at = 0; at < OCTETS.length; at += size) {
      const room = socket.write(OCTETS.subarray(at, at + size), () => done++)
      if (!room) await event(socket, 'drain')
    }
    socket.end()
    equal(hash(await received), hash(OCTETS))
    equal(done, Math.ceil(OCTETS.length / size))
    ok(link.polls > 5, `${link.polls} polls`)
  })
}

function hash(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex')
}
