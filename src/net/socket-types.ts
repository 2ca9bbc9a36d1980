import type { Socket as SocketOfNode } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ConnectOptions, SocketOptions } from './options.ts'
import type { SocketInside } from './socket-face.ts'
import type { TcpHandle } from './tcp-handle.ts'

export type NodeSocket = SocketOfNode

/**
 * One TCP connection as a stream, as node:net's Socket is one. A write is done (its callback runs) when the send buffer has
 * taken the octets. Octets stay in the receive buffer until the stream asks for them, so a slow reader closes the TCP window.
 * What is estab's own is under one name, `estab`.
 */
export interface Socket extends SocketOfNode {
  readonly estab: SocketInside
  readonly _handle: TcpHandle | null
  /** See {@link SocketFace.setTypeOfService}; in node:net from 24 on. */
  setTypeOfService(octet: number): this
  getTypeOfService(): number
  connect(options: ConnectOptions, connectionListener?: () => void): this
  connect(port: number, host: string, connectionListener?: () => void): this
  connect(port: number, connectionListener?: () => void): this
  connect(path: string, connectionListener?: () => void): this
}

type DuplexStatics = { [K in keyof typeof Duplex]: (typeof Duplex)[K] }

/** How a Socket is made: with `new`, without it, or by `Socket.call(this, options)`. */
export interface SocketConstructor extends Omit<DuplexStatics, 'prototype'> {
  new (options?: SocketOptions): Socket
  (options?: SocketOptions): Socket
  call(self: object, options?: SocketOptions): void
  readonly prototype: Socket
}

export type NodeSocketConstructor = new (options?: SocketOptions | number) => NodeSocket
