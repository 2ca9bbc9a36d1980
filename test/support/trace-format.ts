/** Segments back into a trace's notation, and the comparison of two. */
import { ECN_NAMES, type OptionNotation, type SegmentNotation } from './trace-parse.ts'

export function formatSegment(segment: SegmentNotation): string {
  const { flags, seq, length, ack, win, urg, options } = segment
  let text = `${segment.ecn === undefined ? '' : `[${ECN_NAMES[segment.ecn]}] `}${flags} ${seq}:${(seq + length) | 0}(${length})`
  if (ack !== undefined) text += ` ack ${ack}`
  if (win !== undefined) text += ` win ${win}`
  if (urg !== undefined) text += ` urg ${urg}`
  if (options !== undefined && options.length > 0) text += ` <${options.map(formatOption).join(',')}>`
  return text
}

function formatOption(option: OptionNotation): string {
  switch (option.kind) {
    case 'mss':
    case 'wscale':
      return `${option.kind} ${option.value}`
    case 'TS':
      return `TS val ${option.val} ecr ${option.ecr}`
    case 'sack':
      return `sack ${option.edges.map((edge, i) => `${edge}${i % 2 === 0 ? ':' : ' '}`).join('')}`.trim()
    case 'FO':
      return `FO ${typeof option.cookie === 'string' ? option.cookie : hex(option.cookie)}`.trim()
    case 'raw':
      return `raw ${hex(option.octets)}`
    default:
      return option.kind
  }
}

function hex(octets: readonly number[]): string {
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join('')
}

/** The names of the fields in which `sent` is not what was `written`; what was not written down is not compared. */
export function differences(written: SegmentNotation, sent: SegmentNotation): string[] {
  const same = {
    flags: written.flags === sent.flags,
    seq: written.seq >>> 0 === sent.seq >>> 0,
    length: written.length === sent.length,
    ack: (written.ack ?? 0) >>> 0 === (sent.ack ?? 0) >>> 0,
    win: written.win === undefined || written.win === sent.win,
    urg: written.urg === undefined || written.urg === sent.urg,
    ecn: written.ecn === undefined || written.ecn === (sent.ecn ?? 0),
    options: written.options === undefined || sameOptions(written.options, sent.options ?? []),
  }
  return Object.entries(same).flatMap(([field, equal]) => (equal ? [] : [field]))
}

/** Order and padding are the writer's affair, and have tests of their own beside it. */
function sameOptions(written: readonly OptionNotation[], sent: readonly OptionNotation[]): boolean {
  const meant = (options: readonly OptionNotation[]): OptionNotation[] =>
    options
      .filter(({ kind }) => kind !== 'nop' && kind !== 'eol')
      .toSorted((x, y) => formatOption(x).localeCompare(formatOption(y)))
  const [left, right] = [meant(written), meant(sent)]
  return left.length === right.length && left.every((option, i) => sameOption(option, right[i]!))
}

function sameOption(written: OptionNotation, sent: OptionNotation): boolean {
  if (written.kind === 'TS' && sent.kind === 'TS') {
    return (written.val === '*' || written.val === sent.val) && (written.ecr === '*' || written.ecr === sent.ecr)
  }
  if (written.kind === 'FO' && sent.kind === 'FO' && written.cookie === '*') return sent.cookie.length > 0
  return formatOption(written) === formatOption(sent)
}
