import { type Segment, SYN } from '../wire/segment.ts'
import { handleText } from './arrives/text.ts'
import type { Connection } from './connection.ts'
import { viewOfFastOpen } from './half-open-view.ts'
import type { HandshakeKind } from './observer.ts'
import { seqAdd } from './seq.ts'

/**
 * A connection in SYN-RECEIVED by Fast Open (RFC 7413 §4.2.2): what is on the SYN is for the application, and the SYN,ACK
 * acknowledges it. Until the client's ACK, its SYN,ACK follows the listener's schedule, and its life ends with that.
 */
export function beginFastOpen(connection: Connection, syn: Segment): void {
  const { snd } = connection.tcb
  connection.fastOpen = true
  connection.listener!.fastOpens.begin()
  snd.wnd = syn.wnd
  snd.wndMax = syn.wnd
  connection.synDue = true
  syn.seq = seqAdd(syn.seq, 1)
  syn.flags &= ~SYN
  handleText(connection, syn)
}

/** A SYN before the client's ACK: answered as for a half-open row, with the SYN,ACK, and no longer life. */
export function answerSynAgain(connection: Connection, syn: Segment): void {
  const { host, listener, tcb } = connection
  const same = syn.seq === tcb.irs
  host.drop(same ? 'syn-duplicate' : 'syn-other-isn')
  if (same) listener!.counters.duplicates++
  else listener!.counters.otherIsn++
  if (host.now - connection.challengedAt < host.config.challengeInterval) host.counters.TCPACKSkippedSynRecv++
  else connection.synDue = true
}

/** The SYN,ACK goes out, for the first time or again. */
export function noteSynAck(connection: Connection, again: boolean): void {
  const { counters } = connection.listener!
  counters.synAcks++
  if (again) counters.synAckRetransmissions++
  connection.challengedAt = connection.host.now
  observe(connection, again ? 'syn-ack-retransmitted' : 'syn-ack-sent')
}

/** The client's ACK has come, or the connection has ended without. */
export function endFastOpen(connection: Connection): void {
  const { host, error, state } = connection
  const { counters, fastOpens } = connection.listener!
  const completed = state === 'ESTABLISHED'
  if (completed) counters.fastOpenCompleted++
  else counters.fastOpenFailed++
  if (error?.code === 'ECONNRESET') fastOpens.endByReset(host.now)
  else fastOpens.end()
  observe(connection, completed ? 'fast-completed' : 'fast-failed')
}

function observe(connection: Connection, kind: HandshakeKind): void {
  const { host, listener } = connection
  if (host.observer?.handshake === undefined) return
  host.observer.handshake(kind, listener!, viewOfFastOpen(connection, host.now), host.now)
}
