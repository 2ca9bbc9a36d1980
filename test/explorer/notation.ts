/** A path of the explorer's as a test: the notation of test/support/trace.ts, which CONTRIBUTING.md explains. */
import { inspect } from 'node:util'
import type { Segment } from '../../src/wire/segment.ts'
import { formatSegment } from '../support/trace-format.ts'
import { FLAG_LETTERS, type OptionNotation, type SegmentNotation } from '../support/trace-parse.ts'
import type { Action } from './actions.ts'
import { replay } from './explore.ts'
import { MSS, OLD_TS_VAL, TS_VAL, WINDOW } from './frames.ts'
import type { Loss, Recorder } from './happenings.ts'
import { configOf, familyOf, type Opening } from './opening.ts'
import { ISN, type Peer } from './peer.ts'
import { type Call, isWord, type Word } from './rfc9293-calls.ts'
import { ACK, type Arrival, has, SYN } from './rfc9293-terms.ts'
import { distance } from './sequence.ts'
import { CONNECT_PORT } from './settings.ts'
import type { Start } from './starts.ts'
import { World } from './world.ts'

/** What a test does: lines of a trace, a call of the application's on something, or a name for the SYN it was told of. */
export type Item =
  | { readonly trace: string[] }
  | { readonly call: Call; readonly on: string | undefined }
  | { readonly incoming: string }

/** The whole test, from the stack's options on. A step that throws ends it. */
export function asTest(start: Start, path: readonly Action[]): string {
  const items = itemsOf(start, path)
  return [opened(start.opening), ...peersOf(start.opening).map(introduced), ...items.flatMap(written)].join('\n')
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

/** The peers that a test has to name beforehand. */
export function peersOf(opening: Opening): Peer[] {
  return opening.kind === 'connect' ? [] : [...new World(opening).peers]
}

function introduced({ name, address, port }: Peer): string {
  return `tcp.peer('${name}', { address: '${address}', port: ${port} })`
}

function opened(opening: Opening): string {
  const options = { isn: ISN, ...(opening.kind === 'listen' ? opening.listen : { localPort: CONNECT_PORT }) }
  const family = familyOf(opening) === 6 ? { family: 6 } : {}
  const all = inspect(
    { ...options, ...family, stack: { tcp: configOf(opening) } },
    { breakLength: Number.POSITIVE_INFINITY, depth: 4 },
  )
  return `const tcp = ${opening.kind}(${all.replace(/\[Function: (\w+)\]/, '$1')})`
}

function written(item: Item): string[] {
  if ('trace' in item) return ['tcp.trace`', ...item.trace.map((line) => `  ${line}`), '`']
  if ('incoming' in item) return [`const ${item.incoming} = tcp.events.at(-1)!.incoming!`]
  const { call, on } = item
  if (isWord(call)) return [`${on}.${verbOf(call)}()`]
  switch (call) {
    case 'accept':
      return [`const ${on} = tcp.accept()`]
    case 'send':
      return [`tcp.send(5, ${on})`]
    case 'close the listener':
      return ['tcp.listener.close()']
    default:
      return [`${on}.${call}()`]
  }
}

/** The method of `Incoming` that says this. */
export function verbOf(word: Word): 'accept' | 'refuse' | 'ignore' {
  return word === 'refuse the SYN' ? 'refuse' : word === 'ignore the SYN' ? 'ignore' : 'accept'
}

/** Writes lines as the trace's own reader understands them, with numbers counted from the initial ones. */
class TraceWriter implements Recorder {
  readonly items: Item[] = []
  readonly #iss: Map<Peer, number> = new Map()
  readonly #firstTsVal: Map<Peer, number> = new Map()
  readonly #connections: Map<Peer, string> = new Map()
  /** What the application was told of each peer's SYNs, the last at the end. */
  readonly #incoming: Map<Peer, string[]> = new Map()
  #written = 0
  #acceptances = 0
  #told = 0
  readonly #opening: Opening

  constructor(opening: Opening) {
    this.#opening = opening
  }

  segmentIn(peer: Peer, segment: Arrival, now: number): void {
    const options = this.#options(peer, segment)
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
    if (segment.has(SYN) && this.#iss.get(peer) !== segment.seq) {
      this.#iss.set(peer, segment.seq)
      this.#firstTsVal.set(peer, segment.tsVal)
    }
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

  deferred(peer: Peer): void {
    const incoming = `incoming${++this.#told}`
    this.#incoming.set(peer, [...(this.#incoming.get(peer) ?? []), incoming])
    this.items.push({ incoming })
  }

  call(call: Call, peer: Peer | undefined): void {
    if (isWord(call)) {
      this.items.push({ call, on: this.#incoming.get(peer!)!.at(call === 'accept an earlier SYN' ? -2 : -1) })
      return
    }
    if (call === 'accept') this.#connections.set(peer!, `connection${++this.#acceptances}`)
    const active = this.#opening.kind === 'connect' ? 'tcp.connection' : undefined
    this.items.push({ call, on: peer === undefined ? undefined : (active ?? this.#connections.get(peer)) })
  }

  comment(text: string): void {
    this.#lines().push(`// ${text}`)
  }

  #options(peer: Peer, segment: Arrival): OptionNotation[] {
    const options: OptionNotation[] = has(segment, SYN) ? [{ kind: 'mss', value: MSS }] : []
    if (!peer.stamped || segment.stamp === 'none') return options
    const ecr = has(segment, ACK) ? (peer.echo(segment.ack) - (this.#firstTsVal.get(peer) ?? 0)) >>> 0 : 0
    return [...options, { kind: 'TS', val: segment.stamp === 'old' ? OLD_TS_VAL : TS_VAL, ecr }]
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
