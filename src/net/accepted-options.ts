import { type DuplexOptions, getDefaultHighWaterMark } from 'node:stream'
import { type KeepAliveWish, keepAliveWish } from './handle-options.ts'
import { streamOptions } from './stream-options.ts'

/** Of a server: what its sockets are made with. */
export interface AcceptingServer {
  allowHalfOpen: boolean
  pauseOnConnect: boolean
  highWaterMark: number
  noDelay: boolean
  keepAlive: boolean
  /** Seconds. */
  keepAliveInitialDelay: number
}

/** The options of a server's sockets, ready to be used: checked once, and shared by all that are made alike. */
export class AcceptedOptions {
  readonly streams: DuplexOptions
  readonly noDelay: boolean
  readonly keepAlive: KeepAliveWish
  readonly pauseOnCreate: boolean
  readonly #highWaterMark: number
  readonly #keepAliveInitialDelay: number

  constructor(server: AcceptingServer) {
    const { allowHalfOpen, highWaterMark } = server
    const isDefault = highWaterMark === getDefaultHighWaterMark(false)
    this.streams = streamOptions({ allowHalfOpen, ...(isDefault ? {} : { highWaterMark }) })
    this.noDelay = Boolean(server.noDelay)
    this.keepAlive = keepAliveWish(server.keepAlive, server.keepAliveInitialDelay * 1000)
    this.pauseOnCreate = Boolean(server.pauseOnConnect)
    this.#highWaterMark = highWaterMark
    this.#keepAliveInitialDelay = server.keepAliveInitialDelay
  }

  /** Whether they are still those of the server, whose properties anybody may set. */
  areOf(server: AcceptingServer): boolean {
    return (
      this.streams.allowHalfOpen === Boolean(server.allowHalfOpen) &&
      this.pauseOnCreate === Boolean(server.pauseOnConnect) &&
      this.#highWaterMark === server.highWaterMark &&
      this.noDelay === Boolean(server.noDelay) &&
      this.keepAlive.on === Boolean(server.keepAlive) &&
      this.#keepAliveInitialDelay === server.keepAliveInitialDelay
    )
  }
}
