/**
 * Forged ACKs are taken for a cookie's at the rate that the cookie was designed for: three keys, 24 bits of MAC without
 * timestamps (3 × 2^-24), 48 with them.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Chance } from '../../src/sim/chance.ts'
import { TimedKeys } from '../../src/tcp/cookie-keys.ts'
import { HalfOpen } from '../../src/tcp/half-open.ts'
import type { SipKey } from '../../src/tcp/siphash.ts'
import { SynCookies } from '../../src/tcp/syn-cookie.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { ACK, Segment } from '../../src/wire/segment.ts'

const into = new HalfOpen()

/** An ACK from a host of chance, with numbers of chance. */
function forge(segment: Segment, chance: Chance, timestamps: boolean): void {
  const word = (): number => chance.below(2 ** 32)
  segment.source.d = word() | 0
  segment.sourcePort = 1 + chance.below(65_535)
  segment.seq = word()
  segment.ack = word()
  segment.timestamps = timestamps
  segment.tsVal = timestamps ? word() : 0
  segment.tsEcr = timestamps ? word() : 0
}

function ackOf(): Segment {
  const segment = new Segment()
  segment.destination.copy(IpAddress.parse('192.0.2.1')!)
  segment.destinationPort = 80
  segment.flags = ACK
  return segment
}

/** Forged ACKs of `tries` that are taken. */
function taken(
  cookies: SynCookies,
  tries: number,
  timestamps: boolean,
  seed: number,
  before = (_: Segment) => {},
): number {
  const chance = new Chance(seed)
  const segment = ackOf()
  let count = 0
  for (let i = 0; i < tries; i++) {
    forge(segment, chance, timestamps)
    before(segment)
    if (cookies.verify(segment, into)) count++
  }
  return count
}

/** Cookies of which only some bits of the MAC are looked at, so that forgeries are frequent enough to be counted. */
class Truncated extends SynCookies {
  /** The forged ACK: the bits that are not looked at are taken from it. */
  segment: Segment = new Segment()
  private readonly issBits: number
  private readonly tsBits: number

  constructor(issBits: number, tsBits: number) {
    super(new TimedKeys(new Uint8Array(32).fill(9)))
    this.issBits = issBits
    this.tsBits = tsBits
  }

  override sign(
    key: SipKey,
    local: IpAddress,
    localPort: number,
    remote: IpAddress,
    remotePort: number,
    irs: number,
    code: number,
    stamped: boolean,
  ): void {
    super.sign(key, local, localPort, remote, remotePort, irs, code, stamped)
    const { ack, tsEcr } = this.segment
    // Of what is not looked at, the code is right anyway: it was read from the segment.
    this.iss = blend(this.iss, (ack - 1) >>> 0, this.issBits)
    this.tsVal = blend(this.tsVal, tsEcr, this.tsBits)
  }
}

/** `mine` in the `bits`, `theirs` in the others. */
function blend(mine: number, theirs: number, bits: number): number {
  return ((mine & bits) | (theirs & ~bits)) >>> 0
}

/** Within five standard deviations of a binomial distribution. */
function assertRate(count: number, tries: number, rate: number): void {
  const expected = tries * rate
  const deviation = Math.sqrt(expected * (1 - rate))
  assert.ok(
    Math.abs(count - expected) < 5 * deviation,
    `${count} of ${tries} taken, ${expected} ± ${deviation} expected`,
  )
}

describe('forged ACKs', () => {
  test('without timestamps: of 2^22 no more are taken than 3 × 2^-24 makes likely', () => {
    // 0.75 are expected; seven or more come once in 10^5 seeds.
    assert.ok(taken(new SynCookies(new TimedKeys(new Uint8Array(32).fill(7))), 2 ** 22, false, 1) < 7)
  })

  test('with timestamps: of 2^18 none is taken', () => {
    assert.equal(taken(new SynCookies(new TimedKeys(new Uint8Array(32).fill(7))), 2 ** 18, true, 2), 0)
  })

  for (const [where, bits] of [
    ['lowest', 0x0000_ff00],
    ['middle', 0x00ff_0000],
    ['highest', 0xff00_0000],
  ] as const) {
    test(`without timestamps, the ${where} 8 of the 24 bits: 3 × 2^-8`, () => {
      const cookies = new Truncated(bits, 0)
      const count = taken(cookies, 2 ** 17, false, 3, (segment) => {
        cookies.segment = segment
      })
      assertRate(count, 2 ** 17, 1 - (1 - 2 ** -8) ** 3)
    })
  }

  for (const [where, iss, ts] of [
    ['ISS', 0xff, 0],
    ['ISS, high', 0xff00_0000, 0],
    ['TSval', 0, 0xff00_0000],
    ['both', 0x00f0_0000, 0x000f_0000],
  ] as const) {
    test(`with timestamps, 8 of the 48 bits (${where}): 3 × 2^-8 of those whose code is one`, () => {
      const cookies = new Truncated(iss, ts)
      const count = taken(cookies, 2 ** 17, true, 4, (segment) => {
        cookies.segment = segment
      })
      assertRate(count, 2 ** 17, (1 - (1 - 2 ** -8) ** 3) * (64_531 / 65_536))
    })
  }

  test('one bit off anywhere in what was signed is a forgery', () => {
    const cookies = new SynCookies(new TimedKeys(new Uint8Array(32).fill(5)))
    const chance = new Chance(5)
    for (const timestamps of [false, true]) {
      const segment = ackOf()
      forge(segment, chance, timestamps)
      const code = timestamps ? 1372 : 0xe0
      const { destination, destinationPort, source, sourcePort, seq } = segment
      const irs = (seq - 1) >>> 0
      cookies.sign(cookies.keys.current, destination, destinationPort, source, sourcePort, irs, code, timestamps)
      segment.ack = (cookies.iss + 1) >>> 0
      segment.tsEcr = timestamps ? cookies.tsVal : 0
      assert.ok(cookies.verify(segment, into))
      const fields = ['seq', 'ack', ...(timestamps ? (['tsEcr'] as const) : [])] as const
      for (let bit = 0; bit < 32; bit++) {
        for (const field of fields) {
          const right = segment[field]
          segment[field] = (right ^ (1 << bit)) >>> 0
          assert.ok(!cookies.verify(segment, into), `bit ${bit} of ${field}`)
          segment[field] = right
        }
        for (const address of [source, destination]) {
          address.d ^= 1 << bit
          assert.ok(!cookies.verify(segment, into), `bit ${bit} of an address`)
          address.d ^= 1 << bit
        }
        if (bit >= 16) continue
        for (const port of ['sourcePort', 'destinationPort'] as const) {
          segment[port] ^= 1 << bit
          assert.ok(!cookies.verify(segment, into), `bit ${bit} of ${port}`)
          segment[port] ^= 1 << bit
        }
      }
      assert.ok(cookies.verify(segment, into))
    }
  })
})
