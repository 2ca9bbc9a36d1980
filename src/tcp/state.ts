/** The eleven states of RFC 9293 §3.3.2. */
export type State =
  | 'CLOSED'
  | 'LISTEN'
  | 'SYN-SENT'
  | 'SYN-RECEIVED'
  | 'ESTABLISHED'
  | 'FIN-WAIT-1'
  | 'FIN-WAIT-2'
  | 'CLOSE-WAIT'
  | 'CLOSING'
  | 'LAST-ACK'
  | 'TIME-WAIT'

/** An arrow of figure 5: from, to, and what brings it about. */
export interface Transition {
  readonly from: State
  readonly to: State
  readonly cause: string
}

/**
 * RFC 9293 figure 5 as data, with the arrows that its text adds (resets, aborts, a FIN on the third ACK). The only
 * writer of a connection's state asserts that its step is one of these; diagrams are drawn from it.
 */
export const TRANSITIONS: readonly Transition[] = [
  { from: 'CLOSED', to: 'LISTEN', cause: 'passive OPEN' },
  { from: 'CLOSED', to: 'SYN-SENT', cause: 'active OPEN: send SYN' },
  { from: 'LISTEN', to: 'CLOSED', cause: 'CLOSE' },
  { from: 'LISTEN', to: 'SYN-RECEIVED', cause: 'receive SYN: send SYN,ACK' },
  { from: 'SYN-SENT', to: 'SYN-RECEIVED', cause: 'receive SYN: send SYN,ACK' },
  { from: 'SYN-SENT', to: 'ESTABLISHED', cause: 'receive SYN,ACK: send ACK' },
  { from: 'SYN-SENT', to: 'CLOSED', cause: 'CLOSE, receive RST, or no answer' },
  { from: 'SYN-RECEIVED', to: 'ESTABLISHED', cause: 'receive ACK of SYN' },
  { from: 'SYN-RECEIVED', to: 'LISTEN', cause: 'receive RST, or no answer, after a passive OPEN' },
  { from: 'SYN-RECEIVED', to: 'CLOSED', cause: 'ABORT, receive RST, or no answer, after an active OPEN or Fast Open' },
  // Not taken here: a CLOSE in SYN-RECEIVED waits for ESTABLISHED, as RFC 9293 §3.10.4 lets it.
  { from: 'SYN-RECEIVED', to: 'FIN-WAIT-1', cause: 'CLOSE: send FIN' },
  { from: 'ESTABLISHED', to: 'FIN-WAIT-1', cause: 'CLOSE: send FIN' },
  { from: 'ESTABLISHED', to: 'CLOSE-WAIT', cause: 'receive FIN: send ACK' },
  { from: 'ESTABLISHED', to: 'CLOSED', cause: 'ABORT, receive RST, or no answer' },
  { from: 'FIN-WAIT-1', to: 'FIN-WAIT-2', cause: 'receive ACK of FIN' },
  { from: 'FIN-WAIT-1', to: 'CLOSING', cause: 'receive FIN: send ACK' },
  { from: 'FIN-WAIT-1', to: 'TIME-WAIT', cause: 'receive FIN and ACK of FIN: send ACK' },
  { from: 'FIN-WAIT-1', to: 'CLOSED', cause: 'ABORT, receive RST, or no answer' },
  { from: 'FIN-WAIT-2', to: 'TIME-WAIT', cause: 'receive FIN: send ACK' },
  { from: 'FIN-WAIT-2', to: 'CLOSED', cause: 'ABORT, receive RST, or nobody waits any more' },
  { from: 'CLOSE-WAIT', to: 'LAST-ACK', cause: 'CLOSE: send FIN' },
  { from: 'CLOSE-WAIT', to: 'CLOSED', cause: 'ABORT, receive RST, or no answer' },
  { from: 'CLOSING', to: 'TIME-WAIT', cause: 'receive ACK of FIN' },
  { from: 'CLOSING', to: 'CLOSED', cause: 'ABORT, receive RST, or no answer' },
  { from: 'LAST-ACK', to: 'CLOSED', cause: 'receive ACK of FIN, or RST, or no answer' },
  { from: 'TIME-WAIT', to: 'CLOSED', cause: '2 MSL have passed' },
]

/** For each state, by its number, the bits of those that it may go to. */
const ALLOWED: Uint16Array = new Uint16Array(11)
for (const { from, to } of TRANSITIONS) ALLOWED[numberOf(from)]! |= 1 << numberOf(to)

export function isTransition(from: State, to: State): boolean {
  return (ALLOWED[numberOf(from)]! & (1 << numberOf(to))) !== 0
}

/** A record by name would be looked up by a hash: three comparisons of pointers are less. */
function numberOf(state: State): number {
  switch (state) {
    case 'ESTABLISHED':
      return 0
    case 'CLOSED':
      return 1
    case 'FIN-WAIT-1':
      return 2
    case 'CLOSE-WAIT':
      return 3
    case 'SYN-RECEIVED':
      return 4
    case 'SYN-SENT':
      return 5
    case 'FIN-WAIT-2':
      return 6
    case 'LAST-ACK':
      return 7
    case 'TIME-WAIT':
      return 8
    case 'CLOSING':
      return 9
    case 'LISTEN':
      return 10
  }
}

/** The names of the classic description, where they differ from the standard's. */
export const CLASSIC_NAMES: Partial<Record<State, string>> = { 'SYN-SENT': 'SYN_SEND', 'SYN-RECEIVED': 'SYN_RECV' }
