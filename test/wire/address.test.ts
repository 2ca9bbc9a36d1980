import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { IpAddress, IpPrefix } from '../../src/wire/address.ts'
import { ipv4Address, ipv6Address } from './arbitraries.ts'

/** Input and what RFC 5952 makes of it. */
const CANONICAL: readonly (readonly [text: string, canonical: string])[] = [
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:0db8::0001', '2001:db8::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:DB8::ABCD', '2001:db8::abcd'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['1:0:0:0:0:0:0:0', '1::'],
  ['fe80::1:2:3:4', 'fe80::1:2:3:4'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['192.0.2.1', '192.0.2.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
]

test('an address prints in the canonical form of RFC 5952', () => {
  for (const [text, canonical] of CANONICAL) assert.equal(IpAddress.parse(text)?.toString(), canonical, text)
})

test('what is not an address is refused', () => {
  const texts = ['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.4 ', ' ::', ':', ':::', '1::2::3', '::g']
  const longer = ['1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '12345::', '1.2.3.4::', '::1.2.3', '::%1']
  for (const text of [...texts, ...longer]) assert.equal(IpAddress.parse(text), undefined, JSON.stringify(text))
})

test('node:net and estab agree on what is an address', () => {
  const piece = fc.constantFrom('0', '1', 'ff', 'FFFF', '10000', '255', '256', '007', '', 'x')
  const glue = fc.constantFrom(':', '::', '.', '')
  const text = fc
    .array(fc.tuple(piece, glue), { minLength: 1, maxLength: 9 })
    .map((parts) => parts.map((part) => part.join('')).join(''))
  const check = (candidate: string): void => assert.equal(IpAddress.parse(candidate) !== undefined, isIP(candidate) > 0)
  fc.assert(fc.property(text, check))
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), check))
})

test('the text of an address is read back as the same address', () => {
  fc.assert(
    fc.property(fc.oneof(ipv4Address, ipv6Address), (address) => {
      const back = IpAddress.parse(address.toString())
      assert.deepEqual(back, address)
      assert.equal(isIP(address.toString()), address.family)
    }),
  )
})

test('an address is read from the octets that it was written to', () => {
  fc.assert(
    fc.property(fc.oneof(ipv4Address, ipv6Address), fc.nat({ max: 5 }), (address, at) => {
      const octets = new Uint8Array(21)
      const back = new IpAddress(1, 2, 3, 4)
      if (address.write(octets, at) === 4) back.read4(octets, at)
      else back.read6(octets, at)
      assert.ok(back.equals(address))
    }),
  )
})

test('special addresses are told apart', () => {
  const flags = (text: string): boolean[] => {
    const address = IpAddress.parse(text)!
    return [address.isUnspecified, address.isMulticast, address.isBroadcast]
  }
  for (const text of ['0.0.0.0', '::']) assert.deepEqual(flags(text), [true, false, false], text)
  for (const text of ['224.0.0.1', '239.255.255.255', 'ff02::1'])
    assert.deepEqual(flags(text), [false, true, false], text)
  assert.deepEqual(flags('255.255.255.255'), [false, false, true])
  for (const text of ['10.0.0.1', '240.0.0.1', '::1', 'fe80::1'])
    assert.deepEqual(flags(text), [false, false, false], text)
})

test('a prefix holds the addresses that share its bits, and none of the other family', () => {
  const holds = (prefix: string, address: string): boolean | undefined =>
    IpPrefix.parse(prefix)?.contains(IpAddress.parse(address)!)
  assert.equal(holds('10.77.0.2/24', '10.77.0.255'), true)
  assert.equal(holds('10.77.0.2/24', '10.77.1.0'), false)
  assert.equal(holds('10.77.0.2/31', '10.77.0.3'), true)
  assert.equal(holds('10.77.0.2', '10.77.0.3'), false)
  assert.equal(holds('0.0.0.0/0', '255.255.255.255'), true)
  assert.equal(holds('0.0.0.0/0', '::1'), false)
  assert.equal(holds('::/0', '10.0.0.1'), false)
  assert.equal(holds('fd77::2/64', 'fd77::ffff:0:0:1'), true)
  assert.equal(holds('fd77::2/64', 'fd77:0:0:1::'), false)
  assert.equal(holds('fd77::2/127', 'fd77::3'), true)
  assert.equal(holds('fd77::2/128', 'fd77::3'), false)
})

test('what is not a prefix is refused', () => {
  for (const text of ['10.0.0.1/33', '10.0.0.1/', '10.0.0.1/-1', '10.0.0.1/8/8', '::/129', 'x/8', '/8']) {
    assert.equal(IpPrefix.parse(text), undefined, text)
  }
  assert.equal(IpPrefix.parse('10.0.0.1/8')?.toString(), '10.0.0.1/8')
  assert.equal(IpPrefix.parse('fd77::1')?.toString(), 'fd77::1/128')
})
