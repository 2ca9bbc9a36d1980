import { arrivesTooBig } from '../tcp/arrives/too-big.ts'
import { arrivesUnreachable } from '../tcp/arrives/unreachable.ts'
import { outOfRange, tcpConfig } from '../tcp/config.ts'
import { congestionControlOf } from '../tcp/congestion/choice.ts'
import type { Connection } from '../tcp/connection.ts'
import { TimedKeys } from '../tcp/cookie-keys.ts'
import { Counters } from '../tcp/counters.ts'
import type { DropReason } from '../tcp/drop-reason.ts'
import { Endpoint } from '../tcp/endpoint.ts'
import { type ConnectionErrorCode, callError, invalidArgument } from '../tcp/errors.ts'
import type { StackEvent } from '../tcp/events.ts'
import type { ListenOptions } from '../tcp/listen-options.ts'
import type { Listener } from '../tcp/listener.ts'
import type { Observer } from '../tcp/observer.ts'
import { SECRET_LENGTH } from '../tcp/siphash.ts'
import { IpAddress } from '../wire/address.ts'
import type { Instant } from '../wire/instant.ts'
import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH, IpHeader, Protocol } from '../wire/ip.ts'
import { parseIp, writeIp } from '../wire/ip-packet.ts'
import { NO_OFFLOAD, type Offload, type OffloadCapability } from '../wire/offload.ts'
import type { QuotedTcp } from '../wire/quoted-tcp.ts'
import { Segment } from '../wire/segment.ts'
import { parseTcp, writeTcp } from '../wire/tcp.ts'
import { Datagram, parseUdp } from '../wire/udp.ts'
import { Icmp } from './icmp.ts'
import { LocalAddresses } from './local-addresses.ts'
import type { ConnectOptions, StackOptions } from './stack-options.ts'

export type { ListenOptions } from '../tcp/listen-options.ts'
export type { ConnectOptions, StackOptions }

/**
 * One host: IP, ICMP and TCP over one link whose frames are IP packets. Sans I/O: frames, calls and instants go in;
 * frames, events and the next deadline come out. User calls send nothing themselves; after any stimulus the driver drains
 * `transmit`, then asks for `nextDeadline` and `nextEvent`.
 */
export class Stack {
  readonly counters: Counters = new Counters()
  readonly tcp: Endpoint
  readonly mtu: number
  readonly initialSequence: ((proposed: number) => number) | undefined
  observer: Observer | undefined
  private readonly addresses: LocalAddresses
  private readonly offload: OffloadCapability
  private readonly onPathInDoubt: ((address: string) => void) | undefined
  private readonly icmp: Icmp
  private readonly inbound: IpHeader = new IpHeader()
  private readonly outbound: IpHeader = new IpHeader()
  private readonly datagram: Datagram = new Datagram()
  private readonly segmentIn: Segment = new Segment()
  private readonly segmentOut: Segment = new Segment()
  /** The frame at hand has been counted as dropped. */
  private dropped = false

  /**
   * @throws {TypeError} ERR_INVALID_ARG_VALUE: an address is not CIDR notation, or the secret is too short
   * @throws {RangeError} ERR_OUT_OF_RANGE: a number is
   */
  constructor(options: StackOptions) {
    this.addresses = new LocalAddresses(options.addresses)
    if (options.secret.length < SECRET_LENGTH)
      throw invalidArgument(`a stack's secret has at least ${SECRET_LENGTH} octets`)
    this.mtu = options.mtu ?? 1500
    const least = this.addresses.prefixes.some((prefix) => prefix.address.family === 6) ? 1280 : 576
    if (!(Number.isInteger(this.mtu) && this.mtu >= least && this.mtu <= 65_535)) {
      throw outOfRange('mtu', `an integer from ${least} to 65535`, this.mtu)
    }
    this.offload = options.offload ?? NO_OFFLOAD
    this.observer = options.observer
    this.onPathInDoubt = options.onPathInDoubt
    this.initialSequence = options.initialSequence
    this.icmp = new Icmp(this)
    const cookies = options.cookieKeys ?? new TimedKeys(options.secret)
    const fastOpen = options.fastOpenKeys ?? new TimedKeys(options.secret, 'fast-open')
    this.tcp = new Endpoint(this, tcpConfig(options.tcp), options.secret, cookies, fastOpen)
    this.outbound.dontFragment = true
  }

  /** A frame has come: the IP packet at octets[start] up to octets[end], which is borrowed. Never throws, whatever it is. */
  receive(octets: Uint8Array, start: number, end: number, now: Instant, offload?: Offload): void {
    this.counters.received++
    this.dropped = false
    this.receivePacket(octets, start, end, now, offload?.checksumValid ?? false, false)
    if (!this.dropped) this.counters.accepted++
  }

  /** The clock says `now`: does what has become due. */
  advance(now: Instant): void {
    this.tcp.advance(now)
  }

  /**
   * Writes the next frame to into[start], where there is room for the MTU; returns its octets, or 0 when nothing is due.
   * `offload` is filled in for a link that offers any.
   */
  transmit(into: Uint8Array, start: number, now: Instant, offload?: Offload): number {
    offload?.clear()
    const partial = this.offload.checksum && offload !== undefined
    for (;;) {
      let length = this.icmp.transmit(into, start)
      if (length > 0) {
        this.counters.transmitted++
        return length
      }
      length = this.transmitSegment(into, start, now, partial)
      if (length === 0) return 0
      this.counters.transmitted++
      if (this.addresses.has(this.segmentOut.destination)) {
        // To ourselves: not by way of the link (RFC 1122 §3.3.1.1, §3.2.1.3).
        this.receiveOwn(into, start, start + length, now)
        continue
      }
      if (partial) offload.checksumPartial = true
      return length
    }
  }

  /** Not later than the next moment at which `advance` has something to do; Infinity when idle. To be asked once `transmit` has returned 0. */
  nextDeadline(): Instant {
    return this.tcp.nextDeadline()
  }

  /** What the application is to be told next; borrowed until the next call. */
  nextEvent(): StackEvent | undefined {
    return this.tcp.nextEvent()
  }

  /**
   * Passive OPEN.
   * @throws {Error} EADDRINUSE, EADDRNOTAVAIL
   * @throws {RangeError} ERR_OUT_OF_RANGE, ERR_SOCKET_BAD_PORT
   */
  listen(options: ListenOptions): Listener {
    checkPort(options.port, 0)
    return this.tcp.listening.listen(
      options,
      options.address === undefined ? undefined : this.ownAddress(options.address),
    )
  }

  /**
   * Active OPEN: in SYN-SENT, its SYN with the next frames.
   * @throws {Error} EADDRINUSE, EADDRNOTAVAIL, ENETUNREACH, ENOBUFS
   * @throws {TypeError} ERR_INVALID_ARG_VALUE: not an address, or not one host's (RFC 9293 MUST-46); no such congestion control
   * @throws {RangeError} ERR_SOCKET_BAD_PORT
   */
  connect(options: ConnectOptions): Connection {
    const remote = IpAddress.parse(options.address)
    if (remote === undefined) throw invalidArgument(`"${options.address}" is not an IP address`)
    if (this.addresses.isShared(remote)) throw invalidArgument(`"${options.address}" is not the address of one host`)
    checkPort(options.port, 1)
    checkPort(options.localPort ?? 0, 0)
    const local =
      options.localAddress === undefined ? this.addresses.sourceFor(remote) : this.ownAddress(options.localAddress)
    if (local.family !== remote.family) {
      throw callError('EINVAL', `${local} and ${remote} are of different families`)
    }
    const { localPort, port, fastOpen, congestionControl } = options
    const factory = congestionControl && congestionControlOf(congestionControl, this.tcp.config.pacing)
    const connection = this.tcp.connect(local.clone(), localPort ?? 0, remote, port, fastOpen ?? false)
    connection.congestionControl = factory
    return connection
  }

  // What follows is for the modules around.

  /** The frame at hand goes no further; the first reason counts. */
  drop(reason: DropReason): void {
    if (this.dropped) return
    this.dropped = true
    this.counters.drop(reason)
    this.observer?.drop?.(reason, this.tcp.now)
  }

  unreachable(quoted: QuotedTcp, code: ConnectionErrorCode): void {
    arrivesUnreachable(
      this.tcp,
      quoted.source,
      quoted.sourcePort,
      quoted.destination,
      quoted.destinationPort,
      quoted.seq,
      code,
    )
  }

  tooBig(quoted: QuotedTcp, mtu: number): void {
    arrivesTooBig(this.tcp, quoted, mtu)
  }

  doubtPath(remote: IpAddress): void {
    this.onPathInDoubt?.(remote.toString())
  }

  private receivePacket(
    octets: Uint8Array,
    start: number,
    end: number,
    now: Instant,
    checksumValid: boolean,
    own: boolean,
  ): void {
    const ip = this.inbound
    this.tcp.now = now
    // RFC 9293 MUST-50: IP options are skipped.
    const defect = parseIp(octets, start, end, ip)
    if (defect !== undefined) {
      this.drop(defect)
    } else if (!this.addresses.has(ip.destination)) {
      this.drop(
        ip.protocol === Protocol.TCP && this.addresses.isShared(ip.destination) ? 'tcp-not-unicast' : 'ip-not-ours',
      )
    } else if (!this.isPossibleSource(ip.source, own)) {
      this.drop('ip-source')
    } else if (ip.fragment) {
      this.drop('ip-fragment')
    } else {
      this.dispatch(ip, octets, now, checksumValid)
    }
  }

  private dispatch(ip: IpHeader, octets: Uint8Array, now: Instant, checksumValid: boolean): void {
    switch (ip.protocol) {
      case Protocol.TCP:
        this.receiveSegment(ip, octets, now, checksumValid)
        return
      case ip.family === 4 ? Protocol.ICMP : Protocol.ICMPV6:
        this.icmp.receive(ip, octets)
        return
      case Protocol.UDP:
        this.receiveDatagram(ip, octets, now, checksumValid)
        return
      default:
        this.drop('ip-protocol')
    }
  }

  private receiveSegment(ip: IpHeader, octets: Uint8Array, now: Instant, checksumValid: boolean): void {
    const segment = this.segmentIn
    segment.source = ip.source
    segment.destination = ip.destination
    segment.ecn = ip.trafficClass & 3
    this.counters.InSegs++
    const defect = parseTcp(octets, ip.payloadStart, ip.payloadEnd, segment, !checksumValid)
    if (defect === undefined) {
      this.tcp.receive(segment, now)
      return
    }
    this.counters.InErrs++
    if (defect === 'tcp-checksum') this.counters.InCsumErrors++
    this.drop(defect)
  }

  /** There are no UDP sockets: the sender of a datagram that is one is told so (RFC 1122 §4.1.3.1, §4.1.3.4). */
  private receiveDatagram(ip: IpHeader, octets: Uint8Array, now: Instant, checksumValid: boolean): void {
    const { datagram } = this
    datagram.source = ip.source
    datagram.destination = ip.destination
    const defect = parseUdp(octets, ip.payloadStart, ip.payloadEnd, datagram, !checksumValid)
    this.drop(defect ?? 'udp-no-socket')
    if (defect === undefined) this.icmp.portUnreachable(ip, octets, now)
  }

  private transmitSegment(into: Uint8Array, start: number, now: Instant, partial: boolean): number {
    const segment = this.segmentOut
    if (!this.tcp.nextSegment(segment, now)) return 0
    const ip = this.outbound
    ip.family = segment.destination.family
    ip.source = segment.source
    ip.destination = segment.destination
    ip.protocol = Protocol.TCP
    // RFC 9293 SHLD-22
    ip.trafficClass = (segment.dscp << 2) | segment.ecn
    ip.hopLimit = segment.hopLimit
    const headerLength = ip.family === 4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH
    const length = writeTcp(into, start + headerLength, segment, partial)
    writeIp(into, start, ip, length)
    return headerLength + length
  }

  private receiveOwn(octets: Uint8Array, start: number, end: number, now: Instant): void {
    this.counters.received++
    this.dropped = false
    this.receivePacket(octets, start, end, now, true, true)
    if (!this.dropped) this.counters.accepted++
  }

  /** RFC 9293 MUST-63: nothing from an address that no peer can have: ours neither, unless we sent it. */
  private isPossibleSource(address: IpAddress, own: boolean): boolean {
    return !this.addresses.isShared(address) && this.addresses.has(address) === own
  }

  private ownAddress(text: string): IpAddress {
    const address = IpAddress.parse(text)
    if (address === undefined) throw invalidArgument(`"${text}" is not an IP address`)
    if (!this.addresses.has(address)) throw callError('EADDRNOTAVAIL', `${text} is not an address of this stack`)
    return address
  }
}

function checkPort(port: number, least: 0 | 1): void {
  if (Number.isInteger(port) && port >= least && port <= 65_535) return
  const error = new RangeError(`a port is an integer from ${least} to 65535. Received ${port}`)
  throw Object.assign(error, { code: 'ERR_SOCKET_BAD_PORT' })
}
