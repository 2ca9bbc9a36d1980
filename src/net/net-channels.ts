import { channel } from 'node:diagnostics_channel'

/** Told of each socket that a server has accepted, and of each that connects: `{ socket }`, as by node:net. */
export const serverSocket: ReturnType<typeof channel> = channel('net.server.socket')
export const clientSocket: ReturnType<typeof channel> = channel('net.client.socket')

const asyncStart = channel('tracing:net.server.listen:asyncStart')
const asyncEnd = channel('tracing:net.server.listen:asyncEnd')
const failed = channel('tracing:net.server.listen:error')

/** The channels of the trace `net.server.listen`. */
export const listenChannels = {
  start(server: object, options: object): void {
    if (asyncStart.hasSubscribers) asyncStart.publish({ server, options })
  },
  end(server: object): void {
    if (asyncEnd.hasSubscribers) asyncEnd.publish({ server })
  },
  fail(server: object, error: Error): void {
    if (failed.hasSubscribers) failed.publish({ server, error })
  },
}
