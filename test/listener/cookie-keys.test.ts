/** Three keys of cookies: by the clock, or as data. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CookieKeyRing, KEY_PERIOD, TimedKeys } from '../../src/tcp/cookie-keys.ts'

const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i)

function key(fill: number): Uint8Array {
  return new Uint8Array(16).fill(fill)
}

describe('timed keys', () => {
  test('move on by one each 30 s', () => {
    const keys = new TimedKeys(SECRET)
    const { previous, current, next } = keys
    keys.update(KEY_PERIOD - 0.001)
    assert.deepEqual([keys.previous, keys.current, keys.next], [previous, current, next])
    keys.update(KEY_PERIOD)
    assert.deepEqual([keys.previous, keys.current], [current, next])
    assert.equal(keys.generation, 1)
  })

  test('skip those of the periods in which nobody asked', () => {
    const [steady, late] = [new TimedKeys(SECRET), new TimedKeys(SECRET)]
    for (let now = 0; now <= 10 * KEY_PERIOD; now += 1000) steady.update(now)
    late.update(10 * KEY_PERIOD)
    assert.deepEqual([late.previous, late.current, late.next], [steady.previous, steady.current, steady.next])
    assert.equal(late.generation, 10)
  })

  test('do not go back', () => {
    const keys = new TimedKeys(SECRET)
    keys.update(5 * KEY_PERIOD)
    const { current } = keys
    keys.update(0)
    assert.equal(keys.current, current)
  })

  test('are all different, and others under another secret', () => {
    const all = new Set<string>()
    for (const secret of [SECRET, Uint8Array.from(SECRET, (octet) => octet ^ 1)]) {
      const keys = new TimedKeys(secret)
      for (let i = 0; i < 100; i++) {
        keys.update(i * KEY_PERIOD)
        all.add(JSON.stringify(keys.current))
      }
    }
    assert.equal(all.size, 200)
  })

  test('do not change with the octets that they were made from', () => {
    const secret = SECRET.slice()
    const keys = new TimedKeys(secret)
    secret.fill(0)
    keys.update(KEY_PERIOD)
    const other = new TimedKeys(SECRET)
    other.update(KEY_PERIOD)
    assert.deepEqual(keys.next, other.next)
  })
})

describe('a key ring', () => {
  test('moves on when it is told to, and not by the clock', () => {
    const ring = new CookieKeyRing(key(0), key(1), key(2))
    const { current, next } = ring
    ring.update()
    assert.equal(ring.current, current)
    ring.rotate(key(3))
    assert.deepEqual([ring.previous, ring.current, ring.generation], [current, next, 1])
    ring.rotate(key(4))
    assert.deepEqual(ring.current, new CookieKeyRing(key(0), key(3), key(0)).current)
  })

  test('does not change with the octets that it was given', () => {
    const octets = key(1)
    const ring = new CookieKeyRing(key(0), octets, key(2))
    octets.fill(9)
    assert.deepEqual(ring.current, new CookieKeyRing(key(0), key(1), key(2)).current)
  })

  for (const length of [0, 15, 17, 32]) {
    test(`refuses a key of ${length} octets`, () => {
      const wrong = new Uint8Array(length)
      const refused = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }
      assert.throws(() => new CookieKeyRing(wrong, key(1), key(2)), refused)
      assert.throws(() => new CookieKeyRing(key(0), wrong, key(2)), refused)
      assert.throws(() => new CookieKeyRing(key(0), key(1), wrong), refused)
      const ring = new CookieKeyRing(key(0), key(1), key(2))
      assert.throws(() => ring.rotate(wrong), refused)
      assert.equal(ring.generation, 0)
    })
  }
})
