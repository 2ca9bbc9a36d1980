import type { Connection } from '../tcp/connection.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { SocketOptions } from './options.ts'
import { Socket } from './socket.ts'

/** A socket whose connection is on its way: the stack has answered, and the peer has not. */
export interface ExpectedSocket {
  readonly socket: Socket
  /** It is there. A socket that was destroyed meanwhile resets it. */
  arrive(connection: Connection): void
  fail(error: Error): void
}

export function expectSocket(dispatcher: Dispatcher, options: SocketOptions): ExpectedSocket {
  const socket = new Socket(dispatcher, options)
  socket.connecting = true
  return {
    socket,
    arrive(connection) {
      if (socket.destroyed) connection.abort()
      else socket.adopt(connection)
    },
    fail: (error) => void socket.destroy(error),
  }
}
