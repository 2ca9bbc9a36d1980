import type { HalfOpenView } from '../tcp/half-open.ts'
import type { Listener } from '../tcp/listener.ts'
import type { HandshakeKind, Observer } from '../tcp/observer.ts'
import type { Instant, Milliseconds } from '../wire/instant.ts'
import type { Colors } from './colors.ts'
import { endpoint, type QueueLoad, type StepKind } from './ladder.ts'
import { LadderPrinter } from './ladder-printer.ts'

/** Steps drawn in one second at most: a terminal is slower than a listener. */
const MOST_STEPS = 100

/** The queues once a step is taken. The core tells of an entry's end while the entry still stands in its queue. */
export function loadAfter(kind: StepKind, listener: Listener): QueueLoad {
  const { halfOpen, backlog, acceptQueueLength, acceptBacklog } = listener
  const ends = kind === 'completed' || kind === 'expired' || kind === 'reset' || kind === 'closed'
  return {
    synQueue: halfOpen - (ends ? 1 : 0),
    backlog,
    acceptQueue: acceptQueueLength + (kind === 'completed' ? 1 : 0),
    acceptBacklog,
  }
}

/** Draws every handshake as a ladder; under a flood only as many steps as can be read, and the number of the others. */
export function ladderLog(line: (text: string) => void, colors: Colors): Observer {
  const printer = new LadderPrinter(line, colors)
  let second = 0
  let steps = 0
  const mayDraw = (now: Instant): boolean => {
    if (Math.floor(now / 1000) !== second) {
      if (steps > MOST_STEPS) line(colors.dim(`          ... and ${steps - MOST_STEPS} more steps within a second`))
      second = Math.floor(now / 1000)
      steps = 0
    }
    steps++
    return steps <= MOST_STEPS
  }
  return {
    handshake(kind, listener, entry, now) {
      if (!mayDraw(now)) return
      const { remoteAddress, remotePort, localAddress, localPort, irs, iss, retransmissions } = entry
      const client = endpoint(remoteAddress, remotePort)
      const server = endpoint(localAddress, localPort)
      const note = kind === 'syn-ack-retransmitted' ? `retransmission ${retransmissions}` : undefined
      printer.rung(
        { client, server, irs, iss },
        { kind, at: ageOf(listener, entry), load: loadAfter(kind, listener), note },
      )
    },
    drop(reason, now) {
      if (reason === 'syn-queue-full' && mayDraw(now)) line(colors.red('          SYN dropped: the SYN queue is full'))
    },
  }
}

/** An event for each step, under the names of {@link HandshakeKind}. */
export function jsonLog(emit: (event: string, fields: object) => void): Observer {
  return {
    handshake(kind: HandshakeKind, listener, entry) {
      const { remoteAddress, remotePort, localAddress, localPort, irs, iss, retransmissions } = entry
      const ends = { remoteAddress, remotePort, localAddress, localPort }
      emit(kind, { ...ends, irs, iss, retransmissions, age: ageOf(listener, entry), ...loadAfter(kind, listener) })
    },
    drop(reason) {
      if (reason === 'syn-queue-full') emit('syn-dropped', { reason })
    },
  }
}

/** Milliseconds since the entry's SYN, to the microsecond. */
export function ageOf(listener: Listener, entry: HalfOpenView): Milliseconds {
  return Math.round(1000 * Math.max(0, listener.survivalTime - entry.expiresIn)) / 1000
}
