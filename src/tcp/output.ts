import { ACK, type Segment } from '../wire/segment.ts'
import type { Connection } from './connection.ts'
import { acknowledge, start } from './fill-segment.ts'
import { resendFirst, sendData, sendEarly } from './send-data.ts'
import { sendSyn } from './send-syn.ts'
import { seqAdd } from './seq.ts'

/**
 * What a connection sends next, as a function of its state: nothing is queued but the data itself. Hot path: fills the
 * one segment that it is given, allocates nothing.
 */
export function nextSegment(connection: Connection, out: Segment): boolean {
  switch (connection.stage) {
    case 'CLOSED':
      return false
    case 'SYN-SENT':
    case 'SYN-RECEIVED':
      if (connection.synDue) return sendSyn(connection, out)
      return sendEarly(connection, out) || (connection.acksDue > 0 && sendAck(connection, out))
    case 'TIME-WAIT':
      return connection.acksDue > 0 && connection.state === 'TIME-WAIT' && sendAck(connection, out)
    default:
      if (connection.retransmitDue && connection.recovery.sack === undefined) return resendFirst(connection, out)
      return (
        sendData(connection, out) ||
        (connection.acksDue > 0 && sendAck(connection, out)) ||
        (connection.keepAliveIfMade?.due === true && sendKeepAlive(connection, out))
      )
  }
}

/** Whether there may be something to send behind what has just gone out: if not, the connection need not be asked. */
export function mayHaveMore(connection: Connection): boolean {
  const { tcb, recovery, sendBuffer, keepAliveIfMade } = connection
  if (connection.acksDue > 0 || sendBuffer.length > 0 || tcb.snd.resend !== tcb.snd.nxt) return true
  if (connection.finQueued && !connection.finSent) return true
  if (connection.retransmitDue || connection.probeDue || keepAliveIfMade?.due === true) return true
  return recovery.sack !== undefined && (recovery.sack.pushes || recovery.sack.sent.lost > 0)
}

/** <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
function sendAck(connection: Connection, out: Segment): boolean {
  start(connection, out, ACK, connection.tcb.snd.nxt)
  acknowledge(connection, out)
  return true
}

/** An ACK of a number that the peer has seen, which it answers with an ACK (RFC 9293 §3.8.4, SHLD-12). */
function sendKeepAlive(connection: Connection, out: Segment): boolean {
  connection.keepAlive.due = false
  start(connection, out, ACK, seqAdd(connection.tcb.snd.nxt, -1))
  acknowledge(connection, out)
  return true
}
