/** Connections in each state, for tests that go through all of them. */
import assert from 'node:assert/strict'
import type { State } from '../../src/tcp/state.ts'
import { connect, established, type HostOptions, type Traced } from '../support/trace.ts'

/** The states that a connection can be in, from an OPEN to CLOSED. Its SYN-RECEIVED is that of a simultaneous open. */
export const OPEN_STATES = [
  'SYN-SENT',
  'SYN-RECEIVED',
  'ESTABLISHED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSE-WAIT',
  'CLOSING',
  'LAST-ACK',
  'TIME-WAIT',
] as const satisfies readonly State[]

export type OpenState = (typeof OPEN_STATES)[number]

/** Those from SYN-RECEIVED on. */
export const SYNCHRONIZED_STATES = OPEN_STATES.filter((state) => state !== 'SYN-SENT')

export interface InState {
  tcp: Traced
  /** SND.NXT and RCV.NXT, relative, as a trace writes them. */
  snd: number
  rcv: number
}

/** A connection in that state, a second after the beginning; what has happened is told. */
export function inState(state: OpenState, options: HostOptions = {}): InState {
  const { tcp, ...numbers } = REACH[state](options)
  tcp.trace`+${1 - tcp.now / 1000}`
  assert.equal(tcp.connection.state, state)
  tcp.takeEvents()
  return { tcp, ...numbers }
}

const REACH: Record<OpenState, (options: HostOptions) => InState> = {
  'SYN-SENT': (options) => {
    const tcp = connect({ ...options, stack: { ...options.stack, tcp: { rtoInitial: 5000, ...options.stack?.tcp } } })
    tcp.trace`+0 > S 0:0(0)`
    return { tcp, snd: 1, rcv: 0 }
  },
  'SYN-RECEIVED': (options) => {
    const { tcp } = REACH['SYN-SENT'](options)
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 1
    `
    return { tcp, snd: 1, rcv: 1 }
  },
  ESTABLISHED: (options) => ({ tcp: slow(options), snd: 1, rcv: 1 }),
  'FIN-WAIT-1': (options) => {
    const tcp = slow(options)
    tcp.connection.close()
    tcp.trace`+0 > F. 1:1(0) ack 1`
    return { tcp, snd: 2, rcv: 1 }
  },
  'FIN-WAIT-2': (options) => {
    const { tcp } = REACH['FIN-WAIT-1'](options)
    tcp.trace`+0 < . 1:1(0) ack 2 win 65535`
    return { tcp, snd: 2, rcv: 1 }
  },
  'CLOSE-WAIT': (options) => {
    const tcp = slow(options)
    tcp.trace`
      +0 < F. 1:1(0) ack 1 win 65535
      +0 > .  1:1(0) ack 2
    `
    return { tcp, snd: 1, rcv: 2 }
  },
  CLOSING: (options) => {
    const { tcp } = REACH['FIN-WAIT-1'](options)
    tcp.trace`
      +0 < F. 1:1(0) ack 1 win 65535
      +0 > .  2:2(0) ack 2
    `
    return { tcp, snd: 2, rcv: 2 }
  },
  'LAST-ACK': (options) => {
    const { tcp } = REACH['CLOSE-WAIT'](options)
    tcp.connection.close()
    tcp.trace`+0 > F. 1:1(0) ack 2`
    return { tcp, snd: 2, rcv: 2 }
  },
  'TIME-WAIT': (options) => {
    const { tcp } = REACH['FIN-WAIT-2'](options)
    tcp.trace`
      +0 < F. 1:1(0) ack 2 win 65535
      +0 > .  2:2(0) ack 2
    `
    return { tcp, snd: 2, rcv: 2 }
  },
}

/** An established connection that retransmits after 5 s at the earliest, so as to stay out of the way. */
function slow(options: HostOptions): Traced {
  const tcp = { rtoMin: 5000, rtoInitial: 5000, ...options.stack?.tcp }
  return established({ ...options, stack: { ...options.stack, tcp } })
}
