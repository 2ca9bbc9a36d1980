import type { Milliseconds } from '../wire/instant.ts'
import { differences } from './compare.ts'
import type { Flow, SentSegment } from './flow.ts'
import type { Flows } from './flows.ts'
import type { Configuration } from './header.ts'
import { firstWrongOctet } from './packets.ts'
import { type Column, printPacket } from './print.ts'
import { comparePackets, expectedAndGot, ScriptFailure, seconds } from './report.ts'
import type { TcpPacket } from './script.ts'
import type { World } from './world.ts'

/** When a packet may be sent, ms; the tolerance is not in it. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** How long is waited for a packet that may come at any time, ms: a day. */
export const LONGEST_WAIT: Milliseconds = 24 * 3600 * 1000

/** What the stack sends, against what the script says. */
export class Expectations {
  readonly #world: World
  readonly #flows: Flows
  readonly #configuration: Configuration
  readonly #log: (line: string) => void

  constructor(world: World, flows: Flows, configuration: Configuration, log: (line: string) => void) {
    this.#world = world
    this.#flows = flows
    this.#configuration = configuration
    this.#log = log
  }

  /** The next packet of the stack's has to be this one. Returns when it came, ms. @throws {ScriptFailure} */
  expect(expected: TcpPacket, span: Span): number {
    const time = printSpan(span)
    const first = this.#next(span)
    if (first === undefined) this.#nothingSent(`${time} ${printPacket(expected)}`)
    if (typeof first === 'string') {
      throw new ScriptFailure('the stack sent another packet', expectedAndGot(printPacket(expected), first))
    }
    const flow = this.#flows.ofSent(first)
    const segment = this.#joined(first, expected)
    flow.learn(segment.packet, expected)
    const sent = this.#inScript(flow, segment, expected)
    this.#log(`${seconds(segment.at)} ${printPacket(sent)}`)
    const wrong: (Column | 'time')[] = differences(expected, sent, { timestampTolerance: this.#timestampTolerance })
    const { tolerance } = this.#configuration
    if (segment.at < span.from - tolerance || segment.at > span.to + tolerance) wrong.unshift('time')
    const misplaced = this.#misplaced(flow, segment)
    if (wrong.length > 0 || misplaced !== undefined) {
      const lines = comparePackets({ time, packet: expected }, { time: seconds(segment.at), packet: sent }, wrong)
      throw new ScriptFailure(misplaced ?? `the stack sent another packet: ${wrong.join(', ')}`, lines)
    }
    return segment.at
  }

  /** A packet that the script does not mention, in its numbers. */
  describe(sent: SentSegment | string): string {
    if (typeof sent === 'string') return `> ${sent}`
    const flow = this.#flows.ofSent(sent)
    flow.learn(sent.packet, undefined)
    return `${seconds(sent.at)} ${printPacket(this.#inScript(flow, sent, undefined))}`
  }

  #nothingSent(expected: string): never {
    const { now, nextDeadline } = this.#world
    const idle = nextDeadline === Number.POSITIVE_INFINITY
    const next = idle ? 'it has nothing more to do' : `its next deadline is at ${seconds(nextDeadline)}`
    const lines = expectedAndGot(expected, `nothing by ${seconds(now)}; ${next}`)
    throw new ScriptFailure('the stack did not send this packet', lines)
  }

  #next({ to }: Span): SentSegment | string | undefined {
    const { sent } = this.#world
    if (sent.length === 0) this.#world.pass(to + this.#configuration.tolerance, () => sent.length > 0)
    return sent.shift()
  }

  /**
   * Linux hands several segments to a device in one (TSO), and scripts have them as one: as many segments as make the
   * expected one are joined, where each begins at the end of the one before, at one moment.
   */
  #joined(first: SentSegment, expected: TcpPacket): SentSegment {
    let whole = first
    const { sent } = this.#world
    for (let next = sent[0]; whole.packet.length < expected.length; next = sent[0]) {
      if (next === undefined || typeof next === 'string' || !follows(whole, next)) break
      if (whole.packet.length + next.packet.length > expected.length) break
      const packet = { ...next.packet, seq: whole.packet.seq, length: whole.packet.length + next.packet.length }
      whole = { ...next, packet, payload: new Uint8Array([...whole.payload, ...next.payload]) }
      sent.shift()
    }
    return whole
  }

  /** Only what was written down is shown of the IP header, and ports where there are several connections. */
  #inScript(flow: Flow, { packet }: SentSegment, expected: TcpPacket | undefined): TcpPacket {
    const sent = flow.sentInScript(packet)
    const { ecn, tos, ttl } = expected?.ip ?? {}
    const ip = {
      ecn: ecn === undefined ? undefined : sent.ip.ecn,
      tos: tos === undefined ? undefined : sent.ip.tos,
      ttl: ttl === undefined ? undefined : sent.ip.ttl,
    }
    const named = expected?.ports !== undefined || !this.#flows.isUnderTest(flow)
    return { ...sent, ip, ports: named ? sent.ports : undefined }
  }

  #misplaced(flow: Flow, segment: SentSegment): string | undefined {
    if (flow.iss === undefined) return undefined
    const wrong = firstWrongOctet(segment, flow.iss)
    return wrong < 0 ? undefined : `octet ${wrong} of its payload is not the one that was written`
  }

  get #timestampTolerance(): number | undefined {
    const { timestampTick, tolerance } = this.#configuration
    return timestampTick === 0 ? undefined : Math.ceil((1000 * tolerance) / timestampTick)
  }
}

function follows({ at, packet, sourcePort, destinationPort }: SentSegment, next: SentSegment): boolean {
  return (
    next.at === at &&
    next.sourcePort === sourcePort &&
    next.destinationPort === destinationPort &&
    next.packet.seq === (packet.seq + packet.length) >>> 0 &&
    packet.length > 0 &&
    !/[SFR]/.test(packet.flags)
  )
}

function printSpan({ from, to }: Span): string {
  if (from === to) return seconds(from)
  return `${seconds(from)}~${to - from < LONGEST_WAIT ? seconds(to) : ''}`
}
