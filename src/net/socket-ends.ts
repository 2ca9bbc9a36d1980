import { Duplex } from 'node:stream'
import type { Connection } from '../tcp/connection.ts'
import { familyOf, type SocketAddress } from './options.ts'

/** What a socket says of its two ends, as node:net's Socket does. */
export abstract class SocketEnds extends Duplex {
  /** Undefined before there is one. */
  protected abstract connectionOfEnds(): Connection | undefined

  /** The local end; empty before there is one. */
  address(): SocketAddress | Record<string, never> {
    const { localAddress: address, localPort: port } = this
    return address === undefined || port === undefined ? {} : { address, family: familyOf(address), port }
  }

  /** The TCP state, by its standard name. */
  get state(): Connection['state'] | undefined {
    return this.connectionOfEnds()?.state
  }

  get localAddress(): string | undefined {
    return this.connectionOfEnds()?.localAddress
  }

  get localPort(): number | undefined {
    return this.connectionOfEnds()?.localPort
  }

  get localFamily(): 'IPv4' | 'IPv6' | undefined {
    const address = this.localAddress
    return address === undefined ? undefined : familyOf(address)
  }

  get remoteAddress(): string | undefined {
    return this.connectionOfEnds()?.remoteAddress
  }

  get remotePort(): number | undefined {
    return this.connectionOfEnds()?.remotePort
  }

  get remoteFamily(): 'IPv4' | 'IPv6' | undefined {
    const address = this.remoteAddress
    return address === undefined ? undefined : familyOf(address)
  }
}
