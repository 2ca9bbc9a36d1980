import { ACK, type Segment, SYN } from '../wire/segment.ts'
import { fillSyn } from './active-fast-open.ts'
import type { Connection } from './connection.ts'
import { stamp, start, time } from './fill-segment.ts'
import { offeredMss } from './options.ts'
import { noteSynAck } from './passive-fast-open.ts'
import { seqAdd, seqLess } from './seq.ts'
import { armRetransmission } from './timeouts.ts'

/** SYN, or SYN,ACK in SYN-RECEIVED, first or again. */
export function sendSyn(connection: Connection, out: Segment): boolean {
  const { tcb, host, listener } = connection
  const answering = connection.stage === 'SYN-RECEIVED'
  const again = connection.stalledSince !== Number.POSITIVE_INFINITY
  connection.synDue = false
  if (!again && listener === undefined) {
    // Now, not when OPEN was called: the clock in it is to be the network's (RFC 9293 MUST-8).
    tcb.iss = host.initialSequence(connection)
    tcb.snd.una = tcb.iss
    tcb.snd.nxt = seqAdd(tcb.iss, 1)
  }
  const ecn = answering
    ? (connection.ecnIfMade?.answer ?? 0)
    : host.config.ecn === true
      ? connection.ecn.askOnSyn(again)
      : 0
  start(connection, out, (answering ? SYN | ACK : SYN) | ecn, tcb.iss)
  // RFC 7323 §2.2: a window on a SYN is never scaled.
  out.wnd = Math.min(connection.receiveBuffer.room, 65_535)
  const edge = seqAdd(tcb.rcv.nxt, out.wnd)
  if (seqLess(tcb.rcv.edge, edge)) tcb.rcv.edge = edge
  // RFC 9293 MUST-14, SHLD-5, MUST-65: an MSS option on every SYN, and on nothing else.
  out.mss = offeredMss(host.mtu, connection.remote)
  if (answering ? tcb.windowScaling : host.config.windowScale) {
    out.windowScale = host.receiveScale
  }
  out.sackPermitted = answering ? tcb.sack : host.config.sack
  if (!answering && host.config.timestamps) stamp(connection, out)
  if (connection.userTimeoutIfMade?.advertises === true) out.userTimeout = connection.userTimeout.advertised
  // RFC 7413 §4.2.1, §4.2.2: a SYN or SYN,ACK that is sent again has neither data nor a cookie.
  if (connection.fastOpen && !again) {
    if (listener !== undefined) host.fastOpen.cookies.offer(out)
    else if (!answering) fillSyn(connection, out)
  }
  connection.acksDue = 0
  connection.unacknowledged = 0
  connection.delayedAckAt = Number.POSITIVE_INFINITY
  tcb.lastAckSent = tcb.rcv.nxt
  tcb.snd.resend = tcb.snd.nxt
  if (again) {
    host.counters.RetransSegs++
    host.counters.TCPSynRetrans++
    connection.timedAt = Number.POSITIVE_INFINITY
  } else {
    connection.stalledSince = host.now
    time(connection, tcb.snd.nxt)
  }
  armRetransmission(connection)
  if (listener !== undefined) noteSynAck(connection, again)
  return true
}
