import { ABSENT, ACK, FIN, RST, type Segment, SYN } from '../../wire/segment.ts'
import { learnFromSynAck } from '../active-fast-open.ts'
import type { Connection } from '../connection.ts'
import { CONNECTED } from '../events.ts'
import { seqAdd, seqLess, seqLessOrEqual } from '../seq.ts'
import { becomeEstablished, learnOptions } from './established.ts'
import { handleFin, handleText } from './text.ts'

/** SEGMENT ARRIVES in SYN-SENT (RFC 9293 §3.10.7.3), in its order. True if the segment deserves a RST `<SEQ=SEG.ACK>`. */
export function arrivesSynSent(connection: Connection, segment: Segment): 'reset' | undefined {
  const { tcb, host } = connection
  // First: the ACK bit.
  const acknowledges = segment.has(ACK)
  if (acknowledges && (seqLessOrEqual(segment.ack, tcb.iss) || seqLess(tcb.snd.nxt, segment.ack))) {
    host.drop(segment.has(RST) ? 'tcp-rst-ignored' : 'tcp-ack-unacceptable')
    return segment.has(RST) ? undefined : 'reset'
  }
  // Second: the RST bit. Without an ACK of our SYN anybody could have sent it (RFC 5961 §3).
  if (segment.has(RST)) {
    if (acknowledges) connection.finish('ECONNREFUSED')
    else host.drop('tcp-rst-ignored')
    return undefined
  }
  // Fourth: the SYN bit. (Third, security, is not ours.)
  if (!segment.has(SYN)) {
    host.drop('tcp-no-syn')
    return undefined
  }
  tcb.irs = segment.seq
  tcb.rcv.nxt = seqAdd(segment.seq, 1)
  tcb.rcv.edge = seqAdd(tcb.rcv.nxt, Math.min(host.receiveBuffer.initial, 65_535))
  learnOptions(connection, segment)
  if (host.config.ecn === true) connection.ecn.learn(segment, acknowledges)
  if (segment.userTimeout !== ABSENT) connection.userTimeoutIfMade?.received(segment.userTimeout)
  if (!acknowledges) {
    // Simultaneous open (RFC 9293 MUST-10, figure 7).
    connection.enter('SYN-RECEIVED')
    connection.synDue = true
    connection.retransmitAt = Number.POSITIVE_INFINITY
    return undefined
  }
  if (connection.fastOpen) learnFromSynAck(connection, segment)
  connection.acksDue = 1
  becomeEstablished(connection, segment, true)
  connection.tell(CONNECTED)
  // Text and controls beside the SYN are processed as on any segment, from the number after the SYN on.
  if (segment.length > 0 || segment.has(FIN)) {
    segment.seq = seqAdd(segment.seq, 1)
    segment.flags &= ~SYN
    handleText(connection, segment)
    handleFin(connection, segment)
  }
  return undefined
}
