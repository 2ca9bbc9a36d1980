import { outOfRange } from '../tcp/config.ts'
import type { Counters } from '../tcp/counters.ts'
import type { DropReason } from '../tcp/drop-reason.ts'
import { type ConnectionErrorCode, callError, checkPort } from '../tcp/errors.ts'
import type { Notice } from '../tcp/events.ts'
import { EphemeralPorts } from '../tcp/ports.ts'
import type { SipKey } from '../tcp/siphash.ts'
import { IpAddress } from '../wire/address.ts'
import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH, IpHeader, Protocol } from '../wire/ip.ts'
import { writeIp } from '../wire/ip-packet.ts'
import { readUint16 } from '../wire/octets.ts'
import { Datagram, parseUdp, UDP_HEADER_LENGTH, writeUdp } from '../wire/udp.ts'
import { UdpSocket } from './udp-socket.ts'

/** Linux's net.core.rmem_default, octets. */
const RECEIVE_BUFFER = 212_992
const EPHEMERAL: readonly [first: number, last: number] = [32_768, 60_999]

export interface UdpBindOptions {
  family: 4 | 6
  /** One of the stack's own addresses; absent: all of the family. */
  address?: IpAddress
  /** Absent or 0: a free one. */
  port?: number
  /** Octets that may wait to be received, 256 for each datagram included. Default 212,992. */
  receiveBuffer?: number
}

export interface UdpHost {
  readonly counters: Counters
  drop(reason: DropReason): void
  notify(notice: Notice): void
  /** @throws {Error} ENETUNREACH */
  sourceFor(remote: IpAddress): IpAddress
  /** Neither multicast nor broadcast, nor nobody's. */
  isHost(address: IpAddress): boolean
  identify(source: IpAddress, destination: IpAddress): number
  /** False when there is no room. */
  send(packet: Uint8Array, destination: IpAddress): boolean
}

/** UDP for one host: its sockets, and whom a datagram is for. */
export class UdpEndpoint {
  private readonly host: UdpHost
  private readonly ports: EphemeralPorts
  private readonly byPort: Map<number, UdpSocket[]> = new Map<number, UdpSocket[]>()
  private readonly inbound: Datagram = new Datagram()
  private readonly outbound: Datagram = new Datagram()
  private readonly header: IpHeader = new IpHeader()

  constructor(host: UdpHost, key: SipKey) {
    this.host = host
    this.ports = new EphemeralPorts(key, EPHEMERAL)
  }

  /** Sockets that are open. */
  get size(): number {
    let size = 0
    for (const sockets of this.byPort.values()) size += sockets.length
    return size
  }

  /**
   * @throws {Error} EADDRINUSE, EADDRNOTAVAIL: no port is free
   * @throws {RangeError} ERR_OUT_OF_RANGE, ERR_SOCKET_BAD_PORT
   */
  bind(options: UdpBindOptions): UdpSocket {
    const { family, address, receiveBuffer = RECEIVE_BUFFER } = options
    if (!(Number.isInteger(receiveBuffer) && receiveBuffer >= 1 && receiveBuffer <= 2 ** 30)) {
      throw outOfRange('receiveBuffer', 'an integer from 1 to 2^30', receiveBuffer)
    }
    const port = this.portFor(options)
    const socket = new UdpSocket(this, family, address?.clone(), port, receiveBuffer)
    this.byPort.set(port, [...(this.byPort.get(port) ?? []), socket])
    return socket
  }

  /** A datagram has come in the packet `ip`. False when no socket waits for it. */
  receive(ip: IpHeader, octets: Uint8Array, checksumValid: boolean): boolean {
    const { host, inbound } = this
    const { counters } = host
    inbound.source = ip.source
    inbound.destination = ip.destination
    const defect = parseUdp(octets, ip.payloadStart, ip.payloadEnd, inbound, !checksumValid)
    if (defect !== undefined) {
      counters.UdpInErrors++
      if (defect === 'udp-checksum') counters.UdpInCsumErrors++
      host.drop(defect)
      return true
    }
    const socket = this.find(inbound.destinationPort, ip.destination, ip.source, inbound.sourcePort)
    if (socket === undefined) {
      counters.UdpNoPorts++
      host.drop('udp-no-socket')
      return false
    }
    if (socket.push(octets, inbound.start, inbound.length, ip.source, inbound.sourcePort)) {
      counters.UdpInDatagrams++
    } else {
      counters.UdpInErrors++
      counters.UdpRcvbufErrors++
      host.drop('udp-queue-full')
    }
    return true
  }

  /**
   * An ICMP error about the datagram of ours whose header is at octets[start]: to the socket, if it is connected (RFC 1122
   * §4.1.3.3). False when no socket of this port is open to that peer.
   */
  unreachable(header: IpHeader, octets: Uint8Array, start: number, end: number, code: ConnectionErrorCode): boolean {
    if (end - start < UDP_HEADER_LENGTH) return false
    const port = readUint16(octets, start)
    const socket = this.find(port, header.source, header.destination, readUint16(octets, start + 2))
    if (socket?.remote !== undefined) socket.fail(code)
    return socket !== undefined
  }

  // What follows is for the sockets.

  send(socket: UdpSocket, to: IpAddress, port: number, octets: Uint8Array, start: number, end: number): void {
    const { host, outbound, header } = this
    const v4 = socket.family === 4
    const most = 65_535 - UDP_HEADER_LENGTH - (v4 ? IPV4_HEADER_LENGTH : 0)
    if (end - start > most) throw callError('EMSGSIZE', `a datagram has at most ${most} octets, not ${end - start}`)
    const source = socket.local ?? host.sourceFor(to)
    outbound.source = source
    outbound.destination = to
    outbound.sourcePort = socket.port
    outbound.destinationPort = port
    outbound.octets = octets
    outbound.start = start
    outbound.length = end - start
    header.family = socket.family
    header.source = source
    header.destination = to
    header.protocol = Protocol.UDP
    header.hopLimit = socket.hopLimit
    header.identification = host.identify(source, to)
    const headerLength = v4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH
    const packet = new Uint8Array(headerLength + UDP_HEADER_LENGTH + outbound.length)
    const length = writeUdp(packet, headerLength, outbound)
    writeIp(packet, 0, header, length)
    if (!host.send(packet, to)) {
      host.counters.PacketQueueFull++
      throw callError('ENOBUFS', 'the queue to the link is full: wait until it has drained')
    }
    host.counters.UdpOutDatagrams++
  }

  /** @throws {Error} ENETUNREACH */
  checkRoute(remote: IpAddress): void {
    this.host.sourceFor(remote)
  }

  /** @throws {Error} EACCES */
  checkUnicast(remote: IpAddress): void {
    if (this.host.isHost(remote)) return
    throw callError('EACCES', `${remote} is no address of one host: broadcast and multicast are not supported`)
  }

  notify(socket: UdpSocket): void {
    this.host.notify(socket)
  }

  forget(socket: UdpSocket): void {
    const left = (this.byPort.get(socket.port) ?? []).filter((other) => other !== socket)
    if (left.length > 0) this.byPort.set(socket.port, left)
    else this.byPort.delete(socket.port)
  }

  private find(port: number, local: IpAddress, remote: IpAddress, remotePort: number): UdpSocket | undefined {
    let best: UdpSocket | undefined
    let bestFit = 0
    for (const socket of this.byPort.get(port) ?? []) {
      const fit = socket.fit(local, remote, remotePort)
      if (fit > bestFit) {
        best = socket
        bestFit = fit
      }
    }
    return best
  }

  private portFor({ family, address, port = 0 }: UdpBindOptions): number {
    checkPort(port, 0)
    const isFree = (candidate: number): boolean =>
      (this.byPort.get(candidate) ?? []).every(
        (other) =>
          other.family !== family ||
          (other.local !== undefined && address !== undefined && !other.local.equals(address)),
      )
    const user = { isUnused: (_: IpAddress, candidate: number): boolean => isFree(candidate) }
    if (port === 0) return this.ports.choose(address ?? new IpAddress(), new IpAddress(), 0, user)
    if (!isFree(port)) throw callError('EADDRINUSE', `UDP port ${port} is in use`)
    return port
  }
}
