import type { Column } from './print.ts'
import { printOption } from './print.ts'
import type { IpFields, TcpOption, TcpPacket } from './script.ts'

export interface CompareOptions {
  /** How far a TSval may be from what is written, in its own ticks; undefined: any is right. */
  readonly timestampTolerance: number | undefined
}

/** The columns in which `sent` is not what was `expected`. What was not written down is not compared. */
export function differences(expected: TcpPacket, sent: TcpPacket, options: CompareOptions): Column[] {
  const same: [Column, boolean][] = [
    ['ip', sameIp(expected.ip, sent.ip)],
    ['ports', expected.ports === undefined || samePorts(expected, sent)],
    ['flags', expected.flags === sent.flags],
    ['range', expected.seq === sent.seq && expected.length === sent.length],
    ['ack', expected.ack === sent.ack],
    ['win', expected.win === undefined || expected.win === sent.win],
    ['urg', (expected.urg ?? 0) === (sent.urg ?? 0)],
    ['options', sameOptions(expected.options, sent.options, options)],
  ]
  return same.flatMap(([column, equal]) => (equal ? [] : [column]))
}

function samePorts(expected: TcpPacket, sent: TcpPacket): boolean {
  return expected.ports?.source === sent.ports?.source && expected.ports?.destination === sent.ports?.destination
}

function sameIp({ ecn, tos, ttl }: IpFields, sent: IpFields): boolean {
  if (ttl !== undefined && ttl !== sent.ttl) return false
  if (tos !== undefined && tos !== sent.tos) return false
  return ecn === undefined || ecn === sent.ecn || (ecn === 'ect01' && (sent.ecn === 'ect0' || sent.ecn === 'ect1'))
}

/** In any order, and without the padding: the layout is the stack's affair. */
function sameOptions(
  expected: readonly TcpOption[] | 'any',
  sent: readonly TcpOption[] | 'any',
  { timestampTolerance }: CompareOptions,
): boolean {
  if (expected === 'any' || sent === 'any') return true
  const meant = (options: readonly TcpOption[]): TcpOption[] =>
    options.filter(({ kind }) => kind !== 'nop' && kind !== 'eol').toSorted((x, y) => (x.kind < y.kind ? -1 : 1))
  const right = meant(sent)
  const left = meant(expected)
  return left.length === right.length && left.every((option, i) => sameOption(option, right[i]!, timestampTolerance))
}

function sameOption(expected: TcpOption, sent: TcpOption, tolerance: number | undefined): boolean {
  if (expected.kind === 'TS' && sent.kind === 'TS') {
    if (expected.ecr !== sent.ecr) return false
    return tolerance === undefined || Math.abs((sent.val - expected.val) | 0) <= tolerance
  }
  return printOption(expected) === printOption(sent)
}
