import { DgramSocket } from './dgram.ts'
import type { DgramOptions, SocketType } from './dgram-options.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { RemoteInfo } from './udp-handle.ts'

export type { DgramSocket } from './dgram.ts'

type OnMessage = (message: Buffer, from: RemoteInfo) => void

/** What node:dgram exports, over one stack. */
export interface DgramModule {
  readonly createSocket: (type: SocketType | DgramOptions, onMessage?: OnMessage) => DgramSocket
  readonly Socket: new (type: SocketType | DgramOptions, onMessage?: OnMessage) => DgramSocket
}

export function makeDgramModule(dispatcher: Dispatcher): DgramModule {
  class Socket extends DgramSocket {
    constructor(type: SocketType | DgramOptions, onMessage?: OnMessage) {
      super(dispatcher, typeof type === 'object' && type !== null ? type : { type }, onMessage)
    }
  }
  return { createSocket: (type, onMessage) => new Socket(type, onMessage), Socket }
}
