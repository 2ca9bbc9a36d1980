import { activeOpenFailed } from './active-fast-open.ts'
import type { Connection } from './connection.ts'
import { endFastOpen } from './passive-fast-open.ts'
import type { State } from './state.ts'

/** Counts and tells what it means that a connection has gone from one state to another. */
export function noteTransition(connection: Connection, from: State, to: State): void {
  const { counters, observer, now } = connection.host
  const opening = from === 'SYN-SENT' || from === 'SYN-RECEIVED'
  if (isOpen(to) && !isOpen(from)) counters.CurrEstab++
  else if (isOpen(from) && !isOpen(to)) counters.CurrEstab--
  if (to === 'CLOSED' && isOpen(from)) counters.EstabResets++
  if (to === 'CLOSED' && opening) counters.AttemptFails++
  if (opening && connection.fastOpen) {
    if (connection.listener !== undefined) endFastOpen(connection)
    else if (connection.failure !== undefined) activeOpenFailed(connection)
  }
  observer?.state?.(connection, from, to, now)
}

/** As tcpCurrEstab counts (RFC 4022). */
function isOpen(state: State): boolean {
  return state === 'ESTABLISHED' || state === 'CLOSE-WAIT'
}
