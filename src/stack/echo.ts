import { outOfRange } from '../tcp/config.ts'
import type { Counters } from '../tcp/counters.ts'
import { type ConnectionErrorCode, callError } from '../tcp/errors.ts'
import type { Notice } from '../tcp/events.ts'
import { Fifo } from '../tcp/fifo.ts'
import type { IpAddress } from '../wire/address.ts'
import { echoRest, ICMP_HEADER_LENGTH, IcmpMessage, IcmpType, writeIcmp } from '../wire/icmp.ts'
import { Icmpv6Type, writeIcmpv6 } from '../wire/icmpv6.ts'
import type { Instant, Milliseconds } from '../wire/instant.ts'
import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH, IpHeader, Protocol } from '../wire/ip.ts'
import { writeIp } from '../wire/ip-packet.ts'
import { readUint32 } from '../wire/octets.ts'

/** Echoes that wait for their answers; further ones are refused. */
export const MOST_ECHOES = 1024

/** Octets of data that fit into the longest IPv4 packet. */
const MOST_DATA: number = 65_535 - IPV4_HEADER_LENGTH - ICMP_HEADER_LENGTH

export interface EchoOptions {
  /** Octets of data, 0 to 65,507. Default 56. */
  size?: number
  /** How long to wait for the answer, from when the echo was sent. Default 1000 ms. */
  timeout?: Milliseconds
  /** One of the stack's own addresses; chosen by the destination when absent. */
  localAddress?: string
}

export interface EchoesHost {
  readonly counters: Counters
  identify(source: IpAddress, destination: IpAddress): number
  send(packet: Uint8Array, destination: IpAddress): boolean
  /** Has something to tell. */
  notify(notice: Notice): void
}

/** One echo request, and what became of it. */
export class Echo implements Notice {
  readonly remote: IpAddress
  readonly local: IpAddress
  readonly size: number
  readonly timeout: Milliseconds
  /** ICMP sequence number. */
  readonly sequence: number
  sentAt: Instant = Number.NaN
  deadline: Instant = Number.POSITIVE_INFINITY
  /** From sending to the answer, by the clock that drives the stack; undefined until it came. */
  roundTrip: Milliseconds | undefined
  /** Why there is no answer: ETIMEDOUT, or what an ICMP error said. */
  error: ConnectionErrorCode | 'ENOBUFS' | undefined
  /** Called once, when there is an answer or an error, from within the delivery of events. */
  onDone: (echo: Echo) => void = () => {}

  constructor(remote: IpAddress, local: IpAddress, sequence: number, size: number, timeout: Milliseconds) {
    this.remote = remote
    this.local = local
    this.sequence = sequence
    this.size = size
    this.timeout = timeout
  }

  deliver(): void {
    this.onDone(this)
  }
}

/** Echo requests of this stack (RFC 792, RFC 4443 §4.1) and their answers. */
export class Echoes {
  private readonly host: EchoesHost
  private readonly identifier: number
  private readonly due: Fifo<Echo> = new Fifo<Echo>()
  /** By sequence number. */
  private readonly pending: Map<number, Echo> = new Map<number, Echo>()
  private sequence = 0
  private deadline: Instant = Number.POSITIVE_INFINITY
  private readonly message: IcmpMessage = new IcmpMessage()
  private readonly header: IpHeader = new IpHeader()

  /** `identifier`: 16 bits that tell this stack's echoes from others'. */
  constructor(host: EchoesHost, identifier: number) {
    this.host = host
    this.identifier = identifier & 0xffff
  }

  get size(): number {
    return this.pending.size
  }

  /**
   * @throws {Error} ENOBUFS: too many wait for their answers
   * @throws {RangeError} ERR_OUT_OF_RANGE
   */
  start(remote: IpAddress, local: IpAddress, size: number, timeout: Milliseconds): Echo {
    if (!(Number.isInteger(size) && size >= 0 && size <= MOST_DATA)) throw outOfRange('size', `0 to ${MOST_DATA}`, size)
    if (!(timeout > 0 && timeout <= 2 ** 31)) throw outOfRange('timeout', 'more than 0 and at most 2^31', timeout)
    if (this.pending.size >= MOST_ECHOES) throw callError('ENOBUFS', `${MOST_ECHOES} echoes wait for their answers`)
    do this.sequence = (this.sequence + 1) & 0xffff
    while (this.pending.has(this.sequence))
    const echo = new Echo(remote.clone(), local.clone(), this.sequence, size, timeout)
    this.pending.set(echo.sequence, echo)
    this.due.push(echo)
    return echo
  }

  /** Makes the packets of the echoes that are to be sent: the round trip begins here. */
  transmit(now: Instant): void {
    for (let echo = this.due.shift(); echo !== undefined; echo = this.due.shift()) {
      if (!this.pending.has(echo.sequence)) continue
      echo.sentAt = now
      echo.deadline = now + echo.timeout
      this.deadline = Math.min(this.deadline, echo.deadline)
      if (!this.host.send(this.write(echo), echo.remote)) this.finish(echo, 'ENOBUFS')
    }
  }

  /** False when the answer is to nothing that was asked. */
  receive(message: IcmpMessage, now: Instant): boolean {
    const echo = message.identifier === this.identifier ? this.pending.get(message.sequence) : undefined
    if (echo === undefined || !message.source.equals(echo.remote) || message.length !== echo.size) return false
    if (Number.isNaN(echo.sentAt)) return false
    echo.roundTrip = now - echo.sentAt
    this.finish(echo, undefined)
    return true
  }

  /** An ICMP error about the message of ours at octets[start] up to octets[end] to `remote`. False when it can't be ours. */
  unreachable(octets: Uint8Array, start: number, end: number, remote: IpAddress, code: ConnectionErrorCode): boolean {
    if (end - start < ICMP_HEADER_LENGTH) return false
    const type = remote.family === 4 ? IcmpType.ECHO : Icmpv6Type.ECHO
    const rest = readUint32(octets, start + 4)
    const echo = rest >>> 16 === this.identifier && octets[start] === type ? this.pending.get(rest & 0xffff) : undefined
    if (echo === undefined || !remote.equals(echo.remote)) return false
    this.finish(echo, code)
    return true
  }

  nextDeadline(): Instant {
    return this.deadline
  }

  advance(now: Instant): void {
    if (now < this.deadline) return
    this.deadline = Number.POSITIVE_INFINITY
    for (const echo of [...this.pending.values()]) {
      if (echo.deadline <= now) this.finish(echo, 'ETIMEDOUT')
      else this.deadline = Math.min(this.deadline, echo.deadline)
    }
  }

  private finish(echo: Echo, error: Echo['error']): void {
    this.pending.delete(echo.sequence)
    echo.error = error
    this.host.notify(echo)
    if (this.pending.size === 0) this.deadline = Number.POSITIVE_INFINITY
  }

  private write(echo: Echo): Uint8Array {
    const { message, header } = this
    const v4 = echo.remote.family === 4
    const headerLength = v4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH
    const data = Uint8Array.from({ length: echo.size }, (_, i) => i & 0xff)
    header.family = echo.remote.family
    header.source = echo.local
    header.destination = echo.remote
    header.protocol = v4 ? Protocol.ICMP : Protocol.ICMPV6
    header.identification = this.host.identify(echo.local, echo.remote)
    message.source = echo.local
    message.destination = echo.remote
    message.type = v4 ? IcmpType.ECHO : Icmpv6Type.ECHO
    message.code = 0
    message.rest = echoRest(this.identifier, echo.sequence)
    message.octets = data
    message.start = 0
    message.length = data.length
    const packet = new Uint8Array(headerLength + ICMP_HEADER_LENGTH + data.length)
    const length = (v4 ? writeIcmp : writeIcmpv6)(packet, headerLength, message)
    writeIp(packet, 0, header, length)
    return packet
  }
}
