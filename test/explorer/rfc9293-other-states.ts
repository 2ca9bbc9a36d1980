/** RFC 9293 §3.10.7.4, "Other States", first to eighth. */
import type { State } from '../../src/tcp/state.ts'
import {
  ACK,
  ALLOWANCES,
  type Arrival,
  FIN,
  halfOpenVariables,
  has,
  lengthOf,
  type Outcome,
  RST,
  type Surroundings,
  SYN,
  type Variables,
} from './rfc9293-terms.ts'
import { after, before, within } from './sequence.ts'

const TEXT = {
  outside:
    'first: "If an incoming segment is not acceptable, an acknowledgment should be sent in reply (unless the RST bit is set, if so drop the segment and return): <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>"',
  rstOutside:
    'second, 1): "If the RST bit is set and the sequence number is outside the current receive window, silently drop the segment."',
  rstExact:
    'second, 2): "If the RST bit is set and the sequence number exactly matches the next expected sequence number (RCV.NXT), then TCP endpoints MUST reset the connection"',
  rstInexact:
    'second, 3): "If the RST bit is set and the sequence number does not exactly match the next expected sequence value, yet is within the current receive window, TCP endpoints MUST send an acknowledgment (challenge ACK)" ... "drop the unacceptable segment"',
  syn: 'fourth: "in these synchronized states, if the SYN bit is set, irrespective of the sequence number, TCP endpoints MUST send a "challenge ACK" to the remote peer" ... "drop the unacceptable segment"',
  noAck: 'fifth: "if the ACK bit is off, drop the segment and return"',
  ackRange:
    'fifth: "the ACK value is acceptable only if it is in the range of ((SND.UNA - MAX.SND.WND) =< SEG.ACK =< SND.NXT). All incoming segments whose ACK value doesn\'t satisfy the above condition MUST be discarded and an ACK sent back."',
  synReceivedBadAck:
    'fifth, SYN-RECEIVED: "If the segment acknowledgment is not acceptable, form a reset segment <SEQ=SEG.ACK><CTL=RST> and send it."',
  lastAck: 'fifth, LAST-ACK: "If our FIN is now acknowledged, delete the TCB, enter the CLOSED state, and return."',
  closing:
    'fifth, CLOSING: "if the ACK acknowledges our FIN, then enter the TIME-WAIT state; otherwise, ignore the segment."',
  timeWait:
    'fifth, TIME-WAIT: "The only thing that can arrive in this state is a retransmission of the remote FIN. Acknowledge it, and restart the 2 MSL timeout."',
  toTheEnd:
    'fifth to eighth: the ACK is taken, the text is taken and acknowledged in the states that take any, a FIN is acknowledged and changes the state',
} as const

function say(sentence: string): string {
  return `§3.10.7.4, ${sentence}`
}

export function otherStates(was: Variables, segment: Arrival, around: Surroundings): Outcome[] {
  if (was.state === 'SYN-RECEIVED' && was.passive && has(segment, SYN) && !has(segment, RST)) {
    return [heldSyn(around)]
  }
  if (was.state === 'SYN-RECEIVED' && isCrossing(was, segment)) {
    const trimmed = { ...segment, flags: segment.flags & ~SYN, seq: after(segment.seq, 1) }
    return withReason(ALLOWANCES['crossing SYN,ACK'], fromFirst(was, trimmed, around))
  }
  return fromFirst(was, segment, around)
}

function withReason(because: string, outcomes: Outcome[]): Outcome[] {
  return outcomes.map((outcome) => ({ ...outcome, because: `${because}: ${outcome.because}` }))
}

function heldSyn(around: Surroundings): Outcome {
  const because = ALLOWANCES['SYN in SYN-RECEIVED']
  return { because, state: 'SYN-RECEIVED', reply: around.answeredLately ? 'nothing' : 'syn-ack' }
}

function isCrossing(was: Variables, segment: Arrival): boolean {
  return !was.passive && has(segment, SYN) && has(segment, ACK) && segment.seq === was.irs
}

function fromFirst(was: Variables, segment: Arrival, around: Surroundings): Outcome[] {
  if (around.timestamps && !has(segment, RST | SYN) && segment.stamp !== undefined) {
    if (segment.stamp === 'old') return challenged(was, segment, around, ALLOWANCES.paws)
    return [{ because: ALLOWANCES.unstamped, state: was.state, reply: 'nothing' }]
  }
  // First, check sequence number; second, check the RST bit.
  if (has(segment, RST)) return reset(was, segment, around)
  // The fourth is "irrespective of the sequence number".
  if (has(segment, SYN)) return challenged(was, segment, around, TEXT.syn)
  if (!isAcceptable(was, segment)) return challenged(was, segment, around, TEXT.outside)
  // Fifth, check the ACK field.
  if (!has(segment, ACK)) return [unmoved(was, TEXT.noAck)]
  if (was.state === 'SYN-RECEIVED') return synReceived(was, segment, around)
  const oldest = after(was.una, -was.maxWnd)
  if (before(segment.ack, oldest) || before(was.nxt, segment.ack)) {
    return challenged(was, segment, around, TEXT.ackRange)
  }
  return [fromFifth(was, segment)]
}

/** Table 6. */
function isAcceptable(was: Variables, segment: Arrival): boolean {
  const length = lengthOf(segment)
  if (was.rcvWnd === 0) return length === 0 && segment.seq === was.rcvNxt
  if (within(segment.seq, was.rcvNxt, was.rcvWnd)) return true
  return length > 0 && within(after(segment.seq, length - 1), was.rcvNxt, was.rcvWnd)
}

function unmoved(was: Variables, sentence: string): Outcome {
  return { because: say(sentence), state: was.state, reply: 'nothing' }
}

/** An ACK in reply, all else as it was; or none, if one went out lately and nobody waits for this one. */
function challenged(was: Variables, segment: Arrival, around: Surroundings, sentence: string): Outcome[] {
  const answered: Outcome = { because: say(sentence), state: was.state, reply: 'ack' }
  const mayBeForged = has(segment, SYN | RST) || lengthOf(segment) === 0
  const silent: Outcome = { because: ALLOWANCES['answer throttled'], state: was.state, reply: 'nothing' }
  // A half-open entry is answered for no more often than this, whatever comes.
  if (was.passive && was.state === 'SYN-RECEIVED') return [around.answeredLately ? silent : answered]
  return around.answeredLately && mayBeForged ? [answered, silent] : [answered]
}

function reset(was: Variables, segment: Arrival, around: Surroundings): Outcome[] {
  if (segment.seq === was.rcvNxt) {
    return [{ because: say(TEXT.rstExact), state: 'CLOSED', reply: 'nothing' }]
  }
  if (within(segment.seq, was.rcvNxt, was.rcvWnd)) return challenged(was, segment, around, TEXT.rstInexact)
  return [unmoved(was, TEXT.rstOutside)]
}

function synReceived(was: Variables, segment: Arrival, around: Surroundings): Outcome[] {
  if (!before(was.una, segment.ack) || before(was.nxt, segment.ack)) {
    const wrong: Outcome = { because: say(TEXT.synReceivedBadAck), state: 'SYN-RECEIVED', reply: 'reset' }
    return [was.passive ? (byCookie(was, segment, around) ?? wrong) : wrong]
  }
  if (was.passive && around.acceptQueueFull) {
    if (around.acceptOverflow === 'reset') {
      return [{ because: ALLOWANCES['accept queue full, reset'], state: 'LISTEN', reply: 'reset' }]
    }
    return [{ because: ALLOWANCES['accept queue full'], state: 'SYN-RECEIVED', reply: 'nothing' }]
  }
  return [fromFifth({ ...was, state: was.closing ? 'FIN-WAIT-1' : 'ESTABLISHED' }, segment)]
}

/** What becomes of an ACK that a cookie may complete a handshake with; undefined if none does. */
export function byCookie(was: Variables, segment: Arrival, around: Surroundings): Outcome | undefined {
  const irs = after(segment.seq, -1)
  const iss = after(segment.ack, -1)
  const cookie = around.cookies?.find((offer) => offer.isn === irs && offer.iss === iss)
  if (cookie === undefined || cookie.completed || segment.stamp === 'none') return undefined
  if (around.acceptQueueFull) {
    if (around.acceptOverflow === 'reset') {
      return { because: ALLOWANCES['accept queue full, reset'], state: was.state, reply: 'reset' }
    }
    const because = ALLOWANCES['accept queue full']
    // It waits in an entry: that of the handshake which the client has given up for this one, or a new one.
    if (was.state !== 'SYN-RECEIVED' && !around.room) return { because, state: was.state, reply: 'nothing' }
    const { una, rcvNxt } = halfOpenVariables(irs, iss, 0)
    return { because, state: 'SYN-RECEIVED', reply: 'nothing', irs, iss, una, rcvNxt, fresh: true }
  }
  const now = { ...halfOpenVariables(irs, iss, 0), state: 'ESTABLISHED' } as const
  const { because, ...outcome } = fromFifth(now, segment)
  return { ...outcome, because: `${ALLOWANCES["a cookie's ACK"]}: ${because}`, irs, iss, fresh: true }
}

/** Fifth, with an ACK that is in range and a state that it is read in. */
function fromFifth(was: Variables, segment: Arrival): Outcome {
  const una = before(was.una, segment.ack) ? segment.ack : was.una
  const finAcked = was.fin !== undefined && before(was.fin, una)
  switch (was.state) {
    case 'FIN-WAIT-1':
      return textAndFin(was, segment, una, finAcked ? 'FIN-WAIT-2' : 'FIN-WAIT-1')
    case 'CLOSING':
      return { because: say(TEXT.closing), state: finAcked ? 'TIME-WAIT' : 'CLOSING', una, reply: beyondFin(segment) }
    case 'LAST-ACK':
      if (finAcked) return { because: say(TEXT.lastAck), state: 'CLOSED', reply: 'nothing' }
      return textAndFin(was, segment, una, 'LAST-ACK')
    case 'TIME-WAIT':
      return { because: say(TEXT.timeWait), state: 'TIME-WAIT', reply: beyondFin(segment) }
    default:
      return textAndFin(was, segment, una, was.state)
  }
}

/** Text or a FIN behind the peer's FIN "should not occur": it is ignored, and an ACK that says so does no harm. */
function beyondFin(segment: Arrival): 'nothing' | 'nothing or ack' {
  return lengthOf(segment) > 0 ? 'nothing or ack' : 'nothing'
}

/** Seventh, process the segment text; eighth, check the FIN bit. */
function textAndFin(was: Variables, segment: Arrival, una: number, state: State): Outcome {
  const because = say(TEXT.toTheEnd)
  if (state !== 'ESTABLISHED' && state !== 'FIN-WAIT-1' && state !== 'FIN-WAIT-2') {
    return { because, state, una, reply: beyondFin(segment) }
  }
  const textEnd = after(segment.seq, segment.length)
  let rcvNxt = was.rcvNxt
  const advance = (from: number, to: number): void => {
    if (!before(rcvNxt, from) && before(rcvNxt, to)) rcvNxt = to
  }
  if (segment.length > 0) advance(segment.seq, textEnd)
  // "Segments with higher beginning sequence numbers SHOULD be held for later processing."
  if (was.early !== undefined) advance(...was.early)
  const fin = has(segment, FIN) ? textEnd : was.earlyFin
  const ended = fin !== undefined && fin === rcvNxt
  if (ended) rcvNxt = after(rcvNxt, 1)
  const reply = lengthOf(segment) > 0 ? 'ack' : 'nothing'
  return { because, state: ended ? ENDED[state] : state, una, rcvNxt, reply }
}

/** Eighth: what the peer's FIN makes of each state. FIN-WAIT-1 whose FIN has been acknowledged is FIN-WAIT-2 by now. */
const ENDED = { ESTABLISHED: 'CLOSE-WAIT', 'FIN-WAIT-1': 'CLOSING', 'FIN-WAIT-2': 'TIME-WAIT' } as const
