import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocalAddresses } from '../../src/stack/local-addresses.ts'
import { Stack } from '../../src/stack/stack.ts'
import { IpAddress } from '../../src/wire/address.ts'

const ip = (text: string): IpAddress => IpAddress.parse(text) ?? assert.fail(text)
const stack = (...addresses: string[]): Stack => new Stack({ addresses, secret: new Uint8Array(32), routes: [] })

test('who has one address of 127.0.0.0/8 has them all, but the broadcast address (RFC 1122 §3.2.1.3 (g))', () => {
  const addresses = new LocalAddresses(['127.0.0.1/8', '::1/128'])
  for (const own of ['127.0.0.1', '127.0.0.2', '127.200.3.4', '::1']) assert.equal(addresses.has(ip(own)), true, own)
  for (const other of ['127.255.255.255', '128.0.0.1', '126.0.0.1', '::2']) {
    assert.equal(addresses.has(ip(other)), false, other)
  }
  assert.equal(new LocalAddresses(['10.0.0.1/8']).has(ip('127.0.0.1')), false)
})

test('there may be a listener for each of its addresses', () => {
  const host = stack('127.0.0.1/8', '::1/128')
  const first = host.listen({ port: 80, address: '127.0.0.1' })
  const second = host.listen({ port: 80, address: '127.0.0.2' })
  const { listeners } = host.tcp.listening
  assert.equal(listeners.get(ip('127.0.0.1'), 80), first)
  assert.equal(listeners.get(ip('127.0.0.2'), 80), second)
  assert.equal(listeners.get(ip('127.0.0.3'), 80), undefined)
})

test('a listener of one family leaves the port of the other alone', () => {
  const host = stack('127.0.0.1/8', '::1/128')
  const four = host.listen({ port: 80, family: 4 })
  assert.throws(() => host.listen({ port: 80 }), { code: 'EADDRINUSE' })
  assert.throws(() => host.listen({ port: 80, address: '127.0.0.2' }), { code: 'EADDRINUSE' })
  const six = host.listen({ port: 80, family: 6 })
  const { listeners } = host.tcp.listening
  assert.equal(listeners.get(ip('127.0.0.9'), 80), four)
  assert.equal(listeners.get(ip('::1'), 80), six)
  four.close()
  assert.equal(listeners.get(ip('127.0.0.9'), 80), undefined)
})
