import type { Connection } from '../tcp/connection.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { SocketOptions } from './options.ts'
import type { Socket, SocketConstructor } from './socket.ts'
import { kCore, type SocketFace } from './socket-face.ts'
import { TcpHandle } from './tcp-handle.ts'

/** A socket whose connection is on its way: the stack has answered, and the peer has not. */
export interface ExpectedSocket {
  readonly socket: Socket
  /** It is there. A socket that was destroyed meanwhile resets it. */
  arrive(connection: Connection): void
  fail(error: Error): void
}

export function expectSocket(
  dispatcher: Dispatcher,
  Socket: SocketConstructor,
  options: SocketOptions,
): ExpectedSocket {
  const handle = new TcpHandle(dispatcher)
  const socket = new Socket({ ...options, handle, manualStart: true })
  const face = socket as unknown as SocketFace
  const core = face[kCore]
  handle.expect()
  face.connecting = true
  core.onConnected = () => {
    core.opened()
    core.connected()
  }
  return {
    socket,
    arrive(connection) {
      if (socket.destroyed) connection.abort()
      else handle.arrive(connection)
    },
    fail: (error) => void socket.destroy(error),
  }
}
