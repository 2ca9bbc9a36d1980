import type { Connection } from '../tcp/connection.ts'
import { keepAliveTimes } from './options.ts'

/** What a handle was told of its connection: kept until there is one. */
export class HandleOptions {
  noDelay = false
  /** The octet of the IP header: its upper six bits are the code point, the others are ECN's, which are the stack's. */
  typeOfService: number | undefined
  #keepAlive: { on: boolean; delay: number } | undefined

  /** @param delay s; 0 for the stack's own. */
  setKeepAlive(on: boolean, delay: number): void {
    this.#keepAlive = { on, delay }
  }

  apply(connection: Connection): void {
    connection.noDelay = this.noDelay
    if (this.typeOfService !== undefined) connection.ip.dscp = this.typeOfService >>> 2
    if (this.#keepAlive === undefined) return
    const { on, delay } = this.#keepAlive
    connection.setKeepAlive(on && keepAliveTimes(delay * 1000))
  }
}
