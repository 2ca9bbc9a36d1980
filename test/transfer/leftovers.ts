// biome-ignore-all lint/complexity/useLiteralKeys: TypeScript lets private members be read by literal keys, and checks them
import type { Stack } from '../../src/stack/stack.ts'
import type { Listener } from '../../src/tcp/listener.ts'

/**
 * All tables, queues and timers of a stack that hold something, with how much. Empty when the stack has nothing left of
 * what it ever did. Looks behind `private`: nothing that a user sees tells as much.
 */
export function leftovers(stack: Stack, listeners: Iterable<Listener> = []): Record<string, number> {
  const { tcp } = stack
  const output = tcp['output']
  const events = tcp['events']
  const all: Record<string, number> = {
    connections: tcp.connections.size,
    'connection table, slots in use': [...tcp.connections].length,
    'TIME-WAIT': tcp.timeWait.size,
    listeners: tcp.listening.listeners.all.length,
    'listeners by port': tcp.listening.listeners['byPort'].size,
    deadlines: tcp['deadlines'].size,
    'warm connections': tcp['warm'].size,
    'reply queue': output['replies'].length,
    'ready queue': output['ready'].length,
    'SYN,ACKs due': output['due'].length,
    'closing listeners': output['closing'].length,
    'events of connections': events['connections'].length,
    'events of listeners': events['listeners'].length,
    'packets other than TCP': stack.interfaces.reduce((sum, { packets }) => sum + packets.length, 0),
    'connections counted as open': stack.counters.CurrEstab,
    'next deadline': stack.nextDeadline() === Number.POSITIVE_INFINITY ? 0 : stack.nextDeadline(),
  }
  for (const listener of listeners) {
    all[`SYN queue of port ${listener.port}`] = listener.halfOpen
    all[`accept queue of port ${listener.port}`] = listener.acceptQueueLength
    all[`answers of port ${listener.port}`] = listener['answers'].length
    all[`ACKs that wait for port ${listener.port}`] = listener['waiting'].length
  }
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count !== 0))
}
