import { Identifications } from '../ip/identification.ts'
import type { Interface } from '../ip/interface.ts'
import { RouteTable } from '../ip/routes.ts'
import { arrivesTooBig } from '../tcp/arrives/too-big.ts'
import { arrivesUnreachable } from '../tcp/arrives/unreachable.ts'
import { outOfRange, tcpConfig } from '../tcp/config.ts'
import { congestionControlOf } from '../tcp/congestion/choice.ts'
import type { Connection } from '../tcp/connection.ts'
import { TimedKeys } from '../tcp/cookie-keys.ts'
import { Counters } from '../tcp/counters.ts'
import type { DropReason } from '../tcp/drop-reason.ts'
import { Endpoint } from '../tcp/endpoint.ts'
import { type ConnectionErrorCode, checkPort, invalidArgument } from '../tcp/errors.ts'
import type { Notice, StackEvent } from '../tcp/events.ts'
import { Fifo } from '../tcp/fifo.ts'
import type { ListenOptions } from '../tcp/listen-options.ts'
import type { Listener } from '../tcp/listener.ts'
import type { Observer } from '../tcp/observer.ts'
import { deriveKey, SECRET_LENGTH } from '../tcp/siphash.ts'
import { UdpEndpoint } from '../udp/udp-endpoint.ts'
import type { UdpSocket } from '../udp/udp-socket.ts'
import type { IpAddress } from '../wire/address.ts'
import type { IcmpMessage } from '../wire/icmp.ts'
import type { Instant } from '../wire/instant.ts'
import type { IpHeader } from '../wire/ip.ts'
import type { Landing } from '../wire/landing.ts'
import type { Offload } from '../wire/offload.ts'
import type { Payload } from '../wire/payload.ts'
import type { QuotedTcp } from '../wire/quoted-tcp.ts'
import { type Echo, Echoes, type EchoOptions } from './echo.ts'
import { Forwarder } from './forwarder.ts'
import { Icmp } from './icmp.ts'
import { IcmpErrors } from './icmp-errors.ts'
import { IpInput } from './input.ts'
import { interfaceOptions, makeInterface } from './interfaces.ts'
import { LocalAddresses } from './local-addresses.ts'
import { IpOutput } from './output.ts'
import { boundEnd, errorSource, localEnd, sourceFor } from './own-end.ts'
import type { BindOptions, ConnectOptions, StackOptions } from './stack-options.ts'
import { StackPort } from './stack-port.ts'
import { reportTimedOut, reportUndeliverable, tellSender } from './undelivered.ts'

export type { ListenOptions } from '../tcp/listen-options.ts'
export type { BindOptions, ConnectOptions, EchoOptions, StackOptions }

/** Which uses of the secret are whose, beside TCP's. */
const IDENTIFICATION_KEY = 8
const UDP_KEY = 9
const ECHO_KEY = 10

/**
 * One host: IP, ICMP, UDP and TCP over one or several links. Sans I/O: frames, calls and instants go in; frames, events and
 * the next deadline come out. User calls send nothing themselves; after any stimulus the driver drains `transmit`, then
 * asks for `nextDeadline` and `nextEvent`. `receive` and `transmit` are those of the first link; `port` has the others'.
 */
export class Stack {
  readonly counters: Counters = new Counters()
  readonly tcp: Endpoint
  readonly udp: UdpEndpoint
  readonly interfaces: readonly Interface[]
  /** Undefined: everything goes to the only link, and every destination is a neighbour on it. */
  readonly routes: RouteTable<Interface> | undefined
  /** Octets of IP packet that every link takes. */
  readonly mtu: number
  readonly initialSequence: ((proposed: number) => number) | undefined
  observer: Observer | undefined
  private readonly onPathInDoubt: ((address: string) => void) | undefined
  // For the modules around.
  readonly addresses: LocalAddresses
  readonly icmp: Icmp = new Icmp(this)
  readonly errors: IcmpErrors = new IcmpErrors(this)
  readonly echoes: Echoes
  private readonly input: IpInput
  private readonly output: IpOutput
  private readonly first: Interface
  private readonly identifications: Identifications
  private readonly notices: Fifo<Notice> = new Fifo<Notice>()
  private readonly notice: Extract<StackEvent, { type: 'notice' }> = {
    type: 'notice',
    notice: undefined as unknown as Notice,
  }

  /**
   * @throws {TypeError} ERR_INVALID_ARG_VALUE: an address is not CIDR notation, a route leads nowhere, or the secret is too short
   * @throws {RangeError} ERR_OUT_OF_RANGE: a number is
   */
  constructor(options: StackOptions) {
    const given = interfaceOptions(options)
    const { secret, routes, forwarding = false } = options
    this.addresses = new LocalAddresses(given.flatMap(({ addresses }) => addresses))
    if (secret.length < SECRET_LENGTH) throw invalidArgument(`a stack's secret has at least ${SECRET_LENGTH} octets`)
    this.identifications = new Identifications(deriveKey(secret, IDENTIFICATION_KEY))
    this.interfaces = given.map((one, index) => makeInterface(this, one, index, secret, this.identifications))
    this.first = this.interfaces[0]!
    this.mtu = Math.min(...this.interfaces.map(({ mtu }) => mtu))
    const isPointToPoint = this.interfaces.length === 1 && this.first.medium === 'ip'
    this.routes =
      isPointToPoint && routes === undefined && !forwarding ? undefined : new RouteTable(this.interfaces, routes ?? [])
    if (forwarding && this.interfaces.some(({ offload }) => offload.segmentation > 0)) {
      throw invalidArgument('a stack that forwards needs links without segmentation offload: others get what one gives')
    }
    this.observer = options.observer
    this.onPathInDoubt = options.onPathInDoubt
    this.initialSequence = options.initialSequence
    this.input = new IpInput(this, forwarding ? new Forwarder(this) : undefined)
    this.output = new IpOutput(this)
    const cookies = options.cookieKeys ?? new TimedKeys(secret)
    const fastOpen = options.fastOpenKeys ?? new TimedKeys(secret, 'fast-open')
    this.tcp = new Endpoint(this, tcpConfig(options.tcp), secret, cookies, fastOpen)
    this.udp = new UdpEndpoint(this, deriveKey(secret, UDP_KEY))
    this.echoes = new Echoes(this, deriveKey(secret, ECHO_KEY).k0)
  }

  /** A frame has come: it lies at octets[start] up to octets[end], and is borrowed. Never throws, whatever it is. */
  receive(octets: Uint8Array, start: number, end: number, now: Instant, offload?: Offload): void {
    this.input.receive(this.first, octets, start, end, now, offload)
  }

  /** Where the text of the next frame is wanted: to be asked right before it is read. 'full': once events are delivered. */
  landing(): Landing | 'full' | undefined {
    this.input.settle()
    return this.tcp.nextText.place()
  }

  /** The clock says `now`: does what has become due. Nothing is ever due at Infinity, an idle stack's `nextDeadline`. */
  advance(now: Instant): void {
    if (now === Number.POSITIVE_INFINITY) return
    this.input.settle()
    this.tcp.advance(now)
    if (this.input.reassembly.nextDeadline() <= now) this.input.reassembly.advance(now)
    if (this.echoes.nextDeadline() <= now) this.echoes.advance(now)
    for (const { ethernet } of this.interfaces) ethernet?.neighbours.advance(now)
  }

  /**
   * Writes the next frame to into[start], where there is room for the MTU and the link's header; returns its octets, or 0
   * when nothing is due. `offload` is filled in for a link that offers any; with it, a packet may be as long as the link
   * says that it cuts. With `payload` the end of the frame may be left where it lies: it is what `payload` says then, and
   * what is returned are the octets before it.
   */
  transmit(into: Uint8Array, start: number, now: Instant, offload?: Offload, payload?: Payload): number {
    this.input.settle()
    return this.output.transmit(this.first, into, start, now, offload, payload)
  }

  /**
   * Right behind `transmit`, which has written a frame to into[start - stride]: writes more of them, which differ from it in number, text and
   * checksum alone, each `stride` octets behind the one before. Returns how many, `most` at the most; 0 where the next is another one.
   */
  transmitRow(into: Uint8Array, start: number, stride: number, most: number, now: Instant): number {
    this.input.settle()
    return this.output.transmitRow(this.first, into, start, stride, most, now)
  }

  /** Not later than the next moment at which `advance` has something to do; Infinity when idle. To be asked once `transmit` has returned 0. */
  nextDeadline(): Instant {
    this.input.settle()
    let next = Math.min(this.tcp.nextDeadline(), this.input.reassembly.nextDeadline(), this.echoes.nextDeadline())
    for (let i = 0; i < this.interfaces.length; i++) {
      const { ethernet } = this.interfaces[i]!
      if (ethernet !== undefined) next = Math.min(next, ethernet.neighbours.nextDeadline())
    }
    return next
  }

  /** What the application is to be told next; borrowed until the next call. */
  nextEvent(): StackEvent | undefined {
    this.input.settle()
    const event = this.tcp.nextEvent()
    if (event !== undefined || this.notices.length === 0) return event
    this.notice.notice = this.notices.shift()!
    return this.notice
  }

  /** What a driver of the link of this interface drives: for a stack of several links, with `driveLinks` of the host layer. */
  port(index: number): StackPort {
    const found = this.interfaces[index]
    if (found === undefined) throw outOfRange('index', `an interface, 0 to ${this.interfaces.length - 1}`, index)
    return new StackPort(this, this.input, this.output, found)
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
      options.address === undefined ? undefined : this.addresses.own(options.address),
    )
  }

  /**
   * Active OPEN: in SYN-SENT, its SYN with the next frames.
   * @throws {Error} EADDRINUSE, EADDRNOTAVAIL, ENETUNREACH, ENOBUFS
   * @throws {TypeError} ERR_INVALID_ARG_VALUE: not an address, or not one host's (RFC 9293 MUST-46); no such congestion control
   * @throws {RangeError} ERR_SOCKET_BAD_PORT
   */
  connect(options: ConnectOptions): Connection {
    const remote = this.addresses.host(options.address)
    checkPort(options.port, 1)
    checkPort(options.localPort ?? 0, 0)
    const local = localEnd(this, remote, options.localAddress)
    const { localPort, port, fastOpen, congestionControl } = options
    const factory = congestionControl && congestionControlOf(congestionControl, this.tcp.config.pacing)
    const connection = this.tcp.connect(local, localPort ?? 0, remote, port, fastOpen ?? false)
    connection.congestionControl = factory
    return connection
  }

  /**
   * Opens a UDP port. Its datagrams go out with the next frames.
   * @throws {Error} EADDRINUSE, EADDRNOTAVAIL
   * @throws {TypeError} ERR_INVALID_ARG_VALUE
   * @throws {RangeError} ERR_OUT_OF_RANGE, ERR_SOCKET_BAD_PORT
   */
  bind(options: BindOptions = {}): UdpSocket {
    const { address, family, ...rest } = options
    return this.udp.bind({ ...rest, ...boundEnd(this, address, family) })
  }

  /**
   * An echo request, with the next frames; `onDone` of what is returned tells what became of it.
   * @throws {Error} EADDRNOTAVAIL, ENETUNREACH, ENOBUFS
   * @throws {TypeError} ERR_INVALID_ARG_VALUE: not an address, or not one host's
   * @throws {RangeError} ERR_OUT_OF_RANGE
   */
  ping(address: string, options: EchoOptions = {}): Echo {
    const { size = 56, timeout = 1000, localAddress } = options
    const remote = this.addresses.host(address)
    return this.echoes.start(remote, localEnd(this, remote, localAddress), size, timeout)
  }

  // What follows is for the modules around.

  /** The frame at hand goes no further; the first reason counts. */
  drop(reason: DropReason): void {
    this.input.drop(reason)
  }

  /** The application is to be told. */
  notify(notice: Notice): void {
    this.notices.push(notice)
  }

  unreachable(quoted: QuotedTcp, code: ConnectionErrorCode): void {
    arrivesUnreachable(this.tcp, quoted, code)
  }

  tooBig(quoted: QuotedTcp, mtu: number): void {
    arrivesTooBig(this.tcp, quoted, mtu)
  }

  doubtPath(remote: IpAddress): void {
    this.onPathInDoubt?.(remote.toString())
  }

  unreachablePacket(header: IpHeader, octets: Uint8Array, end: number, code: ConnectionErrorCode): boolean {
    return tellSender(this, header, octets, end, code)
  }

  undeliverable(packet: Uint8Array, now: Instant): void {
    this.tcp.now = now
    reportUndeliverable(this, packet, now)
  }

  reassemblyTimedOut(quote: Uint8Array, now: Instant): void {
    reportTimedOut(this, quote, now)
  }

  echoed(message: IcmpMessage, now: Instant): boolean {
    return this.echoes.receive(message, now)
  }

  /** Sends a packet of ours, which is the stack's own from now on. False when there is no room, or no route. */
  send(packet: Uint8Array, destination: IpAddress): boolean {
    const out = this.output.interfaceTo(destination)
    return out !== undefined && this.enqueue(out, packet)
  }

  enqueue(out: Interface, packet: Uint8Array): boolean {
    if (!out.packets.push(packet)) return false
    out.wake?.()
    return true
  }

  waitingTo(destination: IpAddress): number {
    return this.output.interfaceTo(destination)?.packets.length ?? 0
  }

  identify(source: IpAddress, destination: IpAddress): number {
    return this.identifications.next(source, destination)
  }

  receiveOwn(octets: Uint8Array, start: number, end: number, now: Instant, segmentSize: number): void {
    this.input.receiveOwn(octets, start, end, now, segmentSize)
  }

  /** @throws {Error} ENETUNREACH: no route, or no address of its family */
  sourceFor(remote: IpAddress): IpAddress {
    return sourceFor(this, remote)
  }

  errorSource(source: IpAddress, destination: IpAddress): IpAddress | undefined {
    return errorSource(this, this.output.interfaceTo(source), source, destination)
  }

  /** Whether the address can be one host's: not multicast or broadcast, nor nobody's. */
  isHost(address: IpAddress): boolean {
    return this.addresses.isHost(address)
  }
}
