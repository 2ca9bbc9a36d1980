import type { Connection } from '../tcp/connection.ts'
import type { KeepAliveOptions } from '../tcp/keep-alive.ts'

/** What Linux takes: of the times, s; of the probes. */
const LONGEST = 32_767
const MOST_PROBES = 127

/** The keep-alives of a socket, as node:net has them. Times in whole seconds; 0 for the stack's own. */
export interface KeepAliveWish {
  readonly on: boolean
  readonly delay: number
  readonly interval: number
  readonly count: number
}

export const NO_KEEP_ALIVE: KeepAliveWish = { on: false, delay: 0, interval: 1, count: 10 }

/** The arguments of `setKeepAlive` by name, as from Node 24 on. */
export interface KeepAliveSettings {
  enable?: boolean
  /** ms */
  initialDelay?: number
  /** ms. Default 1000. */
  interval?: number
  /** Default 10. */
  count?: number
}

/** What a handle was told of its connection: kept until there is one. */
export class HandleOptions {
  #noDelay = false
  #typeOfService: number | undefined
  #keepAlive: KeepAliveOptions | false = false

  /** All of it, to a connection that is new. */
  apply(connection: Connection): void {
    connection.noDelay = this.#noDelay
    if (this.#typeOfService !== undefined) connection.ip.dscp = this.#typeOfService >>> 2
    if (this.#keepAlive !== false) connection.setKeepAlive(this.#keepAlive)
  }

  setNoDelay(on: boolean, connection: Connection | undefined): void {
    this.#noDelay = on
    if (connection !== undefined) connection.noDelay = on
  }

  /** Without a delay, or with times that the system would not take, all are the stack's. */
  setKeepAlive({ on, delay, interval, count }: KeepAliveWish, connection: Connection | undefined): void {
    const isTaken = isWithin(delay, 1, LONGEST) && isWithin(interval, 1, LONGEST) && isWithin(count, 2, MOST_PROBES)
    this.#keepAlive = on && (isTaken ? { idle: delay * 1000, interval: interval * 1000, count } : {})
    connection?.setKeepAlive(this.#keepAlive)
  }

  /** The octet of the IP header: its upper six bits are the code point, the others are ECN's, which are the stack's. */
  setTypeOfService(octet: number, connection: Connection | undefined): void {
    this.#typeOfService = octet
    if (connection !== undefined) connection.ip.dscp = octet >>> 2
  }

  typeOfService(connection: Connection | undefined): number {
    return connection === undefined ? (this.#typeOfService ?? 0) : connection.ip.dscp << 2
  }
}

/** Times in ms. */
export function keepAliveWish(enable: unknown, delay = 0, interval = 1000, count = 10): KeepAliveWish {
  const seconds = (ms: number): number => Math.trunc(ms / 1000) || 0
  return { on: Boolean(enable), delay: seconds(delay), interval: seconds(interval), count }
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most
}
