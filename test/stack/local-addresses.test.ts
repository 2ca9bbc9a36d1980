import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isUnicast, LocalAddresses } from '../../src/stack/local-addresses.ts'
import { IpAddress } from '../../src/wire/address.ts'

function ip(text: string): IpAddress {
  return IpAddress.parse(text) ?? assert.fail(text)
}

describe('the addresses of a stack', () => {
  const addresses = new LocalAddresses(['10.77.0.2/24', '192.0.2.9/32', '198.51.100.4/31', 'fd77::2/64'])

  for (const [address, isOwn] of [
    ['10.77.0.2', true],
    ['10.77.0.3', false],
    ['192.0.2.9', true],
    ['fd77::2', true],
    ['fd77::3', false],
    ['::ffff:10.77.0.2', true],
  ] as const) {
    test(`${isOwn ? 'are' : 'are not'} ${address}`, () => {
      assert.equal(addresses.has(ip(address)), isOwn)
    })
  }

  for (const [address, isBroadcast] of [
    ['10.77.0.255', true],
    ['10.77.0.254', false],
    ['10.77.1.255', false],
    ['192.0.2.9', false],
    ['198.51.100.5', false],
    ['fd77::ffff:ffff:ffff:ffff', false],
  ] as const) {
    test(`${isBroadcast ? 'make' : 'do not make'} ${address} a broadcast address`, () => {
      assert.equal(addresses.isShared(ip(address)), isBroadcast)
    })
  }

  for (const [remote, source] of [
    ['10.77.0.200', '10.77.0.2'],
    ['198.51.100.5', '198.51.100.4'],
    ['203.0.113.1', '10.77.0.2'],
    ['2001:db8::1', 'fd77::2'],
  ] as const) {
    test(`talk to ${remote} from ${source} (RFC 9293 MUST-44)`, () => {
      assert.equal(`${addresses.sourceFor(ip(remote))}`, source)
    })
  }

  test('reach no other family: ENETUNREACH', () => {
    assert.throws(() => new LocalAddresses(['10.0.0.1/8']).sourceFor(ip('fd77::1')), { code: 'ENETUNREACH' })
  })

  for (const text of ['10.0.0.1/33', 'fd77::2/129', 'nonsense/24', '', '10.0.0/24', '10.0.0.1/-1']) {
    test(`are refused as "${text}": it is no CIDR notation`, () => {
      assert.throws(() => new LocalAddresses([text]), { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' })
    })
  }

  for (const text of ['224.0.0.1/24', '255.255.255.255/32', '0.0.0.0/0', 'ff02::1/64', '::/0']) {
    test(`are refused as "${text}": no host can have it`, () => {
      assert.throws(() => new LocalAddresses([text]), { code: 'ERR_INVALID_ARG_VALUE' })
    })
  }

  test('without a prefix length are a network each of one host', () => {
    const [prefix] = new LocalAddresses(['10.0.0.1']).prefixes
    assert.equal(`${prefix}`, '10.0.0.1/32')
  })

  test('are one at least', () => {
    assert.throws(() => new LocalAddresses([]), { code: 'ERR_INVALID_ARG_VALUE' })
  })
})

describe('the address of one host', () => {
  for (const [text, is] of [
    ['10.0.0.1', true],
    ['fe80::1', true],
    ['224.0.0.1', false],
    ['239.255.255.255', false],
    ['255.255.255.255', false],
    ['0.0.0.0', false],
    ['::', false],
    ['ff02::1', false],
  ] as const) {
    test(`is ${is ? '' : 'not '}${text}`, () => {
      assert.equal(isUnicast(ip(text)), is)
    })
  }
})
