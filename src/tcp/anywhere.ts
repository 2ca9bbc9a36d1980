import type { IpAddress } from '../wire/address.ts'
import { admitDeferred } from './admission.ts'
import { callError } from './errors.ts'
import type { ListenOptions } from './listen-options.ts'
import { Listener, type ListenerHost } from './listener.ts'
import type { Listeners } from './listeners.ts'

export type AnywhereOptions = Omit<ListenOptions, 'address' | 'port' | 'family' | 'admission' | 'cookies' | 'fastOpen'>

/** What listening for others needs of its endpoint. */
interface AnywhereHost extends ListenerHost {
  readonly listeners: Listeners
  /** Whether there is any connection, of whatever address. */
  readonly hasConnections: boolean
  isOwn(address: IpAddress): boolean
}

/** Listening for addresses that are not this host's: for whoever carries the connections of guests on. */
export class Anywhere {
  private readonly host: AnywhereHost
  private wasUsed = false

  constructor(host: AnywhereHost) {
    this.host = host
  }

  /**
   * Passive OPEN of every port and address that no other listener has. SYNs wait for the application's word, without cookies.
   * @throws {Error} EADDRINUSE: there is such a listener already
   * @throws {RangeError} ERR_OUT_OF_RANGE for an option
   */
  listen(options: AnywhereOptions): Listener {
    const { host } = this
    if (host.listeners.anywhere !== undefined) throw callError('EADDRINUSE', 'this stack listens anywhere already')
    const listener = new Listener(host, { ...options, admission: admitDeferred, cookies: false, port: 0 }, undefined)
    host.listeners.add(listener)
    this.wasUsed = true
    return listener
  }

  /** Whether segments to addresses of others are taken: connections made so outlive their listener. */
  get isReached(): boolean {
    return this.wasUsed && (this.host.listeners.anywhere !== undefined || this.host.hasConnections)
  }

  /** A listener for all addresses is for the stack's own, unless it is the one for anywhere. */
  listenerFor(address: IpAddress, port: number): Listener | undefined {
    const { listeners } = this.host
    return this.wasUsed && !this.host.isOwn(address) ? listeners.anywhere : listeners.get(address, port)
  }
}
