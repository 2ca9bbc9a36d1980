import type { IpAddress } from '../wire/address.ts'
import type { Listener } from './listener.ts'
import type { Syn } from './syn.ts'

/**
 * What becomes of a SYN that asks for a connection anew:
 *
 * - `hold`: it gets an entry of the SYN queue, and a SYN,ACK. In a full queue the oldest entry of the heaviest source
 *   prefix makes room; its client's ACK still completes the handshake, by the cookie.
 * - `cookie`: a SYN,ACK, and nothing is kept. It is as `hold` for a client whose last connection from that port is in TIME-WAIT, where
 *   the cookie is not beyond the numbers of that (RFC 9293 MAY-2).
 * - `refuse`: a RST.
 * - `ignore`: nothing.
 * - `defer`: an entry, and no SYN,ACK before the application says so.
 */
export type Verdict = 'hold' | 'cookie' | 'refuse' | 'ignore' | 'defer'

/**
 * Decides on a SYN. Called once for each, on the packet path: it must not throw, block, or call into the stack. `syn` and
 * `load` are borrowed.
 */
export type AdmissionPolicy = (syn: Syn, load: Load) => Verdict

/** How a listener stands when a SYN comes. What takes a look-up is looked up when asked for. */
export class Load {
  private readonly listener: Listener
  private source: IpAddress | undefined

  constructor(listener: Listener) {
    this.listener = listener
  }

  /** Points at the SYN that is to be decided on. */
  at(source: IpAddress): this {
    this.source = source
    return this
  }

  get halfOpen(): number {
    return this.listener.halfOpen
  }

  get backlog(): number {
    return this.listener.backlog
  }

  get isFull(): boolean {
    return this.listener.halfOpen >= this.listener.backlog
  }

  get acceptQueue(): number {
    return this.listener.acceptQueueLength
  }

  get acceptBacklog(): number {
    return this.listener.acceptBacklog
  }

  /** Entries of the SYN's own source prefix: /24, or /48 for IPv6. */
  get samePrefix(): number {
    const { source } = this
    return source === undefined ? 0 : this.listener.queues.of(source.family).prefixCount(source)
  }

  /** Entries of the source prefix that has most. */
  get heaviestPrefix(): number {
    return this.listener.queues.heaviest?.prefixes.heaviestCount ?? 0
  }

  /** Source prefixes that have entries. */
  get activePrefixes(): number {
    return this.listener.queues.activePrefixes
  }
}

/**
 * The default. While there is room, hold. In a full queue, a SYN whose prefix has clearly less than the heaviest one
 * takes a place of that; any other is answered with a cookie. So prefixes that keep asking end up with equal shares, one
 * entry more or less, and those that do not ask for much never lose one.
 */
export function admitFairly(_syn: Syn, load: Load): Verdict {
  if (!load.isFull) return 'hold'
  const heaviest = load.heaviestPrefix
  return heaviest >= 2 && heaviest >= load.samePrefix + 2 ? 'hold' : 'cookie'
}

/** As Linux: hold while there is room, then cookies. */
export function admitThenCookies(_syn: Syn, load: Load): Verdict {
  return load.isFull ? 'cookie' : 'hold'
}

/** Cookies for all: nothing is kept before the handshake is over, but for who comes again while its last connection is in TIME-WAIT. */
export function admitByCookie(): Verdict {
  return 'cookie'
}

/** Every SYN waits for the application's word, as long as there is room; others are ignored, and will come again. */
export function admitDeferred(_syn: Syn, load: Load): Verdict {
  return load.isFull ? 'ignore' : 'defer'
}
