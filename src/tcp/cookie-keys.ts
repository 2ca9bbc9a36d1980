import type { Instant, Milliseconds } from '../wire/instant.ts'
import { invalidArgument } from './errors.ts'
import { deriveKey, type SipKey, sipKey } from './siphash.ts'

/** How long a cookie key signs before the next one does: a cookie is honoured for one to two of these, ms. */
export const KEY_PERIOD: Milliseconds = 30_000

/** The same for Fast Open cookies, which clients keep for their next visits, ms. */
export const FAST_OPEN_KEY_PERIOD: Milliseconds = 3_600_000

/** Keys of one secret are told apart by these numbers and their generation's. */
const COOKIE_USE = 0x10000
const FAST_OPEN_USE = 0x40000000

/** Octets of a key. */
const KEY_LENGTH = 16

/**
 * The keys of SYN cookies, or of Fast Open cookies: `current` signs; `previous` and `next` are honoured too, so that a handshake outlives a
 * rotation, and replicas need not rotate at the same moment.
 */
export interface CookieKeys {
  readonly previous: SipKey
  readonly current: SipKey
  readonly next: SipKey
  /** Counts the rotations. */
  readonly generation: number
  /** Rotates where that is due by the clock. */
  update(now: Instant): void
}

/** Keys that the stack makes itself from its secret, new ones every 30 s or, for Fast Open, every hour. */
export class TimedKeys implements CookieKeys {
  previous: SipKey
  current: SipKey
  next: SipKey
  generation = 0
  private readonly secret: Uint8Array
  private readonly period: Milliseconds
  private readonly use: number
  private rotateAt: Instant

  constructor(secret: Uint8Array, purpose: 'cookies' | 'fast-open' = 'cookies') {
    this.secret = secret.slice()
    this.period = purpose === 'cookies' ? KEY_PERIOD : FAST_OPEN_KEY_PERIOD
    this.use = purpose === 'cookies' ? COOKIE_USE : FAST_OPEN_USE
    this.rotateAt = this.period
    this.previous = this.key(-1)
    this.current = this.key(0)
    this.next = this.key(1)
  }

  update(now: Instant): void {
    // A comparison for each SYN, not a division.
    if (now >= this.rotateAt) this.rotate(now)
  }

  private rotate(now: Instant): void {
    const due = Math.floor(now / this.period)
    this.rotateAt = (due + 1) * this.period
    if (due <= this.generation) return
    this.generation = due
    this.previous = this.key(due - 1)
    this.current = this.key(due)
    this.next = this.key(due + 1)
  }

  private key(generation: number): SipKey {
    return deriveKey(this.secret, this.use + generation)
  }
}

/**
 * Keys given as data, rotated by whoever gives them: stacks with the same ring complete each other's handshakes, as long
 * as they are at most one rotation apart. A rotation every 30 s keeps a SYN cookie valid for 30 to 60 s.
 */
export class CookieKeyRing implements CookieKeys {
  previous: SipKey
  current: SipKey
  next: SipKey
  generation = 0

  /** Three keys of 16 octets. @throws {TypeError} ERR_INVALID_ARG_VALUE: a key has another length */
  constructor(previous: Uint8Array, current: Uint8Array, next: Uint8Array) {
    this.previous = keyOf(previous)
    this.current = keyOf(current)
    this.next = keyOf(next)
  }

  /** `next` becomes `current`, `current` becomes `previous`. @throws {TypeError} as the constructor */
  rotate(next: Uint8Array): void {
    const key = keyOf(next)
    this.previous = this.current
    this.current = this.next
    this.next = key
    this.generation++
  }

  update(): void {
    // Rotation is not the clock's.
  }
}

function keyOf(octets: Uint8Array): SipKey {
  if (octets.length !== KEY_LENGTH) throw invalidArgument(`a cookie key has ${KEY_LENGTH} octets, not ${octets.length}`)
  return sipKey(octets, 0)
}
