import type { AddressInfo, Server as Forwarder } from 'node:net'
import { RealTime } from '../host/real-time.ts'
import { createWire } from '../link/wire.ts'
import { createNet, type Net } from '../net/net.ts'
import type { Observer } from '../tcp/observer.ts'
import { forwarderPort, openForwarder } from './forwarder.ts'
import { hostAddressFor } from './options.ts'
import { attachTun, offloadRemark, type TunOptions } from './tun.ts'

/** How a server is reached. */
export interface Way {
  readonly hosts: readonly string[]
  readonly port: number
  readonly remarks: readonly string[]
}

/** Where a command's stack is. */
export interface Attachment {
  readonly net: Net
  /** The stack's addresses, without prefix lengths. */
  readonly addresses: readonly string[]
  /** `TUN device estab0`, `embedded wire`. */
  readonly name: string
  /** Opens the way to the server's port, which was asked for as `wanted`, where there is none yet; tells how it is reached. */
  open(port: number, wanted: number): Promise<Way>
  /** Gives up the link, and with it the device. */
  close(): void
}

/** On a TUN device of the current network namespace. */
export async function tunAttachment(
  options: TunOptions,
  observer?: Observer,
  ...alternatives: string[]
): Promise<Attachment> {
  const link = await attachTun(options, ...alternatives)
  const addresses = options.address.map(withoutPrefix)
  const net = createNet({ link, addresses: options.address, ...(observer && { observer }) })
  return {
    net,
    addresses,
    name: `TUN device ${link.name}`,
    async open(port) {
      return { hosts: addresses, port, remarks: options.verbose ? [offloadRemark(link)] : [] }
    },
    close: () => net.close(),
  }
}

/** On a wire inside this process, at whose other end a second stack stands, with a forwarder for this machine's programs. */
export function embeddedAttachment(own: readonly string[], observer?: Observer): Attachment {
  const [near, far] = createWire(new RealTime(), { offload: true })
  const net = createNet({ link: near, addresses: own, ...(observer && { observer }) })
  const second = createNet({ link: far, addresses: own.map(hostAddressFor) })
  const addresses = own.map(withoutPrefix)
  let forwarder: Forwarder | undefined
  return {
    net,
    addresses,
    name: 'embedded wire',
    async open(port, wanted) {
      forwarder = await openForwarder(second, addresses[0]!, port, forwarderPort(wanted))
      return {
        hosts: ['127.0.0.1'],
        port: (forwarder.address() as AddressInfo).port,
        remarks: ['each connection to it is carried by a second stack of estab over the embedded wire'],
      }
    },
    close() {
      forwarder?.close()
      net.close()
      second.close()
    },
  }
}

function withoutPrefix(cidr: string): string {
  return cidr.split('/')[0]!
}
