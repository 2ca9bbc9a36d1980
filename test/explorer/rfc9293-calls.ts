/** RFC 9293 §3.10.2 to §3.10.5 and §3.10.8: what a user call and the clock may change, and send. */
import { ACK, type Answer, FIN, has, hasTcb, lengthOf, RST, SYN, type Variables, written } from './rfc9293-terms.ts'
import { after, distance, within } from './sequence.ts'

export type Call = 'accept' | 'close' | 'abort' | 'send' | 'close the listener' | Word

/** What the application says to a SYN that waits for its word. The last one answers an earlier SYN of the client's. */
export type Word = 'accept the SYN' | 'refuse the SYN' | 'ignore the SYN' | 'accept an earlier SYN'

export function isWord(call: Call): call is Word {
  return call.endsWith(' SYN')
}

/**
 * §3.10.8: undefined if this may happen in time alone; otherwise what forbids it. `due`: the schedule of a half-open
 * entry says that its SYN,ACK goes out now.
 */
export function forbiddenInTime(
  was: Variables,
  is: Variables,
  answers: readonly Answer[],
  due: boolean,
): string | undefined {
  const [first] = answers
  // When a SYN has waited for too long is for the check of lives to say.
  if (!hasTcb(was)) return same(was, { ...is, deferred: is.deferred ?? was.deferred }, answers, 'time passes')
  if (!hasTcb(is)) {
    if (answers.length > 0) return `§3.10.8: a TCB that is deleted sends nothing, but ${list(answers)} went out`
    const waits = was.una !== was.nxt || was.state === 'TIME-WAIT'
    return waits ? undefined : `§3.10.8: no timeout ends ${was.state} with nothing unacknowledged`
  }
  const kept = sameVariables(was, is, 'time passes')
  if (kept !== undefined) return kept
  if (was.state === 'SYN-RECEIVED' && was.passive) {
    if (due) return exactly(answers, synOf(was), '§3.10.8: the SYN,ACK is due')
    return first === undefined ? undefined : `the back-off schedule has nothing now, but ${list(answers)} went out`
  }
  if (was.state === 'SYN-SENT' || was.state === 'SYN-RECEIVED') {
    return first === undefined
      ? undefined
      : exactly(answers, synOf(was), '§3.10.8: "send the segment at the front of the retransmission queue again"')
  }
  if (first !== undefined && first.seq !== was.una)
    return `§3.10.8: ${list(answers)} is not the front of the retransmission queue`
  const wrong = answers.find((answer) => !isRetransmission(was, answer))
  return wrong && `§3.10.8: ${written(wrong)} is no retransmission`
}

/** Undefined if a user call may do this; otherwise what forbids it. `unaccepted`: the connection waits to be accepted. */
export function forbiddenCall(
  call: Call,
  was: Variables,
  is: Variables,
  answers: readonly Answer[],
  unaccepted: boolean,
): string | undefined {
  switch (call) {
    case 'accept':
      if (was.state === 'SYN-RECEIVED' && is.state === 'ESTABLISHED') return none(answers, 'accept()')
      return same(was, is, answers, 'accept()')
    case 'close':
      return forbiddenClose(was, is, answers)
    case 'abort':
      return forbiddenAbort(was, is, answers)
    case 'send':
      return forbiddenSend(was, is, answers)
    case 'accept the SYN':
    case 'refuse the SYN':
    case 'ignore the SYN':
    case 'accept an earlier SYN':
      return forbiddenWord(call, was, is, answers)
    case 'close the listener':
      if (was.state === 'LISTEN') return forbiddenCloseOfListen(was, is, answers)
      if (was.passive && (was.state === 'SYN-RECEIVED' || unaccepted)) return forbiddenAbort(was, is, answers)
      return same(was, is, answers, 'CLOSE of the listener')
  }
}

/** §3.10.4; a SYN that waits for the application's word is refused. */
function forbiddenCloseOfListen(was: Variables, is: Variables, answers: readonly Answer[]): string | undefined {
  if (is.state !== 'CLOSED') return 'it still listens'
  if (was.deferred === undefined) return none(answers, 'CLOSE in LISTEN')
  return exactly(answers, refusalOf(was.deferred), 'CLOSE in LISTEN, with a SYN that waits')
}

/** The RST for a SYN (§3.10.7.1). */
function refusalOf(irs: number): Answer {
  return { flags: RST | ACK, seq: 0, ack: after(irs, 1), length: 0 }
}

/** What is said once counts, of a SYN that still waits; anything else changes nothing. */
function forbiddenWord(word: Word, was: Variables, is: Variables, answers: readonly Answer[]): string | undefined {
  const irs = was.deferred
  if (irs === undefined || word === 'accept an earlier SYN') return same(was, is, answers, 'a word too late')
  if (word === 'accept the SYN') {
    if (is.state !== 'SYN-RECEIVED' || is.irs !== irs) return `the SYN was accepted, but the state is ${is.state}`
    return exactly(answers, synOf(is), 'the SYN was accepted')
  }
  if (is.state !== 'LISTEN' || is.deferred !== undefined) return `${word}, but it still waits, in ${is.state}`
  return word === 'ignore the SYN' ? none(answers, word) : exactly(answers, refusalOf(irs), word)
}

/** §3.10.4 */
function forbiddenClose(was: Variables, is: Variables, answers: readonly Answer[]): string | undefined {
  const [first] = answers
  switch (was.state) {
    case 'SYN-SENT':
      return is.state === 'CLOSED' ? none(answers, 'CLOSE in SYN-SENT') : '§3.10.4, SYN-SENT: "Delete the TCB"'
    case 'SYN-RECEIVED':
      if (is.state !== 'SYN-RECEIVED' || !is.closing)
        return '§3.10.4, SYN-RECEIVED: "queue for processing after entering ESTABLISHED state"'
      return none(answers, 'CLOSE in SYN-RECEIVED')
    case 'ESTABLISHED':
    case 'CLOSE-WAIT': {
      const state = was.state === 'ESTABLISHED' ? 'FIN-WAIT-1' : 'LAST-ACK'
      if (is.state !== state) return `§3.10.4, ${was.state}: "enter ${state} state", not ${is.state}`
      const fin = { flags: FIN | ACK, seq: was.nxt, ack: was.rcvNxt, length: 0 }
      return first === undefined ? `§3.10.4: "form a FIN segment and send it"` : exactly(answers, fin, '§3.10.4')
    }
    default:
      return same(was, is, answers, 'a second CLOSE')
  }
}

/** §3.10.5; the ACK that the RST may carry makes it acceptable in every state of the peer's. */
function forbiddenAbort(was: Variables, is: Variables, answers: readonly Answer[]): string | undefined {
  if (hasTcb(is)) return `§3.10.5: "Delete the TCB, enter CLOSED state", but it is in ${is.state}`
  switch (was.state) {
    case 'SYN-SENT':
    case 'CLOSING':
    case 'LAST-ACK':
    case 'TIME-WAIT':
      return none(answers, `ABORT in ${was.state}`)
    default: {
      const [reset] = answers
      if (reset === undefined) return '§3.10.5: "Send a reset segment: <SEQ=SND.NXT><CTL=RST>", but none was sent'
      const flags = RST | (reset.flags & ACK)
      return exactly(answers, { flags, seq: was.nxt, ack: was.rcvNxt, length: 0 }, '§3.10.5')
    }
  }
}

/** §3.10.2 */
function forbiddenSend(was: Variables, is: Variables, answers: readonly Answer[]): string | undefined {
  if (was.state === 'SYN-RECEIVED') return same(was, is, answers, 'SEND in SYN-RECEIVED')
  if (is.state !== was.state) return `SEND changes the state to ${is.state}`
  const [first] = answers
  const text = { flags: ACK, seq: was.nxt, ack: was.rcvNxt, length: first?.length ?? 0 }
  if (first === undefined || first.length === 0) return '§3.10.2: "Segmentize the buffer and send it"'
  return exactly(answers, text, '§3.10.2')
}

/** The SYN, or SYN,ACK, of a connection that has said nothing else. */
function synOf(was: Variables): Answer {
  if (was.state === 'SYN-SENT') return { flags: SYN, seq: was.iss, ack: 0, length: 0 }
  return { flags: SYN | ACK, seq: was.iss, ack: was.rcvNxt, length: 0 }
}

function isRetransmission(was: Variables, answer: Answer): boolean {
  if (has(answer, SYN | RST) || !has(answer, ACK) || answer.ack !== was.rcvNxt || lengthOf(answer) === 0) return false
  const size = distance(was.una, was.nxt) + 1
  return within(answer.seq, was.una, size) && within(after(answer.seq, lengthOf(answer)), was.una, size)
}

function same(was: Variables, is: Variables, answers: readonly Answer[], why: string): string | undefined {
  return none(answers, why) ?? sameVariables(was, is, why)
}

function sameVariables(was: Variables, is: Variables, why: string): string | undefined {
  for (const name of ['state', 'iss', 'irs', 'una', 'nxt', 'rcvNxt', 'deferred'] as const) {
    if (was[name] !== is[name]) return `${why}, and ${name} changes from ${was[name]} to ${is[name]}`
  }
  return undefined
}

function none(answers: readonly Answer[], why: string): string | undefined {
  return answers.length === 0 ? undefined : `${why} sends nothing, but ${list(answers)} went out`
}

function exactly(answers: readonly Answer[], expected: Answer, why: string): string | undefined {
  if (answers.length === 1 && written(answers[0]!) === written(expected)) return undefined
  return `${why}: ${list(answers)} instead of ${written(expected)}`
}

function list(answers: readonly Answer[]): string {
  return answers.length === 0 ? 'nothing' : answers.map(written).join(' and ')
}
