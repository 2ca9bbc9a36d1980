import type { UdpSocket } from '../udp/udp-socket.ts'
import { IpAddress } from '../wire/address.ts'
import type { Dispatcher } from './dispatcher.ts'
import { argumentError, socketError, validPort } from './errors.ts'
import { familyOf, type SocketAddress } from './options.ts'

export interface DatagramSocketOptions {
  /** Default: that of the stack's first address. */
  family?: 4 | 6
  /** Octets that may wait to be read, 256 for each datagram included; further datagrams are dropped. Default 212,992. */
  receiveBuffer?: number
}

/** Who sent a datagram. */
export interface RemoteInfo extends SocketAddress {
  /** Octets. */
  readonly size: number
}

/**
 * A UDP socket over a stack of its own: what node:dgram's does for one host and one peer at a time, without events; what
 * comes is handed to `onMessage`, `onError` and `onClose`. No names are looked up; broadcast and multicast are refused.
 */
export class DatagramSocket {
  /** A datagram has come; it is the receiver's own. */
  onMessage: (message: Uint8Array, from: RemoteInfo) => void = () => {}
  /** An ICMP error about a datagram of a connected socket, or the link is gone (ENETDOWN). */
  onError: (error: Error) => void = () => {}
  onClose: () => void = () => {}
  readonly #dispatcher: Dispatcher
  readonly #options: DatagramSocketOptions
  #socket: UdpSocket | undefined
  #forget: () => void = () => {}
  #closed = false

  constructor(dispatcher: Dispatcher, options: DatagramSocketOptions = {}) {
    this.#dispatcher = dispatcher
    this.#options = options
  }

  /**
   * Takes a port of one of the stack's addresses, or of all; without arguments a free one of all.
   * @throws {Error} EADDRINUSE, EADDRNOTAVAIL, ENETDOWN; ERR_SOCKET_ALREADY_BOUND; ERR_SOCKET_DGRAM_NOT_RUNNING
   * @throws {RangeError} ERR_SOCKET_BAD_PORT
   */
  bind(port = 0, address?: string): this {
    this.#checkOpen()
    if (this.#socket !== undefined) {
      throw Object.assign(new Error('the socket is bound already'), { code: 'ERR_SOCKET_ALREADY_BOUND' })
    }
    this.#dispatcher.checkLink()
    const socket = this.#dispatcher.driver.stack.bind({
      ...this.#options,
      port: validPort(port, 0),
      ...(address === undefined ? {} : { address }),
    })
    socket.onNews = () => this.#read(socket)
    this.#socket = socket
    this.#forget = this.#dispatcher.onLost((error) => {
      this.onError(error ?? socketError('recvmsg', 'ENETDOWN'))
      this.close()
    })
    return this
  }

  /**
   * Sends a datagram, which is copied: to this peer, or to the one that the socket is connected to.
   * @throws {Error} as {@link UdpSocket.send}
   */
  send(message: Uint8Array, port?: number, address?: string): void {
    const to = address === undefined ? undefined : addressOf(address)
    this.#bound().send(message, 0, message.length, to, port === undefined ? undefined : validPort(port, 1))
    this.#dispatcher.driver.touch()
  }

  /**
   * From now on datagrams come from this peer alone, and `send` needs no address.
   * @throws {Error} ENETUNREACH, EACCES; ERR_SOCKET_DGRAM_IS_CONNECTED
   */
  connect(port: number, address: string): this {
    const socket = this.#bound()
    if (socket.remote !== undefined) {
      throw Object.assign(new Error('the socket is connected already'), { code: 'ERR_SOCKET_DGRAM_IS_CONNECTED' })
    }
    socket.connect(addressOf(address), validPort(port, 1))
    return this
  }

  disconnect(): void {
    if (this.#socket?.remote === undefined) throw notConnected()
    this.#socket.disconnect()
  }

  /** Where it is bound; an address of `::` or `0.0.0.0` means every one of the stack's. @throws {Error} EBADF: it is not */
  address(): SocketAddress {
    if (this.#socket === undefined) throw socketError('getsockname', 'EBADF')
    const { local, port, family } = this.#socket
    const address = local?.toString() ?? (family === 6 ? '::' : '0.0.0.0')
    return { address, family: familyOf(address), port }
  }

  /** Whom it is connected to. @throws {Error} ERR_SOCKET_DGRAM_NOT_CONNECTED */
  remoteAddress(): SocketAddress {
    const remote = this.#socket?.remote
    if (remote === undefined) throw notConnected()
    return { address: `${remote}`, family: familyOf(`${remote}`), port: this.#socket!.remotePort }
  }

  /** What was sent before still goes out. May be called twice. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#forget()
    this.#socket?.close()
    this.#socket = undefined
    this.onClose()
  }

  #read(socket: UdpSocket): void {
    const code = socket.takeError()
    if (code !== undefined) this.onError(socketError('recvmsg', code))
    for (let next = socket.receive(); next !== undefined; next = socket.receive()) {
      const address = next.address.toString()
      this.onMessage(next.octets, { address, family: familyOf(address), port: next.port, size: next.octets.length })
    }
  }

  #bound(): UdpSocket {
    this.#checkOpen()
    if (this.#socket === undefined) this.bind()
    return this.#socket!
  }

  #checkOpen(): void {
    if (!this.#closed) return
    throw Object.assign(new Error('the socket is closed'), { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' })
  }
}

function addressOf(text: string): IpAddress {
  const address = IpAddress.parse(text)
  if (address !== undefined) return address
  throw argumentError(TypeError, 'ERR_INVALID_ARG_VALUE', `"${text}" is not an IP address: names are not looked up`)
}

function notConnected(): Error {
  return Object.assign(new Error('the socket is not connected'), { code: 'ERR_SOCKET_DGRAM_NOT_CONNECTED' })
}
