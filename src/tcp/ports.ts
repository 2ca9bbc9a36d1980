import type { IpAddress } from '../wire/address.ts'
import { callError } from './errors.ts'
import { tupleHash } from './four-tuple.ts'
import type { SipKey } from './siphash.ts'

/** Who knows which ports are taken. */
export interface PortUser {
  isUnused(local: IpAddress, port: number, remote: IpAddress, remotePort: number): boolean
}

/**
 * An ephemeral port by RFC 6056 algorithm 3: an offset that depends on who talks to whom and a secret, and a counter, so
 * that a stranger can't foretell it and a port is not used again soon.
 */
export class EphemeralPorts {
  private readonly key: SipKey
  private readonly first: number
  private readonly count: number
  private next = 0

  constructor(key: SipKey, [first, last]: readonly [first: number, last: number]) {
    this.key = key
    this.first = first
    this.count = last - first + 1
  }

  /** @throws {Error} EADDRNOTAVAIL: every port of the range is taken */
  choose(local: IpAddress, remote: IpAddress, remotePort: number, user: PortUser): number {
    const offset = tupleHash(this.key, local, 0, remote, remotePort) >>> 0
    for (let tries = 0; tries < this.count; tries++) {
      const port = this.first + ((offset + this.next++) % this.count)
      if (user.isUnused(local, port, remote, remotePort)) return port
    }
    throw callError('EADDRNOTAVAIL', `no local port from ${this.first} to ${this.first + this.count - 1} is free`)
  }
}
