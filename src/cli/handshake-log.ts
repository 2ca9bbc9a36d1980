import type { HalfOpenView } from '../tcp/half-open.ts'
import type { Listener } from '../tcp/listener.ts'
import type { HandshakeKind, Observer } from '../tcp/observer.ts'
import type { Instant, Milliseconds } from '../wire/instant.ts'
import type { Colors } from './colors.ts'
import { endpoint, type QueueLoad, type StepKind } from './ladder.ts'
import { LadderPrinter } from './ladder-printer.ts'

/** Steps drawn in one second at most: a terminal is slower than a listener. */
const MOST_STEPS = 100

/** Steps that end an entry of the SYN queue, and steps that make one of the accept queue. */
const ENDS: readonly StepKind[] = ['completed', 'expired', 'reset', 'closed', 'evicted', 'refused', 'ignored']
const ESTABLISHES: readonly StepKind[] = ['completed', 'cookie-completed', 'fast-opened']

/** The queues once a step is taken. The core tells of an entry's end while the entry still stands in its queue. */
export function loadAfter(kind: StepKind, listener: Listener): QueueLoad {
  const { halfOpen, backlog, acceptQueueLength, acceptBacklog } = listener
  return {
    synQueue: halfOpen - (ENDS.includes(kind) ? 1 : 0),
    backlog,
    acceptQueue: acceptQueueLength + (ESTABLISHES.includes(kind) ? 1 : 0),
    acceptBacklog,
  }
}

/** What a step of a server's ladder is to be remarked upon. */
export function remarkOn(kind: StepKind, retransmissions: number): string | undefined {
  if (kind === 'syn-ack-retransmitted') return `retransmission ${retransmissions}`
  if (kind === 'cookie-sent') return 'the SYN queue is full: a cookie, and nothing is kept'
  if (kind === 'fast-opened') return 'Fast Open: accepted before the ACK, with what was on the SYN'
  if (kind === 'cookie-failed') return 'dropped: it may belong to a cookie whose ACK is yet to come'
  if (kind === 'cookie-replayed') return 'reset: a handshake makes one connection'
  if (kind === 'evicted') return "its client's ACK still completes the handshake, by the cookie"
  // The command defers nothing, so there is one cause.
  return kind === 'refused' ? 'the accept queue is full: reset' : undefined
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
      const [at, load] = [ageOf(kind, listener, entry), loadAfter(kind, listener)]
      printer.rung({ client, server, irs, iss }, { kind, at, load, note: remarkOn(kind, retransmissions) })
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
      emit(kind, {
        ...ends,
        irs,
        iss,
        retransmissions,
        age: ageOf(kind, listener, entry),
        ...loadAfter(kind, listener),
      })
    },
    drop(reason) {
      if (reason === 'syn-queue-full') emit('syn-dropped', { reason })
    },
  }
}

/** Milliseconds since the entry's SYN, to the microsecond. A cookie is answered at once, and its SYN then forgotten; so is that of Fast Open. */
export function ageOf(kind: HandshakeKind, listener: Listener, entry: HalfOpenView): Milliseconds | undefined {
  if (kind === 'cookie-sent') return 0
  if (kind === 'fast-opened') return 0
  if (kind.startsWith('cookie-') || kind.startsWith('fast-')) return undefined
  return Math.round(1000 * Math.max(0, listener.survivalTime - entry.expiresIn)) / 1000
}
