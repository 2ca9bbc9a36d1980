import type { Instant, Milliseconds } from '../wire/instant.ts'
import type { Connection } from './connection.ts'
import { seqDistance } from './seq.ts'

const NEVER: Instant = Number.POSITIVE_INFINITY

/** The longest wait between two zero-window probes. */
const MOST_PERSIST: Milliseconds = 60_000

/** Does what the clock has made due by `now` (RFC 9293 §3.10.8). */
export function handleTimeouts(connection: Connection, now: Instant): void {
  if (connection.closeAt <= now) {
    connection.finish(undefined)
    return
  }
  const { lingerIfMade: linger, keepAliveIfMade: keepAlive, corkIfMade: cork, pacerIfMade: pacer } = connection
  if (linger !== undefined && linger.until <= now && linger.expired(connection)) return
  if (keepAlive !== undefined && keepAlive.at <= now && keepAlive.expired(connection, now)) return
  if (cork !== undefined && cork.until <= now) cork.expired()
  if (connection.delayedAckAt <= now) {
    connection.delayedAckAt = NEVER
    connection.acksDue = Math.max(connection.acksDue, 1)
  }
  if (pacer !== undefined && pacer.at <= now) pacer.at = NEVER
  // A probe takes the timer's place, but does not put off the end.
  if (connection.recovery.timerAt <= now && now < giveUpAt(connection)) connection.recovery.handleTimer(connection, now)
  if (connection.retransmitAt <= now) retransmit(connection, now)
  else if (connection.persistAt <= now) persist(connection, now)
  connection.host.ready(connection)
}

function retransmit(connection: Connection, now: Instant): void {
  connection.retransmitAt = NEVER
  connection.host.counters.TCPTimeouts++
  if (now >= giveUpAt(connection)) {
    giveUp(connection)
    return
  }
  connection.trouble.timedOut(connection)
  // RFC 9293 MUST-22: a SYN goes the way of data, to the same end.
  if (connection.stage === 'SYN-SENT' || connection.stage === 'SYN-RECEIVED') {
    connection.synDue = true
  } else {
    connection.path.timedOut(connection, connection.trouble.timeouts)
    connection.recovery.timedOut(connection)
  }
  // RFC 9293 MUST-18, RFC 6298 (5.5)
  connection.rto.backOff()
  connection.timedOutAt = now
  connection.timedAt = NEVER
}

function persist(connection: Connection, now: Instant): void {
  connection.persistAt = NEVER
  // RFC 9293 MUST-37, SHLD-17: for ever, as long as the peer answers; each answer ends the stall.
  if (connection.probes > 0 && now >= giveUpAt(connection)) {
    giveUp(connection)
    return
  }
  connection.probeDue = true
  connection.probes++
}

function giveUp(connection: Connection): void {
  connection.host.counters.TCPAbortOnTimeout++
  // An error from before the peer last answered explains nothing.
  const explained = connection.softErrorAt >= connection.stalledSince
  connection.finish((explained ? connection.softError : undefined) ?? 'ETIMEDOUT')
}

/**
 * Sets the timers after everything that could be sent has been: the retransmission timer while something is out, the
 * persist timer while the window keeps something back and nothing is out that would ask for an answer.
 */
export function setTimers(connection: Connection, now: Instant): void {
  switch (connection.stage) {
    case 'CLOSED':
    case 'SYN-SENT':
    case 'SYN-RECEIVED':
    case 'TIME-WAIT':
      return
  }
  connection.keepAliveIfMade?.arm(now)
  connection.lingerIfMade?.arm(connection, now)
  const { snd } = connection.tcb
  const { flightIfMade: flight } = connection
  const inFlight = snd.una !== snd.nxt
  // RFC 9293 MUST-35, MUST-60: a window that is closed, or has been too small for too long, is probed.
  const isHeld = connection.corkIfMade !== undefined && connection.corkIfMade.until !== NEVER
  if (snd.wnd === 0 ? inFlight || hasUnsent(connection) : !inFlight && !isHeld && hasUnsent(connection)) {
    waitForWindow(connection, now, inFlight)
    return
  }
  if (flight !== undefined) {
    flight.persistAt = NEVER
    flight.probes = 0
    if (!inFlight) {
      flight.retransmitAt = NEVER
      flight.stalledSince = NEVER
    }
  }
  if (inFlight) armRetransmission(connection)
  connection.recovery.setTimers(connection, now, inFlight)
  if (connection.released && connection.stage === 'FIN-WAIT-2' && connection.closeAt === NEVER) {
    connection.closeAt = now + connection.host.config.finWait2Timeout
  }
}

function waitForWindow(connection: Connection, now: Instant, inFlight: boolean): void {
  connection.retransmitAt = NEVER
  // What is not out cannot be unanswered: R2 begins with the probe.
  if (!inFlight) connection.stalledSince = NEVER
  connection.recovery.setTimers(connection, now, false)
  if (connection.persistAt !== NEVER) return
  // RFC 9293 SHLD-29: the first probe after an RTO; SHLD-30: then with doubled waits.
  connection.persistAt = now + Math.min(connection.rto.value * 2 ** Math.min(connection.probes, 16), MOST_PERSIST)
}

function hasUnsent(connection: Connection): boolean {
  const { snd } = connection.tcb
  const waiting = connection.sendBuffer.length - seqDistance(snd.una, snd.resend)
  return waiting > 0 || (waiting === 0 && connection.finQueued && !connection.finSent)
}

/**
 * RFC 6298 (5.1): the timer runs whenever something that takes sequence space is out. It does not run past R2, when the
 * connection is given up (RFC 9293 §3.8.3).
 */
export function armRetransmission(connection: Connection): void {
  const { flight, host, rto, listener } = connection
  if (flight.retransmitAt !== NEVER) return
  flight.retransmitAt =
    connection.stage === 'SYN-RECEIVED' && listener !== undefined
      ? listener.schedule.endAfter(flight.stalledSince, host.now)
      : Math.min(host.now + rto.value, giveUpAt(connection))
}

/** The end of R2: when the connection is given up if nothing is acknowledged before. */
export function giveUpAt(connection: Connection): number {
  const { listener, stalledSince } = connection
  const { connectTimeout } = connection.host.config
  if (connection.stage === 'SYN-SENT') return stalledSince + connectTimeout
  if (connection.stage === 'SYN-RECEIVED') return stalledSince + (listener?.survivalTime ?? connectTimeout)
  return stalledSince + (connection.userTimeoutIfMade?.value ?? connection.host.config.userTimeout)
}
