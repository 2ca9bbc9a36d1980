import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { initialSequence, timestampClock, timestampOffset } from '../../src/tcp/isn.ts'
import { deriveKey } from '../../src/tcp/siphash.ts'
import { IpAddress } from '../../src/wire/address.ts'

const KEY = deriveKey(new Uint8Array(32).fill(1), 1)
const OTHER_KEY = deriveKey(new Uint8Array(32).fill(2), 1)
const [A, B, C] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((text) => IpAddress.parse(text)!) as [
  IpAddress,
  IpAddress,
  IpAddress,
]

function isn(now: number, key = KEY): number {
  return initialSequence(key, A, 80, B, 40_000, now)
}

describe('initial sequence numbers (RFC 6528)', () => {
  // RFC 9293 MUST-8
  test('go up by one every 4 µs', () => {
    assert.equal((isn(1) - isn(0)) >>> 0, 250)
    assert.equal((isn(1.004) - isn(1)) >>> 0, 1)
    assert.equal((isn(3_600_000) - isn(0)) >>> 0, 900_000_000)
  })

  test('go around in 4.77 hours, and on as before', () => {
    const circle = 2 ** 32 / 250
    assert.equal(isn(circle), isn(0))
    assert.equal((isn(1000 * circle + 1) - isn(0)) >>> 0, 250)
  })

  // RFC 9293 SHLD-1
  test('start elsewhere for each four-tuple', () => {
    const numbers = [
      isn(0),
      initialSequence(KEY, A, 81, B, 40_000, 0),
      initialSequence(KEY, A, 80, B, 40_001, 0),
      initialSequence(KEY, A, 80, C, 40_000, 0),
      initialSequence(KEY, C, 80, B, 40_000, 0),
      initialSequence(KEY, B, 40_000, A, 80, 0),
    ]
    assert.equal(new Set(numbers).size, numbers.length)
  })

  // RFC 9293 MUST-9: without the key nobody knows them.
  test('start elsewhere under another secret', () => {
    assert.notEqual(isn(0, OTHER_KEY), isn(0))
  })

  test('are unsigned words', () => {
    for (let port = 1; port < 1000; port++) {
      const number = initialSequence(KEY, A, 80, B, port, 12_345.678)
      assert.ok(Number.isInteger(number) && number >= 0 && number < 2 ** 32)
    }
  })
})

describe('timestamp clocks (RFC 7323 §5.4)', () => {
  test('tick once a millisecond and wrap', () => {
    assert.equal(timestampClock(0xffff_ffff, 0), 0xffff_ffff)
    assert.equal(timestampClock(0xffff_ffff, 1), 0)
    assert.equal(timestampClock(7, 2.9), 9)
    assert.equal(timestampClock(7, 2 ** 32), 7)
  })

  test('have an offset of their own for each four-tuple and secret (§7.1)', () => {
    const offsets = [
      timestampOffset(KEY, A, 80, B, 40_000),
      timestampOffset(KEY, A, 80, B, 40_001),
      timestampOffset(KEY, A, 80, C, 40_000),
      timestampOffset(OTHER_KEY, A, 80, B, 40_000),
    ]
    assert.equal(new Set(offsets).size, offsets.length)
  })
})
