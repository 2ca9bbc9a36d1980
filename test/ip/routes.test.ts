import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type RouteInterface, type RouteOptions, RouteTable } from '../../src/ip/routes.ts'
import { chooseSource } from '../../src/ip/source-address.ts'
import { Stack } from '../../src/stack/stack.ts'
import { IpAddress, IpPrefix } from '../../src/wire/address.ts'

const ip = (text: string): IpAddress => IpAddress.parse(text) ?? assert.fail(text)
const prefixes = (...texts: string[]): IpPrefix[] => texts.map((text) => IpPrefix.parse(text) ?? assert.fail(text))

const INTERFACES: readonly RouteInterface[] = [
  { index: 0, name: 'lan', prefixes: prefixes('10.0.0.2/24', 'fd00::2/64') },
  { index: 1, name: 'wan', prefixes: prefixes('192.0.2.2/24', '2001:db8::2/64') },
]

const table = (...routes: RouteOptions[]): RouteTable<RouteInterface> => new RouteTable(INTERFACES, routes)

describe('the routing table', () => {
  const routes = table(
    { to: 'default', via: '192.0.2.1' },
    { to: 'default', via: '2001:db8::1' },
    { to: '10.1.0.0/16', via: '10.0.0.1' },
    { to: '10.1.2.0/24', via: '10.0.0.9' },
    { to: '10.1.2.3/32', interface: 'wan' },
  )
  for (const [destination, name, gateway] of [
    ['10.0.0.77', 'lan', undefined],
    ['192.0.2.77', 'wan', undefined],
    ['fd00::77', 'lan', undefined],
    ['10.1.1.1', 'lan', '10.0.0.1'],
    ['10.1.2.1', 'lan', '10.0.0.9'],
    ['10.1.2.3', 'wan', undefined],
    ['198.51.100.1', 'wan', '192.0.2.1'],
    ['2001:db8:1::1', 'wan', '2001:db8::1'],
  ] as const) {
    test(`has ${destination} ${gateway === undefined ? 'next to' : `behind ${gateway} at`} ${name}: the longest prefix`, () => {
      const route = routes.lookup(ip(destination))
      assert.equal(route?.out.name, name)
      assert.equal(route?.gateway?.toString(), gateway)
    })
  }

  test('without a default has no route to others', () => {
    assert.equal(table().lookup(ip('198.51.100.1')), undefined)
  })

  for (const [what, options] of [
    ['no prefix', { to: '10.0.0.0/33' }],
    ['a gateway that is no address', { to: 'default', via: 'router' }],
    ['a gateway in no network', { to: 'default', via: '203.0.113.1' }],
    ['a gateway of another family', { to: '10.9.0.0/16', via: 'fd00::1' }],
    ['an interface that is not there', { to: 'default', interface: 'eth9' }],
  ] as const) {
    test(`refuses ${what}`, () => {
      assert.throws(() => table(options), { code: 'ERR_INVALID_ARG_VALUE' })
    })
  }
})

describe('the source address', () => {
  for (const [candidates, remote, chosen] of [
    [['10.0.0.1/24', '10.1.0.1/24'], '10.1.0.9', '10.1.0.1'],
    [['10.0.0.1/24', '10.1.0.1/24'], '8.8.8.8', '10.0.0.1'],
    [['fe80::1/64', 'fd00::1/64'], 'fe80::9', 'fe80::1'],
    [['fe80::1/64', 'fd00::1/64'], 'fd00::9', 'fd00::1'],
    [['fe80::1/64', 'fd00::1/64'], '2001:db8::9', 'fd00::1'],
    [['fd00::1/64', '2001:db8::1/64'], '2001:db9::9', '2001:db8::1'],
    [['fd00::1/64', '2001:db8::1/64'], 'fd00::1', 'fd00::1'],
    [['2001:db8::1/64', '2001:db8::2/64'], '2001:db8::2', '2001:db8::2'],
    [['2001:db8::1/64', '2001:db8::2/64'], '2001:db8::3', '2001:db8::1'],
    [['2001:db8::1/64', 'fe80::1/64'], 'ff02::1', 'fe80::1'],
  ] as const) {
    test(`to ${remote}, of ${candidates.join(' and ')}, is ${chosen} (RFC 6724 §5)`, () => {
      assert.equal(chooseSource(prefixes(...candidates), ip(remote))?.toString(), chosen)
    })
  }

  test('of a family that is not there is none', () => {
    assert.equal(chooseSource(prefixes('10.0.0.1/24'), ip('fd00::1')), undefined)
  })

  test('is that of the interface by which the destination is reached', () => {
    const stack = new Stack({
      secret: new Uint8Array(32),
      interfaces: [{ addresses: ['10.0.0.2/24', 'fd00::2/64'] }, { addresses: ['192.0.2.2/24'] }],
      routes: [{ to: 'default', via: '192.0.2.1' }],
    })
    assert.equal(stack.connect({ address: '198.51.100.1', port: 80 }).localAddress, '192.0.2.2')
    assert.equal(stack.connect({ address: '10.0.0.9', port: 80 }).localAddress, '10.0.0.2')
    assert.throws(() => stack.connect({ address: '2001:db8::1', port: 80 }), { code: 'ENETUNREACH' })
  })
})

describe('the options of a stack', () => {
  const secret = new Uint8Array(32)
  test('give addresses or interfaces, and one of them at least', () => {
    assert.throws(() => new Stack({ secret, addresses: ['10.0.0.1/24'], interfaces: [] }), {
      code: 'ERR_INVALID_ARG_VALUE',
    })
    assert.throws(() => new Stack({ secret, interfaces: [] }), { code: 'ERR_INVALID_ARG_VALUE' })
    assert.throws(() => new Stack({ secret }), { code: 'ERR_INVALID_ARG_VALUE' })
  })

  test('refuse an Ethernet address that is none, or a group’s', () => {
    const addresses = ['10.0.0.1/24']
    for (const mac of ['02:00:00', '01:00:00:00:00:01', '00:00:00:00:00:00']) {
      assert.throws(() => new Stack({ secret, addresses, medium: 'ethernet', mac }), { code: 'ERR_INVALID_ARG_VALUE' })
    }
  })

  test('refuse to forward what links have put together', () => {
    const offload = { checksum: true, segmentation: 65_535 }
    assert.throws(() => new Stack({ secret, addresses: ['10.0.0.1/24'], forwarding: true, offload }), {
      code: 'ERR_INVALID_ARG_VALUE',
    })
  })
})
