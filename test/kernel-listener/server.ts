/** A listener that crafted segments are sent to: the kernel's, over TUN in real time, or ours, in virtual time. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTun } from '../../src/host/tun.ts'
import type { Link } from '../../src/link/link.ts'
import { Stack } from '../../src/stack/stack.ts'
import { admitByCookie, admitThenCookies } from '../../src/tcp/admission.ts'
import type { Listener } from '../../src/tcp/listener.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { IcmpMessage, IcmpType, IcmpUnreachable, writeIcmp } from '../../src/wire/icmp.ts'
import { IpHeader, Protocol } from '../../src/wire/ip.ts'
import { parseIp, writeIp } from '../../src/wire/ip-packet.ts'
import { Offload } from '../../src/wire/offload.ts'
import { Segment } from '../../src/wire/segment.ts'
import { parseTcp, writeTcp } from '../../src/wire/tcp.ts'
import { KernelSocket } from './kernel-socket.ts'
import { kernelCounters, kernelHalfOpens, setKernel } from './netstat.ts'

export const SERVER = '10.77.0.1'
export const CLIENT = '10.77.0.2'
export const PORT = 7000

/** The longest that the kernel's answer may take, ms. */
const LIMIT = 10_000

/** More than Linux's tcp_invalid_ratelimit and our challengeInterval, less than until the first retransmission; ms. */
const PAUSE = 600

/** How both are set up. */
export interface Setup {
  /** Half-open connections at the most. The kernel is given one less: it holds one more than it is told. */
  backlog?: number
  /** Unaccepted connections at the most: on Linux the same number as the backlog. */
  acceptBacklog?: number
  /** `all`: whether or not there is room, as with tcp_syncookies 2. */
  cookies?: boolean | 'all'
  synAckRetries?: number
  acceptOverflow?: 'wait' | 'reset'
}

export interface Server {
  send(octets: Uint8Array): void
  /** The next segment that the server sends, however long that takes. */
  answer(): Promise<Segment>
  /** Answers that have come by now and were not asked for. */
  rest(): Promise<Segment[]>
  /** Waits until no half-open connection is left. */
  forgotten(): Promise<void>
  /** The time passes within which answers are rate-limited. */
  pause(): Promise<void>
  /** False when there is nothing to accept. */
  accept(): boolean
  /** Stops listening. */
  close(): void
  counters(): Map<string, number>
}

/** Our listener: the stack alone, with a clock that goes to where something is due. */
export class EstabServer implements Server {
  private readonly stack: Stack
  private readonly listener: Listener
  private readonly frame: Uint8Array = new Uint8Array(1500)
  private readonly answers: Segment[] = []
  private now = 0

  constructor(setup: Setup) {
    this.stack = new Stack({ addresses: [`${SERVER}/24`], secret: Uint8Array.from({ length: 32 }, (_, i) => i) })
    const { cookies, ...rest } = setup
    const admission = cookies === 'all' ? admitByCookie : admitThenCookies
    this.listener = this.stack.listen({ port: PORT, cookies: cookies !== false, admission, ...rest })
  }

  send(octets: Uint8Array): void {
    this.stack.receive(octets, 0, octets.length, this.now)
    this.drain()
  }

  async answer(): Promise<Segment> {
    while (this.answers.length === 0) this.sleep()
    return this.answers.shift()!
  }

  async rest(): Promise<Segment[]> {
    return this.answers.splice(0)
  }

  async forgotten(): Promise<void> {
    while (this.listener.halfOpen > 0) this.sleep()
  }

  async pause(): Promise<void> {
    const until = this.now + PAUSE
    while (this.stack.nextDeadline() <= until) this.sleep()
    this.now = until
  }

  accept(): boolean {
    const accepted = this.listener.accept() !== undefined
    this.drain()
    return accepted
  }

  close(): void {
    this.listener.close()
    this.drain()
  }

  counters(): Map<string, number> {
    return new Map(Object.entries(this.stack.counters).filter(([, value]) => typeof value === 'number'))
  }

  private sleep(): void {
    this.now = this.stack.nextDeadline()
    assert.ok(this.now < Number.POSITIVE_INFINITY, 'nothing will ever happen here')
    this.stack.advance(this.now)
    this.drain()
  }

  private drain(): void {
    for (
      let n = this.stack.transmit(this.frame, 0, this.now);
      n > 0;
      n = this.stack.transmit(this.frame, 0, this.now)
    ) {
      this.answers.push(parse(this.frame, 0, n)!)
    }
  }
}

/** The kernel's listener in this namespace. */
export class LinuxServer implements Server {
  private readonly link: Link
  private readonly socket: KernelSocket
  private readonly answers: Segment[] = []
  private readonly offload: Offload = new Offload()
  private wake: () => void = () => {}
  /** The machine was so busy that the kernel's timers came in between. */
  late = false

  private constructor(link: Link, socket: KernelSocket) {
    this.link = link
    this.socket = socket
    link.attach({
      frame: (octets, start, end) => {
        const segment = parse(octets, start, end)
        if (segment !== undefined) this.answers.push(segment)
      },
      drained: () => this.wake(),
      writable: () => {},
      closed: () => {},
    })
  }

  static async open(t: TestContext, setup: Setup): Promise<LinuxServer> {
    setKernel('tcp_syncookies', setup.cookies === false ? 0 : setup.cookies === 'all' ? 2 : 1)
    setKernel('tcp_max_syn_backlog', 1024)
    setKernel('tcp_synack_retries', setup.synAckRetries ?? 5)
    setKernel('tcp_abort_on_overflow', setup.acceptOverflow === 'reset' ? 1 : 0)
    // Its frames are read as they are: whole, with their checksums.
    const link = await openTun({ addresses: [`${SERVER}/24`], offload: false })
    const socket = new KernelSocket(PORT, (setup.acceptBacklog ?? setup.backlog ?? 128) - 1)
    t.after(() => {
      socket.closeAccepted()
      socket.close()
      link.close()
    })
    return new LinuxServer(link, socket)
  }

  send(octets: Uint8Array): void {
    const { headroom } = this.link
    const frame = new Uint8Array(headroom + octets.length)
    frame.set(octets, headroom)
    assert.ok(this.link.send(frame, headroom, frame.length, this.offload))
  }

  async answer(): Promise<Segment> {
    if (this.answers.length === 0) {
      await new Promise<void>((resolve, reject) => {
        const timeout = setTimeout(() => reject(new Error('the kernel does not answer')), LIMIT)
        this.wake = () => {
          if (this.answers.length === 0) return
          clearTimeout(timeout)
          resolve()
        }
      })
    }
    return this.answers.shift()!
  }

  /** The kernel has answered before `send` returned: what is left is that the event loop reads it. */
  async rest(): Promise<Segment[]> {
    for (let seen = -1; seen < this.answers.length; ) {
      seen = this.answers.length
      await sleep(10)
    }
    return this.answers.splice(0)
  }

  async forgotten(): Promise<void> {
    for (const limit = performance.now() + LIMIT; kernelHalfOpens(PORT) > 0; await sleep(20)) {
      assert.ok(performance.now() < limit, 'the kernel still has half-open connections')
    }
  }

  async pause(): Promise<void> {
    const began = performance.now()
    await sleep(PAUSE)
    // The kernel's first retransmission is due 1 s after the SYN.
    this.late ||= performance.now() - began > PAUSE + 250
  }

  accept(): boolean {
    return this.socket.accept()
  }

  close(): void {
    this.socket.close()
  }

  counters(): Map<string, number> {
    return kernelCounters()
  }
}

function parse(octets: Uint8Array, start: number, end: number): Segment | undefined {
  const ip = new IpHeader()
  const segment = new Segment()
  if (parseIp(octets, start, end, ip) !== undefined || ip.protocol !== Protocol.TCP) return undefined
  segment.source = ip.source
  segment.destination = ip.destination
  return parseTcp(octets, ip.payloadStart, ip.payloadEnd, segment, true) === undefined ? segment : undefined
}

/** What a crafted segment says; the rest is as of a client without options. */
export interface Fields {
  from?: string
  to?: string
  port: number
  flags: number
  seq: number
  ack?: number
  text?: string
}

export function packet({ from = CLIENT, to = SERVER, port, flags, seq, ack = 0, text = '' }: Fields): Uint8Array {
  const segment = new Segment()
  segment.source = IpAddress.parse(from)!
  segment.destination = IpAddress.parse(to)!
  segment.sourcePort = port
  segment.destinationPort = PORT
  segment.flags = flags
  segment.seq = seq >>> 0
  segment.ack = ack >>> 0
  segment.wnd = 65_535
  segment.octets = new TextEncoder().encode(text)
  segment.length = segment.octets.length
  const octets = new Uint8Array(40 + segment.length)
  writeIp(octets, 0, headerOf(segment, Protocol.TCP), writeTcp(octets, 20, segment, false))
  return octets
}

/** "Host unreachable" for a segment that the server sent. */
export function unreachable(segment: Segment): Uint8Array {
  const message = new IcmpMessage()
  message.type = IcmpType.DESTINATION_UNREACHABLE
  message.code = IcmpUnreachable.HOST
  message.octets = new Uint8Array(80)
  message.length = 28
  writeIp(message.octets, 0, headerOf(segment, Protocol.TCP), writeTcp(message.octets, 20, segment, false))
  const octets = new Uint8Array(56)
  const header = headerOf(segment, Protocol.ICMP)
  header.source = segment.destination
  header.destination = segment.source
  writeIp(octets, 0, header, writeIcmp(octets, 20, message))
  return octets
}

function headerOf(segment: Segment, protocol: number): IpHeader {
  const header = new IpHeader()
  header.source = segment.source
  header.destination = segment.destination
  header.protocol = protocol
  return header
}
