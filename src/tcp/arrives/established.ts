import type { Instant } from '../../wire/instant.ts'
import { ABSENT, type Segment } from '../../wire/segment.ts'
import type { Connection } from '../connection.ts'
import { timestampClock } from '../isn.ts'
import { acceptedScale, sendMss } from '../options.ts'
import { seqDistance } from '../seq.ts'

/** What a SYN's options agree on (RFC 7323 §2.2, §3.2; RFC 2018 §2): each only if both ends offered it. */
export function learnOptions(connection: Connection, syn: Segment): void {
  const { tcb, host } = connection
  const { config } = host
  tcb.snd.mss = sendMss(syn, host.mtu)
  if (host.paths.size > 0) connection.path.begin(connection)
  else connection.pathIfMade?.begin(connection)
  tcb.windowScaling = config.windowScale && syn.windowScale !== ABSENT
  if (tcb.windowScaling) {
    tcb.snd.scale = acceptedScale(syn.windowScale)
    tcb.rcv.scale = host.receiveScale
  }
  tcb.sack = config.sack && syn.sackPermitted
  tcb.timestamps = config.timestamps && syn.timestamps
  if (tcb.timestamps) {
    tcb.tsRecent = syn.tsVal
    tcb.tsRecentAt = host.now
  }
}

/**
 * Our SYN is acknowledged, and with it what data went out on or behind it by Fast Open: to ESTABLISHED, with the send
 * window of the segment that says so, which a SYN does not scale (RFC 7323 §2.2). A CLOSE that was called before takes
 * effect now (RFC 9293 §3.10.4).
 */
export function becomeEstablished(connection: Connection, segment: Segment, unscaled: boolean): void {
  const { tcb, host, listener } = connection
  const { snd } = tcb
  const { timedAt } = connection
  connection.doneWith(seqDistance(tcb.iss, segment.ack) - 1)
  snd.una = segment.ack
  // The rest goes out again at once if it was on our SYN, or behind a SYN,ACK that was lost (RFC 7413 §4.2.2).
  const lost = listener === undefined || timedAt === Number.POSITIVE_INFINITY
  snd.resend = lost ? snd.una : snd.nxt
  // RFC 9293 MUST-1: it is unsigned.
  snd.wnd = unscaled ? segment.wnd : segment.wnd << snd.scale
  snd.wndMax = snd.wnd
  snd.wl1 = segment.seq
  snd.wl2 = segment.ack
  if (connection.flightIfMade !== undefined || snd.una !== snd.nxt) {
    const { flight } = connection
    flight.retransmitAt = Number.POSITIVE_INFINITY
    flight.stalledSince = snd.una === snd.nxt ? Number.POSITIVE_INFINITY : host.now
    flight.timedAt = Number.POSITIVE_INFINITY
  }
  connection.synDue = false
  measureHandshake(connection, segment, timedAt)
  connection.recovery.start(connection)
  connection.keepAliveIfMade?.heard(connection)
  connection.enter('ESTABLISHED')
  connection.tellRoom()
  if (connection.finQueued) connection.enter('FIN-WAIT-1')
}

/**
 * The handshake's round-trip time: of a SYN sent once or, after an active open or Fast Open, by the timestamp that the
 * segment echoes (a half-open row sends a cookie in its place).
 */
function measureHandshake(connection: Connection, segment: Segment, timedAt: Instant): void {
  const { tcb, host, rto, listener, fastOpen } = connection
  if (timedAt !== Number.POSITIVE_INFINITY) {
    rto.sample(host.now - timedAt)
  } else if (listener === undefined || fastOpen) {
    const rtt = seqDistance(segment.tsEcr, timestampClock(tcb.tsOffset, host.now))
    if (tcb.timestamps && segment.timestamps && rtt >= 0) rto.sample(rtt)
    else rto.afterLostSyn()
  }
}
