/** What the executable reading of RFC 9293 speaks of, and where estab differs from its letter. */
import type { State } from '../../src/tcp/state.ts'
import type { Admission } from './expected-admission.ts'
import type { Offer } from './peer.ts'
import { after } from './sequence.ts'

export const FIN = 1
export const SYN = 2
export const RST = 4
export const ACK = 16

/** What the RFC's text speaks of, for one four-tuple at one moment. Without a TCB the numbers are 0. */
export interface Variables {
  readonly state: State
  /** SYN-RECEIVED that came from LISTEN. */
  readonly passive: boolean
  readonly iss: number
  readonly irs: number
  /** SND.UNA, SND.NXT, and the largest window that the peer has offered (RFC 5961 §5: MAX.SND.WND). */
  readonly una: number
  readonly nxt: number
  readonly maxWnd: number
  readonly rcvNxt: number
  readonly rcvWnd: number
  /** The number of our FIN, once it was sent. */
  readonly fin: number | undefined
  /** CLOSE was called, and waits for ESTABLISHED. */
  readonly closing: boolean
  /** Text that came early and is held, and the number of a FIN that did. */
  readonly early: readonly [from: number, to: number] | undefined
  readonly earlyFin: number | undefined
  /** In LISTEN: the number of a SYN that waits for the application's word. */
  readonly deferred: number | undefined
}

/** Without a TCB: nobody there, or a listener. */
export const CLOSED: Variables = {
  state: 'CLOSED',
  passive: false,
  iss: 0,
  irs: 0,
  una: 0,
  nxt: 0,
  maxWnd: 0,
  rcvNxt: 0,
  rcvWnd: 0,
  fin: undefined,
  closing: false,
  early: undefined,
  earlyFin: undefined,
  deferred: undefined,
}

export const LISTEN: Variables = { ...CLOSED, state: 'LISTEN' }

/** Of a half-open entry, whose SYN,ACK offers a window of `rcvWnd`. */
export function halfOpenVariables(irs: number, iss: number, rcvWnd: number): Variables {
  const numbers = { irs, rcvNxt: after(irs, 1), iss, una: iss, nxt: after(iss, 1), rcvWnd }
  return { ...CLOSED, state: 'SYN-RECEIVED', passive: true, ...numbers }
}

export interface Arrival {
  readonly flags: number
  readonly seq: number
  readonly ack: number
  /** Octets of text. */
  readonly length: number
  /** Of a client with timestamps, where its own are not as they should be. */
  readonly stamp?: 'old' | 'none' | undefined
}

/** A segment that the TCP sent. */
export type Answer = Arrival

/** What else decides the answer. */
export interface Surroundings {
  /** An open listener serves this four-tuple. */
  readonly listening: boolean
  /** What is to become of a SYN that asks for a connection anew. */
  readonly admission: Admission
  /** The initial numbers that an ACK may be the cookie of; undefined if none is taken for a cookie's. */
  readonly cookies: readonly Offer[] | undefined
  readonly acceptQueueFull: boolean
  /** The SYN queue takes one more entry. */
  readonly room: boolean
  /** What the listener makes of an ACK that finds it full. */
  readonly acceptOverflow: 'wait' | 'reset'
  /** Timestamps are in use. */
  readonly timestamps: boolean
  /** An answer, other than a RST, went to this peer less than the challenge interval ago (RFC 5961 §7). */
  readonly answeredLately: boolean
}

/**
 * - `ack`: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, alone or on text that goes out anyway
 * - `syn-ack`: <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>
 * - `cookie`: <SEQ=any><ACK=SEG.SEQ+1><CTL=SYN,ACK>
 * - `reset`: <SEQ=SEG.ACK><CTL=RST>, or <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> to a segment without ACK
 */
export type Reply = 'nothing' | 'ack' | 'nothing or ack' | 'syn-ack' | 'cookie' | 'reset'

/** One way in which things may be afterwards. What is undefined is as it was before. */
export interface Outcome {
  /** The sentence that asks for it, or the allowance that lets it be. */
  readonly because: string
  readonly state: State
  readonly reply: Reply
  readonly una?: number
  readonly irs?: number
  readonly iss?: number
  readonly rcvNxt?: number
  /** A new TCB: ISS and SND.NXT are what they are. */
  readonly fresh?: boolean
  /** A SYN waits for the application's word now. */
  readonly deferred?: number
}

/** Where estab differs from the letter of the RFC, each on purpose. */
export const ALLOWANCES = {
  'SYN in SYN-RECEIVED':
    'the RFC returns a passive SYN-RECEIVED to LISTEN, so a blind SYN would kill it; the entry is kept and its SYN,ACK sent again, at most once each challenge interval',
  'SYN queue full': 'a SYN for which there is no room is dropped: the client sends it again',
  cookie:
    'RFC 4987 §3.6: a SYN for which there is no room is answered with a SYN,ACK of which nothing is kept; the TCP stays in LISTEN',
  "a cookie's ACK":
    'RFC 4987 §3.6: an ACK of a SYN,ACK of the last two key periods completes its handshake, if SYNs found no room in the last 60 s; once',
  'no cookie':
    "RFC 4987 §3.6: while cookies are taken, an ACK that is none is dropped: a cookie's client may have sent more than its ACK, which is yet to come again",
  deferred: 'a SYN waits for the application to say whether it is answered; until then its client gets no answer',
  'accept queue full':
    "an ACK for which there is no room in the accept queue leaves the entry as it is, to complete later; a cookie's is given an entry, if there is room for that",
  'accept queue full, reset':
    'an ACK for which there is no room in the accept queue ends the entry, as the application asked for',
  refused: 'the admission policy refuses: the SYN is answered as by a closed port',
  ignored: 'the admission policy ignores: the client sends its SYN again',
  paws: 'RFC 7323 §5.3 R1: "an old segment" is dropped, and "an acknowledgment in reply" sent',
  unstamped: 'RFC 7323 §3.2: once timestamps are in use, a segment without is dropped in silence',
  'SYN,FIN': 'no TCP sends SYN and FIN together: dropped',
  'answer throttled': 'RFC 5961 §7: an answer to a segment that may be forged is left out when one went out lately',
  'crossing SYN,ACK':
    'the SYN that a SYN,ACK repeats in a simultaneous open is trimmed off, and its ACK counts (figure 8; appendix A.2)',
  'SYN in TIME-WAIT':
    'RFC 1122 §4.2.2.13: a SYN beyond the last number of the old connection opens the next one, if a listener takes it',
} as const

export function hasTcb({ state }: Variables): boolean {
  return state !== 'CLOSED' && state !== 'LISTEN'
}

export function has(segment: Arrival, flag: number): boolean {
  return (segment.flags & flag) !== 0
}

/** SEG.LEN */
export function lengthOf(segment: Arrival): number {
  return segment.length + (has(segment, SYN) ? 1 : 0) + (has(segment, FIN) ? 1 : 0)
}

/** In the RFC's notation. */
export function written(segment: Arrival): string {
  const names = [
    [SYN, 'SYN'],
    [ACK, 'ACK'],
    [RST, 'RST'],
    [FIN, 'FIN'],
  ] as const
  const controls = names.filter(([flag]) => has(segment, flag)).map(([, name]) => name)
  const ack = has(segment, ACK) ? `<ACK=${segment.ack}>` : ''
  const text = segment.length > 0 ? `<${segment.length} octets>` : ''
  return `<SEQ=${segment.seq}>${ack}<CTL=${controls.join(',')}>${text}`
}
