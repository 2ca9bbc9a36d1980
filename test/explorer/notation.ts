/** A path of the explorer's as a test: the notation of test/support/trace.ts, which CONTRIBUTING.md explains. */
import { inspect } from 'node:util'
import type { Segment } from '../../src/wire/segment.ts'
import { formatSegment } from '../support/trace-format.ts'
import { FLAG_LETTERS, type SegmentNotation } from '../support/trace-parse.ts'
import type { Action } from './actions.ts'
import { replay } from './explore.ts'
import { MSS, WINDOW } from './frames.ts'
import { ISN, type Peer } from './peer.ts'
import type { Call } from './rfc9293-calls.ts'
import { ACK, type Arrival, has, SYN } from './rfc9293-terms.ts'
import { distance } from './sequence.ts'
import { CONFIG, CONNECT_PORT } from './settings.ts'
import type { Start } from './starts.ts'
import type { Loss, Opening, Recorder } from './world.ts'

/** What a test does: lines of a trace, or a call of the application's. */
export type Item = { readonly trace: string[] } | { readonly call: Call; readonly connection: string | undefined }

/** The whole test, from the stack's options on. A step that throws ends it. */
export function asTest(start: Start, path: readonly Action[]): string {
  const items = itemsOf(start, path)
  return [opened(start.opening), ...items.flatMap(written)].join('\n')
}

/** What happens on the path, and what the stack sends. */
export function itemsOf(start: Start, path: readonly Action[]): Item[] {
  const writer = new TraceWriter(start.opening)
  try {
    replay(start, path, writer)
  } catch {
    writer.comment('here it throws')
  }
  return writer.items
}

function opened(opening: Opening): string {
  const options = { isn: ISN, ...(opening.kind === 'listen' ? opening.listen : { localPort: CONNECT_PORT }) }
  const all = inspect({ ...options, stack: { tcp: CONFIG } }, { breakLength: Number.POSITIVE_INFINITY, depth: 4 })
  return `const tcp = ${opening.kind}(${all})`
}

function written(item: Item): string[] {
  if ('trace' in item) return ['tcp.trace`', ...item.trace.map((line) => `  ${line}`), '`']
  const { call, connection } = item
  switch (call) {
    case 'accept':
      return [`const ${connection} = tcp.accept()`]
    case 'send':
      return [`tcp.send(5, ${connection})`]
    case 'close the listener':
      return ['tcp.listener.close()']
    default:
      return [`${connection}.${call}()`]
  }
}

/** Writes lines as the trace's own reader understands them, with numbers counted from the initial ones. */
class TraceWriter implements Recorder {
  readonly items: Item[] = []
  readonly #iss: Map<Peer, number> = new Map()
  readonly #connections: Map<Peer, string> = new Map()
  #written = 0
  #acceptances = 0
  readonly #opening: Opening

  constructor(opening: Opening) {
    this.#opening = opening
  }

  segmentIn(peer: Peer, segment: Arrival, now: number): void {
    const options = has(segment, SYN) ? [{ kind: 'mss', value: MSS } as const] : undefined
    const notation = { ...this.#common(segment), win: WINDOW, options }
    const iss = this.#iss.get(peer) ?? 0
    const ack = has(segment, ACK) ? distance(iss, segment.ack) : undefined
    this.#line(now, `<${peer.name} ${formatSegment({ ...notation, seq: distance(ISN, segment.seq), ack })}`)
  }

  unreachableIn(peer: Peer, seq: number, now: number): void {
    const at = distance(this.#iss.get(peer) ?? 0, seq)
    this.#line(now, `<${peer.name} icmp unreachable port_unreachable [${at}:${at}(0)]`)
  }

  segmentOut(peer: Peer, segment: Segment, now: number): void {
    if (segment.has(SYN)) this.#iss.set(peer, segment.seq)
    const seq = distance(this.#iss.get(peer) ?? 0, segment.seq)
    const ack = segment.has(ACK) ? distance(ISN, segment.ack) : undefined
    this.#line(now, `>${peer.name} ${formatSegment({ ...this.#common(segment), seq, ack })}`)
  }

  wait(now: number): void {
    if (now > this.#written) this.#line(now, '')
  }

  loss(peer: Peer, what: Loss): void {
    const whose = peer.name === '' ? 'the peer' : `peer ${peer.name}`
    this.comment(what === 'text' ? `text from ${whose} is lost` : `the first that ${whose} has not heard yet is lost`)
  }

  call(call: Call, peer: Peer | undefined): void {
    if (call === 'accept') this.#connections.set(peer!, `connection${++this.#acceptances}`)
    const active = this.#opening.kind === 'connect' ? 'tcp.connection' : undefined
    const connection = peer === undefined ? undefined : (active ?? this.#connections.get(peer))
    this.items.push({ call, connection })
  }

  comment(text: string): void {
    this.#lines().push(`// ${text}`)
  }

  #common({ flags, length }: { flags: number; length: number }): SegmentNotation {
    const letters = [...FLAG_LETTERS].filter((_, bit) => (flags & (1 << bit)) !== 0).join('')
    const nothing = { win: undefined, urg: undefined, options: undefined }
    return { flags: letters === '' ? '-' : letters, seq: 0, length, ack: undefined, ...nothing }
  }

  #line(now: number, text: string): void {
    this.#lines().push(`+${(now - this.#written) / 1000} ${text}`.trimEnd())
    this.#written = now
  }

  /** Of the trace that is being written. */
  #lines(): string[] {
    const last = this.items.at(-1)
    if (last !== undefined && 'trace' in last) return last.trace
    const trace: string[] = []
    this.items.push({ trace })
    return trace
  }
}
