/**
 * An executable reading of RFC 9293 §3.10.7, SEGMENT ARRIVES, in the order of its text: what a TCP may be, and may
 * answer, after a segment. Written from the RFC and not from src/: it shares nothing with the code under test but the
 * names of the states. RFC 5961 is followed wherever the RFC leaves the choice. Where estab differs on purpose, there is
 * an entry in {@link ALLOWANCES}.
 */
import { byCookie, otherStates } from './rfc9293-other-states.ts'
import {
  ACK,
  ALLOWANCES,
  type Answer,
  type Arrival,
  FIN,
  has,
  hasTcb,
  lengthOf,
  type Outcome,
  type Reply,
  RST,
  type Surroundings,
  SYN,
  type Variables,
  written,
} from './rfc9293-terms.ts'
import { after, before, distance, within } from './sequence.ts'

/** The text's own words, by the place where they stand. */
const TEXT = {
  closedRst: '§3.10.7.1: "An incoming segment containing a RST is discarded."',
  closed: '§3.10.7.1: "An incoming segment not containing a RST causes a RST to be sent in response."',
  listenRst: '§3.10.7.2, first: "An incoming RST should be ignored."',
  listenAck:
    '§3.10.7.2, second: "An acceptable reset segment should be formed for any arriving ACK-bearing segment." <SEQ=SEG.ACK><CTL=RST>',
  listenSyn:
    '§3.10.7.2, third: "ISS should be selected and a SYN segment sent of the form: <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>" ... "The connection state should be changed to SYN-RECEIVED."',
  deferredRst: '§3.10.7.4, second: the client takes back the SYN that waits for the application',
  listenOther: '§3.10.7.2, fourth: "This should not be reached. Drop the segment and return."',
  synSentBadAck:
    '§3.10.7.3, first: "If SEG.ACK =< ISS or SEG.ACK > SND.NXT, send a reset (unless the RST bit is set, if so drop the segment and return)"',
  synSentRst:
    '§3.10.7.3, second: "If the ACK was acceptable, then signal to the user "error: connection reset", drop the segment, enter CLOSED state, delete TCB, and return."',
  synSentBlindRst: '§3.10.7.3, second: "Otherwise (no ACK), drop the segment and return."',
  synSentSynAck:
    '§3.10.7.3, fourth: "If SND.UNA > ISS (our SYN has been ACKed), change the connection state to ESTABLISHED, form an ACK segment <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> and send it."',
  synSentSyn:
    '§3.10.7.3, fourth: "Otherwise, enter SYN-RECEIVED, form a SYN,ACK segment <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK> and send it."',
  synSentOther: '§3.10.7.3, fifth: "if neither of the SYN or RST bits is set, then drop the segment and return."',
} as const

/** All that may follow when `segment` arrives, what the RFC itself says first. */
function outcomes(was: Variables, segment: Arrival, around: Surroundings): Outcome[] {
  switch (was.state) {
    case 'CLOSED':
      return [closed(segment)]
    case 'LISTEN':
      return was.deferred === undefined ? listen(was, segment, around) : deferred(was.deferred, segment)
    case 'SYN-SENT':
      return [synSent(was, segment)]
    case 'TIME-WAIT':
      return reincarnates(was, segment, around)
        ? reincarnation(was, segment, around)
        : otherStates(was, segment, around)
    default:
      return otherStates(was, segment, around)
  }
}

/** RFC 1122 §4.2.2.13, to which §3.10.7.4, fourth, refers. */
function reincarnates(was: Variables, segment: Arrival, around: Surroundings): boolean {
  return around.listening && has(segment, SYN) && !has(segment, ACK | RST) && before(was.rcvNxt, segment.seq)
}

/**
 * What admission does not take leaves TIME-WAIT as it is. Where a cookie would not be beyond the last number of the old connection
 * (MAY-2), there is an entry.
 */
function reincarnation(was: Variables, segment: Arrival, around: Surroundings): Outcome[] {
  const outcomes = listen(was, segment, around).map((outcome) => ({
    ...outcome,
    because: `${ALLOWANCES['SYN in TIME-WAIT']}: ${outcome.because}`,
  }))
  const ends = ({ reply, deferred }: Outcome): boolean => reply !== 'nothing' || deferred !== undefined
  const admitted = outcomes.filter(ends)
  const left = outcomes.filter((outcome) => !ends(outcome))
  if (around.admission === 'cookie') admitted.push(...listen(was, segment, { ...around, admission: 'evict' }))
  if (around.admission === 'refuse') return outcomes.map((outcome) => ({ ...outcome, state: was.state }))
  return [...admitted, ...left.map((outcome) => ({ ...outcome, state: was.state, reply: 'nothing' }) as const)]
}

/** §3.10.7.1 */
function closed(segment: Arrival): Outcome {
  if (has(segment, RST)) return { because: TEXT.closedRst, state: 'CLOSED', reply: 'nothing' }
  return { because: TEXT.closed, state: 'CLOSED', reply: 'reset' }
}

/** §3.10.7.2 */
function listen(was: Variables, segment: Arrival, around: Surroundings): Outcome[] {
  if (has(segment, RST)) return [{ because: TEXT.listenRst, state: 'LISTEN', reply: 'nothing' }]
  if (has(segment, ACK)) {
    const completed = has(segment, SYN) ? undefined : byCookie(was, segment, around)
    if (completed !== undefined) return [completed]
    if (isNoCookie(segment, around)) return [{ because: ALLOWANCES['no cookie'], state: 'LISTEN', reply: 'nothing' }]
    return [{ because: TEXT.listenAck, state: 'LISTEN', reply: 'reset' }]
  }
  if (!has(segment, SYN)) return [{ because: TEXT.listenOther, state: 'LISTEN', reply: 'nothing' }]
  if (has(segment, FIN)) return [{ because: ALLOWANCES['SYN,FIN'], state: 'LISTEN', reply: 'nothing' }]
  switch (around.admission) {
    case 'hold':
    case 'evict': {
      const held = { irs: segment.seq, rcvNxt: after(segment.seq, 1), fresh: true } as const
      return [{ because: TEXT.listenSyn, state: 'SYN-RECEIVED', reply: 'syn-ack', ...held }]
    }
    case 'defer':
      return [{ because: ALLOWANCES.deferred, state: 'LISTEN', reply: 'nothing', deferred: segment.seq }]
    case 'cookie':
      return [{ because: ALLOWANCES.cookie, state: 'LISTEN', reply: 'cookie' }]
    case 'refuse':
      return [{ because: ALLOWANCES.refused, state: 'LISTEN', reply: 'reset' }]
    case 'ignore':
      return [{ because: ALLOWANCES.ignored, state: 'LISTEN', reply: 'nothing' }]
    case 'drop':
      return [{ because: ALLOWANCES['SYN queue full'], state: 'LISTEN', reply: 'nothing' }]
  }
}

/** What might be a cookie's and is not; one that was used is. */
function isNoCookie(segment: Arrival, { cookies }: Surroundings): boolean {
  if (cookies === undefined || has(segment, SYN)) return false
  if (segment.stamp === 'none') return true
  return !cookies.some(({ isn, iss }) => segment.seq === after(isn, 1) && segment.ack === after(iss, 1))
}

/** Of LISTEN, where the SYN `irs` of this client waits for the application: nothing was sent that could be acknowledged. */
function deferred(irs: number, segment: Arrival): Outcome[] {
  const waits = { state: 'LISTEN', reply: 'nothing', deferred: irs } as const
  if (has(segment, RST)) {
    const still = segment.seq === after(irs, 1) ? undefined : waits
    return [
      still ? { because: TEXT.listenRst, ...still } : { because: TEXT.deferredRst, state: 'LISTEN', reply: 'nothing' },
    ]
  }
  if (has(segment, SYN) || !has(segment, ACK)) return [{ because: ALLOWANCES.deferred, ...waits }]
  return [{ because: TEXT.listenAck, ...waits, reply: 'reset' }]
}

/** §3.10.7.3 */
function synSent(was: Variables, segment: Arrival): Outcome {
  const still = { state: 'SYN-SENT', reply: 'nothing' } as const
  if (has(segment, ACK) && (!before(was.iss, segment.ack) || before(was.nxt, segment.ack))) {
    const because = TEXT.synSentBadAck
    return has(segment, RST) ? { because, ...still } : { because, state: 'SYN-SENT', reply: 'reset' }
  }
  if (has(segment, RST)) {
    if (!has(segment, ACK)) return { because: TEXT.synSentBlindRst, ...still }
    return { because: TEXT.synSentRst, state: 'CLOSED', reply: 'nothing' }
  }
  if (!has(segment, SYN)) return { because: TEXT.synSentOther, ...still }
  const irs = segment.seq
  const rcvNxt = after(irs, 1)
  if (!has(segment, ACK)) return { because: TEXT.synSentSyn, state: 'SYN-RECEIVED', reply: 'syn-ack', irs, rcvNxt }
  const end = after(irs, lengthOf(segment))
  const state = has(segment, FIN) ? 'CLOSE-WAIT' : 'ESTABLISHED'
  return { because: TEXT.synSentSynAck, state, reply: 'ack', una: segment.ack, irs, rcvNxt: end }
}

/** Undefined if what came after the segment is allowed; otherwise which sentence forbids it, and what is wrong. */
export function forbidden(
  was: Variables,
  segment: Arrival,
  around: Surroundings,
  is: Variables,
  answers: readonly Answer[],
): string | undefined {
  const allowed = outcomes(was, segment, around)
  const wrong = allowed.map((outcome) => differences(outcome, was, segment, around, is, answers))
  if (wrong.some((differences) => differences.length === 0)) return undefined
  return allowed.map((outcome, i) => `${outcome.because}\n    but ${wrong[i]!.join('; ')}`).join('\n  nor is it ')
}

function differences(
  outcome: Outcome,
  was: Variables,
  segment: Arrival,
  around: Surroundings,
  is: Variables,
  answers: readonly Answer[],
): string[] {
  const wrong: string[] = []
  const expect = (name: string, expected: number | string, got: number | string): void => {
    if (expected !== got) wrong.push(`${name} is ${got}, not ${expected}`)
  }
  // Without a TCB, a four-tuple is the listener's again.
  const state = outcome.state === 'CLOSED' && around.listening ? 'LISTEN' : outcome.state
  expect('the state', state, is.state)
  if (state !== is.state) return wrong
  if (outcome.deferred !== is.deferred) wrong.push(`the SYN that waits is ${is.deferred}, not ${outcome.deferred}`)
  if (hasTcb(is)) {
    if (outcome.fresh !== true) {
      expect('ISS', was.iss, is.iss)
      expect('SND.UNA', outcome.una ?? was.una, is.una)
      if (distance(was.nxt, is.nxt) < 0) wrong.push('SND.NXT went back')
    }
    if (outcome.iss !== undefined) {
      expect('ISS', outcome.iss, is.iss)
      expect('SND.UNA', outcome.una ?? is.una, is.una)
    }
    expect('IRS', outcome.irs ?? was.irs, is.irs)
    expect('RCV.NXT', outcome.rcvNxt ?? was.rcvNxt, is.rcvNxt)
  }
  const problem = unfit(outcome.reply, was, segment, is, answers)
  if (problem !== undefined) wrong.push(problem)
  return wrong
}

/** What is wrong with the answers; undefined if nothing is. Text and FIN that the segment let out may always go. */
function unfit(
  reply: Reply,
  was: Variables,
  segment: Arrival,
  is: Variables,
  answers: readonly Answer[],
): string | undefined {
  const alone = answers.filter((answer) => !isOutput(answer, is))
  const output = answers.length - alone.length
  const got = alone.length === 0 ? 'no answer' : `${alone.map(written).join(' and ')} as the answer`
  switch (reply) {
    case 'nothing':
      return alone.length === 0 ? undefined : `${got}, where there should be none`
    case 'nothing or ack':
    case 'ack': {
      const least = reply === 'ack' && output === 0 ? 1 : 0
      const fits = alone.length >= least && alone.length <= 1 && alone.every((answer) => isAck(answer, was, is))
      return fits ? undefined : `${got} instead of <SEQ=${is.nxt}><ACK=${is.rcvNxt}><CTL=ACK>`
    }
    case 'syn-ack':
      return only(alone, { flags: SYN | ACK, seq: is.iss, ack: is.rcvNxt, length: 0 }, got)
    case 'cookie': {
      const seq = alone[0]?.seq ?? 0
      if (was.state === 'TIME-WAIT' && !before(was.nxt, seq)) return `${got}, not beyond ${was.nxt}`
      return only(alone, { flags: SYN | ACK, seq, ack: after(segment.seq, 1), length: 0 }, got)
    }
    case 'reset':
      return only(alone, resetOf(segment), got)
  }
}

/** Text or a FIN of ours, as it may stand on any segment of a connection that the peer has agreed to. */
function isOutput(answer: Answer, is: Variables): boolean {
  if (has(answer, SYN | RST) || lengthOf(answer) === 0 || !has(answer, ACK) || answer.ack !== is.rcvNxt) return false
  const size = distance(is.una, is.nxt) + 1
  return within(answer.seq, is.una, size) && within(after(answer.seq, lengthOf(answer)), is.una, size)
}

function isAck(answer: Answer, was: Variables, is: Variables): boolean {
  const seq = answer.seq === is.nxt || answer.seq === was.nxt
  return answer.flags === ACK && answer.length === 0 && seq && answer.ack === is.rcvNxt
}

/** The RST of §3.10.7.1 for a segment. */
function resetOf(segment: Arrival): Answer {
  if (has(segment, ACK)) return { flags: RST, seq: segment.ack, ack: 0, length: 0 }
  return { flags: RST | ACK, seq: 0, ack: after(segment.seq, lengthOf(segment)), length: 0 }
}

function only(alone: readonly Answer[], expected: Answer, got: string): string | undefined {
  const [answer] = alone
  if (alone.length === 1 && answer !== undefined && written(answer) === written(expected)) return undefined
  return `${got} instead of ${written(expected)}`
}
