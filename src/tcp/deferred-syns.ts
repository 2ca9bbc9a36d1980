import { copyOctets } from '../wire/octets.ts'
import { CWR, ECE, Segment, SYN } from '../wire/segment.ts'
import { MAX_OPTIONS_LENGTH, parseTcpOptions } from '../wire/tcp-options.ts'
import { ECN } from './half-open.ts'
import { Syn } from './syn.ts'
import type { SynQueue } from './syn-queue.ts'

/**
 * What a deferred row keeps beside the row, so that the application sees the SYN as it came: 48 octets. Arrays as long as
 * the queue, made when the first SYN is deferred.
 */
export class DeferredSyns {
  private readonly options: Uint8Array
  private readonly lengths: Uint8Array
  private readonly windows: Uint16Array
  /** Tells the uses of a row apart, so that a late answer finds no later SYN. */
  private readonly uses: Uint32Array

  constructor(capacity: number) {
    this.options = new Uint8Array(MAX_OPTIONS_LENGTH * capacity)
    this.lengths = new Uint8Array(capacity)
    this.windows = new Uint16Array(capacity)
    this.uses = new Uint32Array(capacity)
  }

  /** Keeps what the row itself does not; returns the number of this use of the row. */
  keep(row: number, syn: Segment): number {
    const length = syn.optionsEnd - syn.optionsStart
    copyOctets(syn.octets, syn.optionsStart, length, this.options, row * MAX_OPTIONS_LENGTH)
    this.lengths[row] = length
    this.windows[row] = syn.wnd
    return ++this.uses[row]!
  }

  use(row: number): number {
    return this.uses[row]!
  }

  /** The row's SYN once more, as an object of its own. */
  read(row: number, queue: SynQueue): Syn {
    const { rows } = queue
    const segment = new Segment()
    rows.readRemote(row, segment.source)
    segment.destination.copy(rows.local(row))
    segment.sourcePort = rows.remotePort[row]!
    segment.destinationPort = rows.localPort(row)
    segment.seq = rows.irs[row]!
    segment.flags = SYN | (rows.has(row, ECN) ? ECE | CWR : 0)
    segment.wnd = this.windows[row]!
    const start = row * MAX_OPTIONS_LENGTH
    segment.octets = this.options.slice(start, start + this.lengths[row]!)
    parseTcpOptions(segment.octets, 0, segment.octets.length, segment)
    return new Syn(segment)
  }
}
