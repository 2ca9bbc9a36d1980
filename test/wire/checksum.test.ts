import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IpAddress } from '../../src/wire/address.ts'
import { foldChecksum, foldSum, pseudoHeaderSum, sumOctets } from '../../src/wire/checksum.ts'
import { addressPair, uint8 } from './arbitraries.ts'
import { octets } from './golden.ts'

/** RFC 1071 §1, as it is said there. */
function reference(data: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < data.length; i += 2) {
    sum += data[i]! * 256 + (data[i + 1] ?? 0)
    if (sum > 0xffff) sum -= 0xffff
  }
  return 0xffff - sum
}

test('the numerical example of RFC 1071 §3', () => {
  const data = octets('0001f203f4f5f6f7')
  assert.equal(foldSum(sumOctets(data, 0, 8)), 0xddf2)
  assert.equal(foldChecksum(sumOctets(data, 0, 8)), 0x220d)
})

test('nothing sums to nothing', () => {
  assert.equal(sumOctets(new Uint8Array(4), 2, 2), 0)
  assert.equal(sumOctets(new Uint8Array(4), 2, 2, 7), 7)
  assert.equal(foldChecksum(0), 0xffff)
})

test('any range of any view agrees with a naive sum', () => {
  const range = fc.record({
    buffer: fc.uint8Array({ minLength: 16, maxLength: 700 }),
    view: fc.nat({ max: 9 }),
    from: fc.nat({ max: 30 }),
    to: fc.nat({ max: 700 }),
  })
  fc.assert(
    fc.property(range, ({ buffer, view, from, to }) => {
      const data = buffer.subarray(view)
      const start = Math.min(from, data.length)
      const end = Math.min(Math.max(start, to), data.length)
      assert.equal(foldChecksum(sumOctets(data, start, end)), reference(data.subarray(start, end)))
    }),
    { numRuns: 1000 },
  )
})

test('the heaviest octets do not overflow, at any length up to 64 KiB and beyond', () => {
  const heavy = new Uint8Array(200_001).fill(0xff)
  for (const length of [1, 95, 96, 97, 1500, 65_535, 65_536, 65_575, 200_000, 200_001]) {
    for (const start of [0, 1]) {
      const end = Math.min(heavy.length, start + length)
      assert.equal(
        foldChecksum(sumOctets(heavy, start, end)),
        reference(heavy.subarray(start, end)),
        `${start}, ${end}`,
      )
    }
  }
})

test('a sum may be taken in parts of even length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat({ max: 200 }), (data, half) => {
      const cut = Math.min(2 * half, data.length & ~1)
      const whole = foldChecksum(sumOctets(data, 0, data.length))
      assert.equal(foldChecksum(sumOctets(data, cut, data.length, sumOctets(data, 0, cut))), whole)
    }),
  )
})

test('buffers in turn do not get each other’s sums', () => {
  const buffers = [1, 2, 3, 4].map((octet) => new Uint8Array(256).fill(octet))
  for (let round = 0; round < 20; round++) {
    const data = buffers[(round * 7) % 4]!
    assert.equal(foldChecksum(sumOctets(data, 0, 256)), reference(data))
  }
})

test('the pseudo-header sums like the octets that RFC 9293 §3.1 and RFC 8200 §8.1 draw', () => {
  fc.assert(
    fc.property(addressPair, uint8, fc.nat({ max: 0x1_ffff }), (pair, protocol, length) => {
      const [source, destination] = pair
      const drawn = new Uint8Array(40)
      source.write(drawn, 0)
      destination.write(drawn, 16)
      drawn.set([0, length >>> 16, (length >>> 8) & 0xff, length & 0xff, 0, 0, 0, protocol], 32)
      const sum = pseudoHeaderSum(source, destination, protocol, length)
      assert.equal(foldChecksum(sum), reference(drawn))
    }),
  )
})

test('an IPv6 address with the low half of an IPv4 one sums all its words', () => {
  const [four, six] = [IpAddress.parse('10.0.0.1')!, IpAddress.parse('1::ffff:a00:1')!]
  assert.equal(pseudoHeaderSum(six, six, 6, 20) - pseudoHeaderSum(four, four, 6, 20), 2 + 2 * 0xffff)
})
