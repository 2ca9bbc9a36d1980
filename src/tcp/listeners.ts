import type { IpAddress } from '../wire/address.ts'
import { callError } from './errors.ts'
import type { Listener } from './listener.ts'

/** The listeners of an endpoint, by port and address; one for a given address goes before one for all. */
export class Listeners {
  private readonly byPort: Map<number, Listener[]> = new Map()
  /** The port that was last asked for, and what is there: segments come in runs for one port. */
  private recentPort = -1
  private recent: Listener[] | undefined
  /** The one for all that no other is for, if there is one. */
  anywhere: Listener | undefined
  /** All of them, for what must look at each. */
  readonly all: Listener[] = []

  get(address: IpAddress, port: number): Listener | undefined {
    if (port !== this.recentPort) this.look(port)
    return this.recent === undefined ? this.anywhere : this.choose(this.recent, address)
  }

  private look(port: number): void {
    this.recentPort = port
    this.recent = this.byPort.get(port)
  }

  private choose(candidates: readonly Listener[], address: IpAddress): Listener | undefined {
    let any: Listener | undefined
    for (let i = 0; i < candidates.length; i++) {
      const listener = candidates[i]!
      if (listener.address === undefined) {
        if (listener.family === undefined || listener.family === address.family) any = listener
      } else if (listener.address.equals(address)) return listener
    }
    return any ?? this.anywhere
  }

  /** Whether a listener for `address` (undefined: all of the family, or of both) can't be told from one that is there. */
  conflicts(address: IpAddress | undefined, port: number, family: 4 | 6 | undefined = address?.family): boolean {
    return (this.byPort.get(port) ?? []).some((other) => {
      if (family !== undefined && other.family !== undefined && family !== other.family) return false
      return address === undefined || other.address === undefined || other.address.equals(address)
    })
  }

  /** A port for `address` out of a range. @throws {Error} EADDRNOTAVAIL */
  freePort(
    [first, last]: readonly [number, number],
    address: IpAddress | undefined,
    family: 4 | 6 | undefined,
  ): number {
    for (let port = first; port <= last; port++) if (!this.conflicts(address, port, family)) return port
    throw callError('EADDRNOTAVAIL', `no port from ${first} to ${last} is free to listen on`)
  }

  usesPort(port: number): boolean {
    return this.byPort.has(port)
  }

  add(listener: Listener): void {
    this.recentPort = -1
    this.all.push(listener)
    if (listener.port === 0) {
      this.anywhere = listener
      return
    }
    this.byPort.set(listener.port, [...(this.byPort.get(listener.port) ?? []), listener])
  }

  delete(listener: Listener): void {
    this.recentPort = -1
    this.all.splice(this.all.indexOf(listener), 1)
    if (this.anywhere === listener) this.anywhere = undefined
    const left = (this.byPort.get(listener.port) ?? []).filter((other) => other !== listener)
    if (left.length > 0) this.byPort.set(listener.port, left)
    else this.byPort.delete(listener.port)
  }
}
