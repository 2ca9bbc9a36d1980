import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  deriveKey,
  halfSipHash,
  plainSipHash24,
  type SipKey,
  sipHash24,
  sipHashHigh,
  sipKey,
} from '../../src/tcp/siphash.ts'

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

type Hash = (key: SipKey, words: Int32Array, count: number) => number

/** Wherever it is worked out, it is the same. */
function hash(key: SipKey, message: Uint8Array): string {
  const plain = hashBy(plainSipHash24, key, message)
  assert.equal(hashBy(sipHash24, key, message), plain)
  return plain
}

function hashBy(hash: Hash, key: SipKey, message: Uint8Array): string {
  const low = hash(key, words(message), message.length / 4)
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

  test('is that of the reference for every key and message of whole 32-bit words', () => {
    const key = fc.uint8Array({ minLength: 16, maxLength: 16 })
    const message = fc
      .integer({ min: 0, max: 11 })
      .chain((length) => fc.uint8Array({ minLength: 4 * length, maxLength: 4 * length }))
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

/** HalfSipHash-c-d from the reference implementation, of whole 32-bit words. */
function halfReference(key: SipKey, message: Int32Array, c: number, d: number): number {
  const rotl = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits))
  let v = [key.k0, key.k1, key.k0 ^ 0x6c796765, key.k1 ^ 0x74656462] as const
  const rounds = (count: number): void => {
    for (let i = 0; i < count; i++) {
      let [v0, v1, v2, v3] = v
      v0 = (v0 + v1) | 0
      v1 = rotl(v1, 5) ^ v0
      v0 = rotl(v0, 16)
      v2 = (v2 + v3) | 0
      v3 = rotl(v3, 8) ^ v2
      v0 = (v0 + v3) | 0
      v3 = rotl(v3, 7) ^ v0
      v2 = (v2 + v1) | 0
      v1 = rotl(v1, 13) ^ v2
      v2 = rotl(v2, 16)
      v = [v0, v1, v2, v3]
    }
  }
  for (const word of [...message, (4 * message.length) << 24]) {
    v = [v[0], v[1], v[2], v[3] ^ word]
    rounds(c)
    v = [v[0] ^ word, v[1], v[2], v[3]]
  }
  v = [v[0], v[1], v[2] ^ 0xff, v[3]]
  rounds(d)
  return v[1] ^ v[3]
}

describe('HalfSipHash', () => {
  // vectors.h, key 00 01 ... 07, rounds 2-4, 32 bits of output
  for (const [length, expected] of [
    [0, 'a9359f5b'],
    [4, '2a6e4689'],
    [8, 'd0b8848f'],
  ] as const) {
    test(`2-4 of the reference in this test, for the published message of ${length} octets, is ${expected}`, () => {
      const output = new DataView(new ArrayBuffer(4))
      output.setInt32(0, halfReference(sipKey(counting(16), 0), words(counting(length)), 2, 4), true)
      assert.equal(output.getUint32(0).toString(16), expected)
    })
  }

  test('1-3 is that of the reference for every key and message', () => {
    const key = fc.uint8Array({ minLength: 16, maxLength: 16 })
    fc.assert(
      fc.property(key, fc.int32Array({ maxLength: 11 }), (k, message) => {
        assert.equal(halfSipHash(sipKey(k, 0), message, message.length), halfReference(sipKey(k, 0), message, 1, 3))
      }),
    )
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
