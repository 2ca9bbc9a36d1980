/**
 * The text of a packet trace, read into lines. The notation is packetdrill's (https://github.com/google/packetdrill)
 * without its system calls; CONTRIBUTING.md explains it with examples.
 */

/**
 * Options as a segment carries them. In `>` lines `'*'` stands for any value; in `<` lines `ecr last` is the stack's last
 * TSval, and `FO last` the last cookie that it gave.
 */
export type OptionNotation =
  | { kind: 'mss' | 'wscale'; value: number }
  | { kind: 'sackOK' | 'nop' | 'eol' }
  | { kind: 'TS'; val: number | '*'; ecr: number | '*' | 'last' }
  | { kind: 'sack'; edges: number[] }
  | { kind: 'FO'; cookie: number[] | '*' | 'last' }
  | { kind: 'raw'; octets: number[] }

/** A segment in relative numbers. What is undefined was not written down, and is not compared. */
export interface SegmentNotation {
  /** Letters of {@link FLAG_LETTERS} in that order, or `-`. */
  flags: string
  seq: number
  /** Octets of payload. */
  length: number
  /** Undefined exactly when the segment has no ACK bit. */
  ack: number | undefined
  /** The header's field, not scaled. */
  win: number | undefined
  urg: number | undefined
  options: OptionNotation[] | undefined
  /** The ECN field of the IP header: index of {@link ECN_NAMES}. */
  ecn?: number | undefined
}

export const ECN_NAMES = ['noecn', 'ect1', 'ect0', 'ce']

/** An ICMP or ICMPv6 error that quotes a segment of the stack's. */
export interface IcmpNotation {
  /** Type and code in packetdrill's words: `unreachable port_unreachable`. */
  name: string
  mtu: number | undefined
  seq: number
  length: number
}

interface Common {
  /** From 1. */
  line: number
  text: string
  /** `+` counts from the line before, `@` from the beginning of the first trace; `&` comes with the line before. */
  base: '+' | '@' | '&'
  ms: number
}

export type TraceLine = Common &
  (
    | { kind: 'wait' }
    | { kind: 'in'; peer: string; segment: SegmentNotation }
    | { kind: 'in-icmp'; peer: string; icmp: IcmpNotation }
    | { kind: 'out'; peer: string; segment: SegmentNotation }
  )

/** Each letter at the index of its bit in the TCP header. */
export const FLAG_LETTERS = 'FSRP.UEWA'

export class TraceSyntaxError extends SyntaxError {
  constructor(line: number, text: string, problem: string) {
    super(`line ${line} of the trace: ${text}\n  ${problem}`)
    this.name = 'TraceSyntaxError'
  }
}

export function parseTrace(text: string): TraceLine[] {
  const lines: TraceLine[] = []
  for (const [index, raw] of text
    .replace(/^[ \t]*\n/, '')
    .split('\n')
    .entries()) {
    const line = raw.replace(/\/\/.*/, '').trim()
    if (line === '') continue
    try {
      lines.push(parseLine(line, index + 1))
    } catch (error) {
      throw new TraceSyntaxError(index + 1, line, (error as Error).message)
    }
  }
  return lines
}

function parseLine(text: string, line: number): TraceLine {
  const time = /^(?:([+@])(\d*\.?\d+)|(&))(?:\s+(.*))?$/.exec(text)
  if (time === null) throw new Error('a line starts with its time in seconds: +0.5 (since the line before) or @0.5')
  const base = (time[1] ?? time[3]) as Common['base']
  const common: Common = { line, text, base, ms: Math.round(Number(time[2] ?? 0) * 1e6) / 1e3 }
  if (time[4] === undefined && base !== '&') return { ...common, kind: 'wait' }
  const way = /^([<>])(\w*)\s+(.*)$/.exec(time[4] ?? '')
  if (way === null) throw new Error('after the time stands < (to the stack) or > (from it), then a segment')
  if (base === '&' && way[1] !== '<') throw new Error('& joins a segment to the one before: both go to the stack (<)')
  const [, arrow, peer, packet] = way as unknown as [string, '<' | '>', string, string]
  if (packet.startsWith('icmp ')) {
    if (arrow === '>') throw new Error('icmp can be sent to the stack (<), not expected from it')
    return { ...common, kind: 'in-icmp', peer, icmp: parseIcmp(packet) }
  }
  return { ...common, kind: arrow === '<' ? 'in' : 'out', peer, segment: parseSegment(packet, arrow) }
}

const SEGMENT =
  /^(?:\[(?<ecn>noecn|ect0|ect1|ce)\]\s+)?(?<flags>\S+)\s+(?<range>\S+)(?:\s+ack\s+(?<ack>-?\d+))?(?:\s+win\s+(?<win>\d+))?(?:\s+urg\s+(?<urg>\d+))?(?:\s+<(?<options>.*)>)?$/

function parseSegment(text: string, arrow: '<' | '>'): SegmentNotation {
  const groups = SEGMENT.exec(text)?.groups
  if (groups === undefined)
    throw new Error('a segment is [ECN] FLAGS SEQ:END(LENGTH) [ack N] [win N] [urg N] [<options>]')
  const flags = canonicalFlags(groups.flags!)
  if (flags.includes('.') !== (groups.ack !== undefined)) throw new Error('the flag . and "ack N" go together')
  const number = (digits: string | undefined): number | undefined => (digits === undefined ? undefined : Number(digits))
  const options = groups.options === undefined ? undefined : parseOptions(groups.options)
  const isAny = (o: OptionNotation): boolean =>
    (o.kind === 'TS' && (o.val === '*' || o.ecr === '*')) || (o.kind === 'FO' && o.cookie === '*')
  if (arrow === '<' && options?.some(isAny)) {
    throw new Error('* means any value: it can be expected, not sent')
  }
  return {
    flags,
    ...parseRange(groups.range!),
    ack: number(groups.ack),
    win: number(groups.win),
    urg: number(groups.urg),
    options,
    ...(groups.ecn === undefined ? {} : { ecn: ECN_NAMES.indexOf(groups.ecn) }),
  }
}

function canonicalFlags(text: string): string {
  const known = text === '-' || ([...text].every((f) => FLAG_LETTERS.includes(f)) && new Set(text).size === text.length)
  if (!known) throw new Error(`"${text}" are no flags: letters of ${FLAG_LETTERS}, or - for none`)
  return [...FLAG_LETTERS].filter((letter) => text.includes(letter)).join('') || '-'
}

function parseRange(text: string): { seq: number; length: number } {
  const [, seq, end, length] = /^(-?\d+):(-?\d+)\((\d+)\)$/.exec(text)?.map(Number) ?? []
  if (seq === undefined || end === undefined || length === undefined) {
    throw new Error(`"${text}" is no range: SEQ:END(LENGTH), for example 1:1001(1000)`)
  }
  if ((seq + length) >>> 0 !== end >>> 0) throw new Error(`${text}: ${seq} + ${length} is not ${end}`)
  return { seq, length }
}

function parseOptions(text: string): OptionNotation[] {
  if (text.trim() === '') return []
  return text.split(',').map((part) => parseOption(part.trim()))
}

function parseOption(text: string): OptionNotation {
  if (text === 'nop' || text === 'eol' || text === 'sackOK') return { kind: text }
  const valued = /^(mss|wscale) (\d+)$/.exec(text)
  if (valued !== null) return { kind: valued[1] as 'mss' | 'wscale', value: Number(valued[2]) }
  const stamps = /^TS val (\d+|\*) ecr (\d+|\*|last)$/.exec(text)
  if (stamps !== null) {
    const val = stamps[1] === '*' ? '*' : Number(stamps[1])
    const ecr = stamps[2] === '*' || stamps[2] === 'last' ? stamps[2] : Number(stamps[2])
    return { kind: 'TS', val, ecr }
  }
  const blocks = /^sack ((?:-?\d+:-?\d+ ?)+)$/.exec(text)
  if (blocks !== null) return { kind: 'sack', edges: blocks[1]!.trim().split(/[: ]/).map(Number) }
  const fastOpen = /^FO(?: (\*|last|(?:[0-9a-f]{2})+))?$/.exec(text)
  if (fastOpen !== null) {
    const [, cookie] = fastOpen
    return { kind: 'FO', cookie: cookie === '*' || cookie === 'last' ? cookie : octetsOf(cookie ?? '') }
  }
  const raw = /^raw ((?:[0-9a-f]{2})+)$/.exec(text)
  if (raw !== null) return { kind: 'raw', octets: octetsOf(raw[1]!) }
  throw new Error(
    `"${text}" is no option: mss N, wscale N, sackOK, TS val N ecr N, sack A:B C:D, FO HEX, nop, eol, raw HEX`,
  )
}

function octetsOf(hex: string): number[] {
  return (hex.match(/../g) ?? []).map((octet) => Number.parseInt(octet, 16))
}

function parseIcmp(text: string): IcmpNotation {
  const groups = /^icmp (?<name>\w+(?: (?!mtu )\w+)?)(?: mtu (?<mtu>\d+))? \[(?<range>\S+)\]$/.exec(text)?.groups
  if (groups === undefined) throw new Error('icmp is TYPE [CODE] [mtu N] [SEQ:END(LENGTH)], the range in brackets')
  return {
    name: groups.name!,
    mtu: groups.mtu === undefined ? undefined : Number(groups.mtu),
    ...parseRange(groups.range!),
  }
}
