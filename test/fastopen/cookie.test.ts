import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { CookieKeyRing, TimedKeys } from '../../src/tcp/cookie-keys.ts'
import { FastOpenCookies } from '../../src/tcp/fast-open-cookie.ts'
import { Segment } from '../../src/wire/segment.ts'
import type { Traced } from '../support/trace.ts'
import { addressPair } from '../wire/arbitraries.ts'
import { cookieFor, listenFast } from './support.ts'

const HOUR = 3600
const key = (n: number, length = 16): Uint8Array => new Uint8Array(length).fill(n)
const ring = (): CookieKeyRing => new CookieKeyRing(key(1), key(2), key(3))

/** Whether a stack opens a connection at once for this cookie. */
function takes(tcp: Traced, cookie: string, name: string): boolean {
  const before = tcp.stack.counters.TCPFastOpenPassive
  tcp.trace`
    +0 <${name} S  0:0(0)       win 65535 <mss 1460,FO ${cookie}>
    +0 >${name} S. 0:0(0) ack 1
    +0 <${name} .  1:1(0) ack 1 win 65535
  `
  return tcp.stack.counters.TCPFastOpenPassive > before
}

/** A stack with its own secret, and keys that others may have, too. */
function sharing(fastOpenKeys: CookieKeyRing, secret: number): Traced {
  return listenFast({ stack: { fastOpenKeys, secret: key(secret, 32) } })
}

describe('Fast Open cookies', () => {
  test('are for one pair of addresses, whatever the ports, and cannot be made without the key', () => {
    const cookies = new FastOpenCookies(ring())
    const others = new FastOpenCookies(new CookieKeyRing(key(4), key(5), key(6)))
    fc.assert(
      fc.property(
        addressPair,
        addressPair,
        fc.nat({ max: 7 }),
        fc.integer({ min: 1, max: 255 }),
        (pair, other, at, bits) => {
          const synAck = Object.assign(new Segment(), { source: pair[0], destination: pair[1] })
          cookies.offer(synAck)
          assert.equal(synAck.cookieLength, 8)
          const syn = Object.assign(new Segment(), { source: pair[1], destination: pair[0], cookieLength: 8 })
          syn.cookie.set(synAck.cookie)
          assert.equal(cookies.verify(syn), true)
          assert.equal(others.verify(syn), false)
          const same = other[0].equals(pair[0]) && other[1].equals(pair[1])
          assert.equal(cookies.verify(Object.assign(syn, { source: other[1], destination: other[0] })), same)
          syn.cookie[at]! ^= bits
          assert.equal(cookies.verify(Object.assign(syn, { source: pair[1], destination: pair[0] })), false)
        },
      ),
    )
  })

  test('that are the first octets of a good one are none', () => {
    const cookies = new FastOpenCookies(ring())
    const syn = new Segment()
    cookies.offer(syn)
    for (const cookieLength of [4, 6, 10, 16]) assert.equal(cookies.verify(Object.assign(syn, { cookieLength })), false)
  })

  test('have keys of their own: none is that of a SYN cookie', () => {
    const secret = new Uint8Array(32).fill(7)
    const [cookies, fastOpen] = [new TimedKeys(secret), new TimedKeys(secret, 'fast-open')]
    assert.notDeepEqual(fastOpen.current, cookies.current)
    assert.notDeepEqual(fastOpen.current, cookies.next)
  })
})

describe('the keys', () => {
  test('of the stack itself change each hour: a cookie is good for one hour at the least, and two at the most', () => {
    const tcp = listenFast()
    const cookie = cookieFor(tcp)
    assert.equal(takes(tcp, cookie, 'a'), true)
    tcp.trace`+${2 * HOUR - 1}`
    assert.equal(takes(tcp, cookie, 'b'), true)
    tcp.trace`+1`
    assert.equal(takes(tcp, cookie, 'c'), false)
    assert.equal(takes(tcp, Buffer.from(tcp.peer('c').lastCookie).toString('hex'), 'd'), true)
  })

  test('a SYN-ACK renews the cookie with the key of now', () => {
    const tcp = listenFast()
    const cookie = cookieFor(tcp)
    tcp.trace`
      +${HOUR} < S  0:0(0)       win 65535 <mss 1460,FO ${cookie}>
      +0       > S. 0:0(0) ack 1           <mss 1460,FO *>
      +0       < .  1:1(0) ack 1 win 65535
    `
    const fresh = Buffer.from(tcp.peer().lastCookie).toString('hex')
    assert.notEqual(fresh, cookie)
    tcp.trace`+${HOUR}`
    assert.deepEqual([takes(tcp, cookie, 'b'), takes(tcp, fresh, 'c')], [false, true])
  })

  test('given as a ring: replicas take the cookies of each other, one rotation apart, too', () => {
    const [keysA, keysB] = [ring(), ring()]
    const [a, b] = [sharing(keysA, 1), sharing(keysB, 2)]
    const before = cookieFor(a)
    assert.equal(takes(b, before, 'x'), true)
    keysA.rotate(key(4))
    assert.equal(takes(a, before, 'x'), true)
    assert.equal(takes(b, cookieFor(a), 'y'), true, 'of a replica that is ahead')
    keysB.rotate(key(4))
    assert.equal(takes(b, before, 'z'), true)
    keysB.rotate(key(5))
    assert.equal(takes(b, before, 'w'), false)
  })
})
