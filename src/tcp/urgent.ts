import { type Segment, URG } from '../wire/segment.ts'
import type { Connection } from './connection.ts'
import { URGENT } from './events.ts'
import { seqAdd, seqDistance } from './seq.ts'

/** The largest pointer that a segment has room for. */
const FARTHEST = 65_535

/**
 * The urgent mechanism (RFC 9293 §3.8.5, MUST-30), for applications that need it; new ones do not (SHLD-13). Urgent data
 * stays in line (RFC 6093 §4): what is special about it is the mark behind it. Both marks are positions in their stream, so
 * that a sequence of urgent data may have any length (MUST-31).
 */
export class Urgent {
  /** SND.UP: behind the last octet that the application sent as urgent; 0 when there was none. */
  private sent = 0
  /** RCV.UP: behind the last urgent octet that the peer has told of. */
  private received = 0

  /** All that has been given to `send` so far is urgent. The peer hears of it even if its window is closed (RFC 9293 MUST-66). */
  mark(connection: Connection): void {
    this.sent = connection.sendBuffer.end
    connection.acksDue = Math.max(connection.acksDue, 1)
  }

  /** Whether urgent data waits for its acknowledgment. */
  isSending({ sendBuffer }: Connection): boolean {
    return this.sent > sendBuffer.base
  }

  /**
   * RFC 9293 MUST-62: the pointer is to the octet behind the urgent data, on every segment before it, and so far only as
   * 16 bits reach; later segments tell the rest.
   */
  stamp(connection: Connection, out: Segment): void {
    const { sendBuffer, tcb } = connection
    if (!this.isSending(connection)) return
    const distance = this.sent - sendBuffer.base - seqDistance(tcb.snd.una, out.seq)
    if (distance <= 0) return
    out.flags |= URG
    out.urg = Math.min(distance, FARTHEST)
  }

  /**
   * Sixth: check the URG bit (RFC 9293 §3.10.7.4, MUST-32). A pointer that does not advance is old, or means nothing; so does
   * any after the peer's FIN.
   */
  arrived(connection: Connection, segment: Segment): void {
    const { receiveBuffer, tcb } = connection
    const pointer = receiveBuffer.next + seqDistance(tcb.rcv.nxt, seqAdd(segment.seq, segment.urg))
    if (connection.finReceived || pointer <= this.received || pointer <= receiveBuffer.base) return
    this.received = pointer
    connection.tell(URGENT)
  }

  /** RFC 9293 MUST-33: octets to be read up to the mark, those included that have not come yet. */
  left({ receiveBuffer }: Connection): number {
    return Math.max(0, this.received - receiveBuffer.base)
  }
}
