import { type ConnectionErrorCode, callError, invalidArgument } from '../tcp/errors.ts'
import type { Notice } from '../tcp/events.ts'
import { Fifo } from '../tcp/fifo.ts'
import type { IpAddress } from '../wire/address.ts'
import type { UdpEndpoint } from './udp-endpoint.ts'

/** Octets that a datagram counts for in a receive queue beside its own. */
const DATAGRAM_COST = 256

/** A datagram that has come; it is the receiver's own. */
export interface UdpMessage {
  readonly octets: Uint8Array
  /** Who sent it. */
  readonly address: IpAddress
  readonly port: number
}

/** A UDP port (RFC 768). Made by `UdpEndpoint.bind`. Its calls send nothing themselves: the stack's `transmit` does. */
export class UdpSocket implements Notice {
  readonly family: 4 | 6
  /** Undefined: every address of its family. */
  readonly local: IpAddress | undefined
  readonly port: number
  /** Octets of datagrams, each with DATAGRAM_COST added, that wait to be received; further ones are dropped. */
  receiveBuffer: number
  /** TTL or hop limit of what it sends, 1 to 255. */
  hopLimit = 64
  /** Whom it is connected to: nobody else is heard. */
  remote: IpAddress | undefined
  remotePort = 0
  /** There is something to receive, or an error to take. Called from within the delivery of events. */
  onNews: () => void = () => {}
  isOpen = true
  private readonly endpoint: UdpEndpoint
  private readonly queue: Fifo<UdpMessage> = new Fifo<UdpMessage>()
  private queued = 0
  private error: ConnectionErrorCode | undefined
  private told = false

  constructor(endpoint: UdpEndpoint, family: 4 | 6, local: IpAddress | undefined, port: number, receiveBuffer: number) {
    this.endpoint = endpoint
    this.family = family
    this.local = local
    this.port = port
    this.receiveBuffer = receiveBuffer
  }

  /** Datagrams that wait. */
  get length(): number {
    return this.queue.length
  }

  /** The next datagram; undefined when none waits. */
  receive(): UdpMessage | undefined {
    const message = this.queue.shift()
    if (message !== undefined) this.queued -= message.octets.length + DATAGRAM_COST
    return message
  }

  /** An error that the peer's host or a router sent about a datagram of a connected socket; told once. */
  takeError(): ConnectionErrorCode | undefined {
    const { error } = this
    this.error = undefined
    return error
  }

  /**
   * Sends octets[start] up to octets[end], which are copied, to this address, or to the peer that it is connected to.
   * @throws {Error} EDESTADDRREQ, EISCONN: an address is missing, or there must be none; EACCES: it is a broadcast or
   * multicast address, which this stack does not send to; EMSGSIZE; ENOBUFS: the queue to the link is full; ENETUNREACH;
   * EBADF: it is closed
   */
  send(octets: Uint8Array, start: number, end: number, address?: IpAddress, port?: number): void {
    if (!this.isOpen) throw callError('EBADF', 'the socket is closed')
    if (this.remote !== undefined && address !== undefined) {
      throw callError('EISCONN', `the socket is connected to ${this.remote}: send without an address, or disconnect`)
    }
    const to = address ?? this.remote
    if (to === undefined)
      throw callError('EDESTADDRREQ', 'the socket is not connected: send needs an address and a port')
    const toPort = address === undefined ? this.remotePort : (port ?? 0)
    this.checkPeer(to, toPort)
    this.endpoint.send(this, to, toPort, octets, start, end)
  }

  /**
   * From now on datagrams come from this peer alone, and go to it.
   * @throws {Error} ENETUNREACH, EACCES
   */
  connect(address: IpAddress, port: number): void {
    this.checkPeer(address, port)
    this.endpoint.checkRoute(address)
    this.remote = address.clone()
    this.remotePort = port
    this.error = undefined
  }

  disconnect(): void {
    this.remote = undefined
    this.remotePort = 0
  }

  /** Gives up the port, and what has not been received. May be called twice. */
  close(): void {
    if (!this.isOpen) return
    this.isOpen = false
    while (this.queue.shift() !== undefined);
    this.queued = 0
    this.endpoint.forget(this)
  }

  deliver(): void {
    this.told = false
    if (this.isOpen) this.onNews()
  }

  // What follows is for the endpoint.

  /** How well it fits a datagram: 0 is not at all. A connected socket goes before others, a bound address before all of them. */
  fit(local: IpAddress, remote: IpAddress, remotePort: number): number {
    if (local.family !== this.family || (this.local !== undefined && !this.local.equals(local))) return 0
    if (this.remote !== undefined && !(this.remotePort === remotePort && this.remote.equals(remote))) return 0
    return 1 + (this.local === undefined ? 0 : 1) + (this.remote === undefined ? 0 : 2)
  }

  /** False when there is no room. */
  push(octets: Uint8Array, start: number, length: number, address: IpAddress, port: number): boolean {
    if (this.queued + length + DATAGRAM_COST > this.receiveBuffer) return false
    this.queued += length + DATAGRAM_COST
    this.queue.push({ octets: octets.slice(start, start + length), address: address.clone(), port })
    this.tell()
    return true
  }

  fail(error: ConnectionErrorCode): void {
    this.error = error
    this.tell()
  }

  private tell(): void {
    if (this.told) return
    this.told = true
    this.endpoint.notify(this)
  }

  private checkPeer(address: IpAddress, port: number): void {
    if (address.family !== this.family) {
      throw invalidArgument(`${address} is no IPv${this.family} address, which this socket is for`)
    }
    this.endpoint.checkUnicast(address)
    if (Number.isInteger(port) && port >= 1 && port <= 65_535) return
    const error = new RangeError(`a port is an integer from 1 to 65535. Received ${port}`)
    throw Object.assign(error, { code: 'ERR_SOCKET_BAD_PORT' })
  }
}
