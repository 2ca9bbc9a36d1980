import { ABSENT, type Segment } from '../../wire/segment.ts'
import type { Connection } from '../connection.ts'
import { timestampClock } from '../isn.ts'
import { acceptedScale, sendMss, windowScaleFor } from '../options.ts'
import { seqAdd, seqDistance } from '../seq.ts'

/** What a SYN's options agree on (RFC 7323 §2.2, §3.2; RFC 2018 §2): each only if both ends offered it. */
export function learnOptions(connection: Connection, syn: Segment): void {
  const { tcb, host } = connection
  const { config } = host
  tcb.snd.mss = sendMss(syn, host.mtu)
  tcb.windowScaling = config.windowScale && syn.windowScale !== ABSENT
  if (tcb.windowScaling) {
    tcb.snd.scale = acceptedScale(syn.windowScale)
    tcb.rcv.scale = windowScaleFor(config.receiveBuffer)
  }
  tcb.sack = config.sack && syn.sackPermitted
  tcb.timestamps = config.timestamps && syn.timestamps
  if (tcb.timestamps) {
    tcb.tsRecent = syn.tsVal
    tcb.tsRecentAt = host.now
  }
}

/**
 * Our SYN is acknowledged: to ESTABLISHED, with the send window of the segment that says so, which a SYN does not scale
 * (RFC 7323 §2.2). `timely` false: the segment came a while ago, and tells no round-trip time. A CLOSE that was called
 * before takes effect now (RFC 9293 §3.10.4).
 */
export function becomeEstablished(connection: Connection, segment: Segment, unscaled: boolean, timely = true): void {
  const { tcb, host } = connection
  const { snd } = tcb
  snd.una = seqAdd(tcb.iss, 1)
  snd.nxt = snd.una
  snd.resend = snd.una
  // RFC 9293 MUST-1: it is unsigned.
  snd.wnd = unscaled ? segment.wnd : segment.wnd * 2 ** snd.scale
  snd.wndMax = snd.wnd
  snd.wl1 = segment.seq
  snd.wl2 = segment.ack
  connection.retransmitAt = Number.POSITIVE_INFINITY
  connection.stalledSince = Number.POSITIVE_INFINITY
  connection.synDue = false
  connection.congestion = host.newCongestionControl(snd.mss)
  connection.recovery.start(tcb.iss)
  if (timely) measureHandshake(connection, segment)
  connection.timedAt = Number.POSITIVE_INFINITY
  connection.enter('ESTABLISHED')
  if (connection.finQueued) connection.enter('FIN-WAIT-1')
}

/** The handshake's round-trip time: of a SYN sent once, or by the timestamp that the segment echoes. */
function measureHandshake(connection: Connection, segment: Segment): void {
  const { tcb, host, rto } = connection
  if (connection.timedAt !== Number.POSITIVE_INFINITY) {
    rto.sample(host.now - connection.timedAt)
    return
  }
  const rtt = seqDistance(segment.tsEcr, timestampClock(tcb.tsOffset, host.now))
  if (tcb.timestamps && segment.timestamps && rtt >= 0) rto.sample(rtt)
  else rto.afterLostSyn()
}
