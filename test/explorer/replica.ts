/** The other stack behind one address: it shares the ring of cookie keys, and answers every SYN with a cookie. */
import { Stack } from '../../src/stack/stack.ts'
import { CookieKeyRing } from '../../src/tcp/cookie-keys.ts'
import type { Segment } from '../../src/wire/segment.ts'
import { readSegment, writeSegment } from './frames.ts'
import { configOf, type Opening } from './opening.ts'
import { ISN, type Peer } from './peer.ts'
import type { Arrival } from './rfc9293-terms.ts'
import { LISTEN_PORT } from './settings.ts'

const frame = new Uint8Array(2048)

export class Replica {
  /** The ring of the stack under test; the other has its own, with the same keys. */
  readonly ownKeys: CookieKeyRing = ring()
  readonly #keys: CookieKeyRing = ring()
  readonly #stack: Stack

  constructor(opening: Opening) {
    // Of its own but for the keys.
    const secret = new Uint8Array(32).fill(99)
    this.#stack = new Stack({ addresses: ['192.0.2.1/24'], secret, tcp: configOf(opening), cookieKeys: this.#keys })
    this.#stack.listen({ port: LISTEN_PORT, backlog: 0, cookies: 'always' })
  }

  /** How often its keys were rotated. */
  get period(): number {
    return this.#keys.generation
  }

  rotate(whose: 'ours' | "the replica's"): void {
    const keys = whose === 'ours' ? this.ownKeys : this.#keys
    keys.rotate(key(keys.generation + 2))
  }

  /** Borrowed until the next segment. */
  answer(peer: Peer, syn: Arrival, now: number): Segment {
    this.#stack.receive(frame, 0, writeSegment(frame, peer, LISTEN_PORT, syn, ISN), now)
    return readSegment(frame, this.#stack.transmit(frame, 0, now))
  }
}

function ring(): CookieKeyRing {
  return new CookieKeyRing(key(-1), key(0), key(1))
}

function key(generation: number): Uint8Array {
  return new Uint8Array(16).fill(generation + 1)
}
