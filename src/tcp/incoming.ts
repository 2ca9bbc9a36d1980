import type { Listener } from './listener.ts'
import type { Syn } from './syn.ts'

/**
 * A SYN that waits for the application's word. Nothing has been answered; nothing else waits for it. Each answer is
 * given once, and returns whether it still mattered: false if the client has reset, its time is over, or its entry was
 * evicted, or it was answered before.
 */
export class Incoming {
  /** The SYN, with all its fields and options. */
  readonly syn: Syn
  /** Tells it apart from all others of its listener. */
  readonly ticket: number
  private readonly listener: Listener

  constructor(listener: Listener, ticket: number, syn: Syn) {
    this.listener = listener
    this.ticket = ticket
    this.syn = syn
  }

  /** Goes on with the handshake: a SYN,ACK, and the entry's life begins anew. */
  accept(): boolean {
    return this.listener.answerDeferred(this.ticket, 'accept')
  }

  /** A RST: the client sees "connection refused". */
  refuse(): boolean {
    return this.listener.answerDeferred(this.ticket, 'refuse')
  }

  /** No answer at all. */
  ignore(): boolean {
    return this.listener.answerDeferred(this.ticket, 'ignore')
  }
}
