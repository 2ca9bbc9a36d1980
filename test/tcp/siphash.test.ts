import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { deriveKey, halfSipHash, type SipKey, sipHash24, sipHashHigh, sipKey } from '../../src/tcp/siphash.ts'

/** SipHash-2-4 straight from the paper, in 64-bit integers: slow, and easy to believe. */
function reference(key: Uint8Array, message: Uint8Array): bigint {
  const mask = (1n << 64n) - 1n
  const rotl = (x: bigint, bits: bigint): bigint => ((x << bits) | (x >> (64n - bits))) & mask
  const little = (octets: Uint8Array): bigint => octets.reduceRight((word, octet) => (word << 8n) | BigInt(octet), 0n)
  const [k0, k1] = [little(key.subarray(0, 8)), little(key.subarray(8, 16))]
  let v0 = k0 ^ 0x736f6d6570736575n
  let v1 = k1 ^ 0x646f72616e646f6dn
  let v2 = k0 ^ 0x6c7967656e657261n
  let v3 = k1 ^ 0x7465646279746573n
  const rounds = (count: number): void => {
    for (let i = 0; i < count; i++) {
      v0 = (v0 + v1) & mask
      v1 = rotl(v1, 13n) ^ v0
      v0 = rotl(v0, 32n)
      v2 = (v2 + v3) & mask
      v3 = rotl(v3, 16n) ^ v2
      v0 = (v0 + v3) & mask
      v3 = rotl(v3, 21n) ^ v0
      v2 = (v2 + v1) & mask
      v1 = rotl(v1, 17n) ^ v2
      v2 = rotl(v2, 32n)
    }
  }
  const padded = new Uint8Array(message.length - (message.length % 8) + 8)
  padded.set(message)
  padded[padded.length - 1] = message.length
  for (let at = 0; at < padded.length; at += 8) {
    const m = little(padded.subarray(at, at + 8))
    v3 ^= m
    rounds(2)
    v0 ^= m
  }
  v2 ^= 0xffn
  rounds(4)
  return v0 ^ v1 ^ v2 ^ v3
}

function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i)
}

function words(octets: Uint8Array): Int32Array {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length)
  return Int32Array.from({ length: octets.length / 4 }, (_, i) => view.getInt32(4 * i, true))
}

function hash(key: SipKey, message: Uint8Array): string {
  const low = sipHash24(key, words(message), message.length / 4)
  return ((BigInt(sipHashHigh()) << 32n) | BigInt(low)).toString(16).padStart(16, '0')
}

describe('SipHash-2-4', () => {
  test('of the reference in this test is that of the paper: appendix A, 15 octets', () => {
    assert.equal(reference(counting(16), counting(15)).toString(16), 'a129ca6149be45e5')
  })

  // vectors.h of https://github.com/veorq/SipHash, key 00 01 ... 0f, message 00 01 ...
  for (const [length, expected] of [
    [0, '726fdb47dd0e0e31'],
    [8, '93f5f5799a932462'],
    [16, '3f2acc7f57c29bdb'],
  ] as const) {
    test(`of the published message of ${length} octets is ${expected}`, () => {
      assert.equal(hash(sipKey(counting(16), 0), counting(length)), expected)
    })
  }

  test('is that of the reference for every key and message of whole 64-bit words', () => {
    const key = fc.uint8Array({ minLength: 16, maxLength: 16 })
    const message = fc
      .uint8Array({ minLength: 0, maxLength: 5, size: 'max' })
      .chain(({ length }) => fc.uint8Array({ minLength: 8 * length, maxLength: 8 * length }))
    fc.assert(
      fc.property(key, message, (k, m) => {
        assert.equal(hash(sipKey(k, 0), m), reference(k, m).toString(16).padStart(16, '0'))
      }),
    )
  })

  test('carries where a word is 0 as where it is not', () => {
    // Each key makes the low half of one of the four words of state 0.
    for (const [word, constant] of [
      [0, 0x70736575],
      [2, 0x6e646f6d],
      [0, 0x6e657261],
      [2, 0x79746573],
    ] as const) {
      const key = counting(16)
      new DataView(key.buffer).setUint32(4 * word, constant, true)
      const expected = reference(key, counting(16)).toString(16).padStart(16, '0')
      assert.equal(hash(sipKey(key, 0), counting(16)), expected)
    }
  })
})

describe('HalfSipHash', () => {
  // vectors.h, key 00 01 ... 07, rounds 2-4, 32 bits of output
  for (const [length, expected] of [
    [0, 'a9359f5b'],
    [4, '2a6e4689'],
    [8, 'd0b8848f'],
  ] as const) {
    test(`2-4 of the published message of ${length} octets is ${expected}`, () => {
      const output = new Uint8Array(4)
      new DataView(output.buffer).setInt32(
        0,
        halfSipHash(sipKey(counting(16), 0), words(counting(length)), length / 4, 2, 4),
        true,
      )
      assert.equal(
        output.reduce((hex, octet) => hex + octet.toString(16).padStart(2, '0'), ''),
        expected,
      )
    })
  }

  test('1-3, the default, is another function', () => {
    const key = sipKey(counting(16), 0)
    assert.notEqual(halfSipHash(key, words(counting(8)), 2), halfSipHash(key, words(counting(8)), 2, 2, 4))
  })
})

describe('keys derived from one secret', () => {
  const keys = (secret: Uint8Array): string[] => [0, 1, 2].map((use) => JSON.stringify(deriveKey(secret, use)))

  test('differ for each use, and with every octet of the secret', () => {
    const secret = counting(32)
    const all = new Set(keys(secret))
    assert.equal(all.size, 3)
    for (let i = 0; i < secret.length; i++) {
      const other = secret.slice()
      other[i]! ^= 1
      for (const key of keys(other)) {
        assert.ok(!all.has(key), `octet ${i}`)
        all.add(key)
      }
    }
  })

  test('are the same each time', () => {
    assert.deepEqual(keys(counting(32)), keys(counting(32)))
  })
})
