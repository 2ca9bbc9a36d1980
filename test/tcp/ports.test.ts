import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EphemeralPorts, type PortUser } from '../../src/tcp/ports.ts'
import { deriveKey } from '../../src/tcp/siphash.ts'
import { IpAddress } from '../../src/wire/address.ts'

const KEY = deriveKey(new Uint8Array(32).fill(1), 0)
const [LOCAL, REMOTE] = ['192.0.2.1', '192.0.2.2'].map((text) => IpAddress.parse(text)!) as [IpAddress, IpAddress]

function where(isFree: (port: number) => boolean): PortUser {
  return { isUnused: (_local, port) => isFree(port) }
}

const always = where(() => true)

function ports(first = 1000, last = 1009, key = KEY): EphemeralPorts {
  return new EphemeralPorts(key, [first, last])
}

describe('ephemeral ports (RFC 6056 §3.3.3)', () => {
  test('come each once before any comes again, from the whole range and no other', () => {
    const some = ports()
    const chosen = Array.from({ length: 10 }, () => some.choose(LOCAL, REMOTE, 80, always))
    assert.deepEqual(chosen.sort(), [1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009])
  })

  test('pass over those that are taken', () => {
    const some = ports()
    for (let i = 0; i < 20; i++)
      assert.equal(
        some.choose(
          LOCAL,
          REMOTE,
          80,
          where((port) => port === 1004),
        ),
        1004,
      )
  })

  test('run out with EADDRNOTAVAIL', () => {
    assert.throws(
      () =>
        ports().choose(
          LOCAL,
          REMOTE,
          80,
          where(() => false),
        ),
      { code: 'EADDRNOTAVAIL' },
    )
  })

  test('start where only the secret and the destination say', () => {
    const first = (some: EphemeralPorts, port: number): number => some.choose(LOCAL, REMOTE, port, always)
    const starts = [80, 81, 82, 83, 84].map((port) => first(ports(1000, 60_000), port))
    const others = [80, 81, 82].map((port) => first(ports(1000, 60_000, deriveKey(new Uint8Array(32), 0)), port))
    assert.equal(new Set([...starts, ...others]).size, 8)
    assert.equal(first(ports(1000, 60_000), 80), starts[0])
  })

  test('may be a single one', () => {
    assert.equal(ports(7, 7).choose(LOCAL, REMOTE, 80, always), 7)
  })
})
