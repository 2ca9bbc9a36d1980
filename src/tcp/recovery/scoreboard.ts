import type { Segment } from '../../wire/segment.ts'
import type { Counters } from '../counters.ts'
import { seqDistance, seqLess, seqLessOrEqual } from '../seq.ts'
import type { Delivery } from './delivery.ts'
import type { Rack } from './rack.ts'
import { MOST_WHEN_SPLIT, OFTEN, RETRANSMITTED, SACKED, type SentSegments } from './sent-segments.ts'

/**
 * What an ACK does to the scoreboard (RFC 6675 §4, "Update"). `recover` bounds what counts as an original of the
 * recovery that is under way.
 */
export class Scoreboard {
  private readonly sent: SentSegments
  private readonly rack: Rack
  private readonly delivery: Delivery

  constructor(sent: SentSegments, rack: Rack, delivery: Delivery) {
    this.sent = sent
    this.rack = rack
    this.delivery = delivery
  }

  /** Everything before `ack`, which is not behind the end, has come. */
  acknowledge(ack: number, recover: number, counters: Counters): void {
    const { sent, delivery } = this
    this.acknowledgeRun(ack, recover, counters)
    while (sent.count > 0 && seqLessOrEqual(sent.endOf(0), ack)) {
      if (!sent.has(0, SACKED)) this.deliver(0, recover, true, counters)
      sent.removeFirst()
    }
    // Of several that went as one, the first have come.
    if (sent.count > 0 && seqLess(sent.start, ack) && sent.isSeveral(0) && sent.canSplit) {
      sent.split(0, ack)
      if (!sent.has(0, SACKED)) this.deliver(0, recover, true, counters)
      sent.removeFirst()
    }
    if (!seqLess(sent.start, ack)) return
    if (sent.count === 0) {
      sent.clear(ack)
      return
    }
    if (!sent.has(0, SACKED)) delivery.octets += seqDistance(sent.start, ack)
    sent.trimFirst(ack)
  }

  /** The SACK blocks of a segment: marks what lies between SND.UNA and SND.NXT, notes a duplicate. */
  takeBlocks(segment: Segment, recover: number, counters: Counters): void {
    const { sent, delivery } = this
    const edges = segment.sackEdges
    let first = 0
    if (segment.sackBlocks > 0 && isDuplicate(segment)) {
      counters.TCPDSACKRecv++
      delivery.duplicate = seqDistance(edges[0]!, edges[1]!)
      delivery.duplicateEnd = edges[1]!
      first = 1
    }
    sortBlocks(edges, first, segment.sackBlocks)
    for (let i = first; i < segment.sackBlocks; i++) {
      const from = edges[2 * i]!
      const to = edges[2 * i + 1]!
      if (!seqLess(from, to) || seqLess(sent.end, to)) counters.TCPSACKDiscard++
      else if (seqLess(sent.start, to)) {
        this.markRange(seqLess(from, sent.start) ? sent.start : from, to, recover, counters)
      }
    }
  }

  /** The peer has these. What it has of a segment in part is split off, as long as there are not too many. */
  private markRange(from: number, to: number, recover: number, counters: Counters): void {
    const { sent } = this
    let i = sent.find(from)
    while (i < sent.count && seqLess(sent.startOf(i), to)) {
      if (!sent.has(i, SACKED)) {
        if (seqLess(sent.startOf(i), from)) {
          if (sent.count < MOST_WHEN_SPLIT) sent.split(i, from)
          i++
          continue
        }
        if (seqLess(to, sent.endOf(i))) {
          if (sent.count >= MOST_WHEN_SPLIT) return
          sent.split(i, to)
        }
        this.deliver(i, recover, false, counters)
        sent.markSacked(i)
        if (i > 0 && sent.has(i - 1, SACKED)) sent.join(--i)
        if (i + 1 < sent.count && sent.has(i + 1, SACKED)) sent.join(i)
      }
      i++
    }
  }

  /**
   * The same for the first entries, as far as they were sent once and are neither SACKed nor lost: the last of them was sent
   * last, so what the others say of times and of the order is less than what it says.
   */
  private acknowledgeRun(ack: number, recover: number, counters: Counters): void {
    const { sent, rack, delivery } = this
    const run = sent.runUpTo(ack)
    // What ends before something that has come tells of reordering, each by itself.
    if (run < 2 || seqLess(sent.endOf(0), rack.highest)) return
    const end = sent.endOf(run - 1)
    const sentAt = sent.sentAt(run - 1)
    delivery.octets += seqDistance(sent.start, end)
    if (seqLessOrEqual(sent.endOf(0), recover)) delivery.original = true
    delivery.rtt = delivery.now - sentAt
    rack.delivered(end, sentAt, false, true, delivery, counters)
    sent.removeRun(run)
  }

  /** Entry `i` has reached the peer. */
  private deliver(i: number, recover: number, cumulative: boolean, counters: Counters): void {
    const { sent, rack, delivery } = this
    const octets = sent.lengthOf(i)
    const again = sent.has(i, RETRANSMITTED)
    delivery.octets += octets
    if (!cumulative) delivery.sacked += octets
    if (again) {
      // Sent oftener, the answer may be to any but the last.
      if (cumulative && !sent.has(i, OFTEN) && delivery.echoedAt < Math.floor(sent.sentAt(i))) delivery.late = true
    } else {
      if (seqLessOrEqual(sent.endOf(i), recover)) delivery.original = true
      delivery.rtt = delivery.now - sent.sentAt(i)
    }
    rack.delivered(sent.endOf(i), sent.sentAt(i), again, cumulative, delivery, counters)
  }
}

/** RFC 2883 §4: a first block that is below the ACK, or within the second block, reports what came twice. */
function isDuplicate({ ack, sackBlocks, sackEdges }: Segment): boolean {
  const from = sackEdges[0]!
  const to = sackEdges[1]!
  if (!seqLess(from, to)) return false
  if (seqLessOrEqual(to, ack)) return true
  return sackBlocks > 1 && seqLessOrEqual(sackEdges[2]!, from) && seqLessOrEqual(to, sackEdges[3]!)
}

/** Blocks `first` up to `end` in order of sequence: one that another ACK would have told of first is not reordering. */
function sortBlocks(edges: Uint32Array, first: number, end: number): void {
  for (let i = first + 1; i < end; i++) {
    const from = edges[2 * i]!
    const to = edges[2 * i + 1]!
    let k = i
    for (; k > first && seqLess(from, edges[2 * k - 2]!); k--) {
      edges[2 * k] = edges[2 * k - 2]!
      edges[2 * k + 1] = edges[2 * k - 1]!
    }
    edges[2 * k] = from
    edges[2 * k + 1] = to
  }
}
