import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection } from '../../src/tcp/connection.ts'
import { NextText } from '../../src/tcp/next-text.ts'
import { IpAddress } from '../../src/wire/address.ts'
import type { Landing } from '../../src/wire/landing.ts'
import { Segment } from '../../src/wire/segment.ts'

/** What of a connection is looked at. */
function reader(port: number, room: number, family: 4 | 6 = 4) {
  const address = IpAddress.parse(family === 4 ? '10.0.0.1' : 'fd00::1')!
  return {
    local: address,
    localPort: 80,
    remote: address,
    remotePort: port,
    receiveBuffer: { isEmpty: true },
    sink: {
      take: () => 0,
      place: (landing: Landing, least: number) => {
        landing.end = room
        return room < least ? 'full' : 'there'
      },
    },
  }
}

function text(length: number, options = 12): Segment {
  const segment = new Segment()
  segment.length = length
  segment.optionsStart = 60
  segment.optionsEnd = 60 + options
  return segment
}

const connection = (of: ReturnType<typeof reader>): Connection => of as unknown as Connection

test('after two long texts of one connection the next one has a place', () => {
  const next = new NextText()
  const one = connection(reader(4000, 100_000))
  const other = connection(reader(4001, 100_000, 6))
  equal(next.place(), undefined)
  next.taken(one, text(10_000))
  equal(next.place(), undefined)
  next.taken(other, text(10_000))
  next.taken(one, text(10_000))
  equal(next.place(), undefined)
  next.taken(one, text(10_000))
  const landing = next.place() as Landing
  equal(landing.headerLength, 20 + 20 + 12)
  equal(landing.ports >>> 0, 4000 * 65_536 + 80)
  // Short text says nothing.
  next.taken(other, text(100))
  equal(next.place(), landing)
  next.taken(other, text(10_000, 0))
  next.taken(other, text(10_000, 0))
  equal(next.place(), landing)
  equal(landing.headerLength, 40 + 20)
})

test('a guess that was wrong is not made again before two more texts', () => {
  const next = new NextText()
  const one = connection(reader(4000, 100_000))
  for (let i = 0; i < 2; i++) next.taken(one, text(10_000))
  const landing = next.place() as Landing
  landing.missed = true
  equal(next.place(), undefined)
  next.taken(one, text(10_000))
  equal(next.place(), undefined)
  next.taken(one, text(10_000))
  equal(next.place(), landing)
})

test('there is no place while text is unread, nor once the connection is gone; it is full where the longest would not fit', () => {
  const next = new NextText()
  const given = reader(4000, 20_000)
  const one = connection(given)
  next.taken(one, text(20_001))
  next.taken(one, text(10_000))
  equal(next.place(), 'full')
  given.receiveBuffer.isEmpty = false
  equal(next.place(), undefined)
  given.receiveBuffer.isEmpty = true
  next.forget(connection(reader(4001, 1)))
  equal(next.place(), 'full')
  next.forget(one)
  equal(next.place(), undefined)
})
