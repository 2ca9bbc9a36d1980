import type { IpAddress } from '../wire/address.ts'
import { IpHeader } from '../wire/ip.ts'
import { parseIp } from '../wire/ip-packet.ts'
import { type Device, Port } from './port.ts'

/** The most addresses that a switch remembers; when it has learnt as many it forgets the oldest. */
const MOST_LEARNT = 4096

/**
 * Joins links into one network. It learns behind which port an address is from the packets that come from it, and sends
 * to all other ports what is for an address that it does not know, or for many. Packets are IP packets, so what it
 * learns are IP addresses; it looks at no hop limit and changes nothing.
 */
export class Switch implements Device {
  readonly name: string
  readonly ports: Port[] = []
  readonly #header = new IpHeader()
  readonly #learnt = new Map<string, Port>()

  constructor(name: string) {
    this.name = name
  }

  newPort(): Port {
    const port = new Port(this)
    this.ports.push(port)
    return port
  }

  receive(from: Port, octets: Uint8Array, start: number, end: number): void {
    const header = this.#header
    // A damaged header says nothing about who sent the packet: it goes to all, who will drop it.
    if (parseIp(octets, start, end, header) === undefined) {
      this.#learn(header.source, from)
      const known = this.#learnt.get(keyOf(header.destination))
      if (known !== undefined && !isForMany(header.destination)) {
        if (known !== from) known.send(octets, start, end)
        return
      }
    }
    for (const port of this.ports) if (port !== from) port.send(octets, start, end)
  }

  drained(): void {}

  #learn(address: IpAddress, port: Port): void {
    const key = keyOf(address)
    if (this.#learnt.get(key) === port) return
    this.#learnt.delete(key)
    this.#learnt.set(key, port)
    if (this.#learnt.size > MOST_LEARNT) this.#learnt.delete(this.#learnt.keys().next().value!)
  }
}

function isForMany(address: IpAddress): boolean {
  return address.isMulticast || address.isBroadcast
}

/** A Map of strings is walked in the order in which they came: the same in every run. */
function keyOf({ a, b, c, d }: IpAddress): string {
  return `${a},${b},${c},${d}`
}
