import type { DuplexOptions } from 'node:stream'
import type { SocketOptions } from './options.ts'

/** That of Node 22 and later. */
const HIGH_WATER_MARK = 65_536

/** What a socket's stream is to be told: the options, which are changed. */
export function streamOptions(options: SocketOptions): DuplexOptions {
  const streams = options as DuplexOptions
  if (streams.highWaterMark == null) {
    streams.readableHighWaterMark ??= HIGH_WATER_MARK
    streams.writableHighWaterMark ??= HIGH_WATER_MARK
  }
  streams.allowHalfOpen = Boolean(streams.allowHalfOpen)
  // 'close' is emitted when the connection is given up, after 'error', and with an argument.
  streams.emitClose = false
  streams.autoDestroy = true
  streams.decodeStrings = false
  return streams
}
