/** Arbitrary values of every record that the wire layer writes, for round trips. */
import fc from 'fast-check'
import { IpAddress } from '../../src/wire/address.ts'
import { IpHeader } from '../../src/wire/ip.ts'
import type { MacAddress } from '../../src/wire/mac.ts'
import { ABSENT, MAX_COOKIE_LENGTH, MAX_SACK_BLOCKS, Segment } from '../../src/wire/segment.ts'

export const uint8: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xff })
export const uint16: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffff })
export const uint32: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffff_ffff })
export const port: fc.Arbitrary<number> = fc.integer({ min: 1, max: 0xffff })
export const mac: fc.Arbitrary<MacAddress> = fc.integer({ min: 0, max: 0xffff_ffff_ffff })

export const ipv4Address: fc.Arbitrary<IpAddress> = uint32.map((word) => new IpAddress(0, 0, 0xffff, word))

/** Many words are 0, so that `::` comes in every place. */
const word: fc.Arbitrary<number> = fc.oneof(fc.constant(0), uint16, uint32)

export const ipv6Address: fc.Arbitrary<IpAddress> = fc
  .tuple(word, word, word, word)
  .map(([a, b, c, d]) => new IpAddress(a, b, c, d))
  .filter((address) => address.family === 6)

/** Two addresses of one family. */
export const addressPair: fc.Arbitrary<[IpAddress, IpAddress]> = fc.oneof(
  fc.tuple(ipv4Address, ipv4Address),
  fc.tuple(ipv6Address, ipv6Address),
)

export const payload: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ minLength: 41, maxLength: 2000 }),
)

/** What an IP packet without options can carry; `fragment` and the payload's place are left as they are. */
export const ipHeader: fc.Arbitrary<IpHeader> = fc
  .record({
    addresses: addressPair,
    protocol: fc.constantFrom(1, 6, 17, 58, 253),
    hopLimit: uint8,
    trafficClass: uint8,
    flowLabel: fc.integer({ min: 0, max: 0xfffff }),
    identification: uint16,
    dontFragment: fc.boolean(),
  })
  .map(({ addresses: [source, destination], flowLabel, identification, dontFragment, ...rest }) => {
    const family = source.family
    const ofFamily = family === 4 ? { identification, dontFragment } : { flowLabel, pointer: 6 }
    return Object.assign(new IpHeader(), { family, source, destination, ...ofFamily, ...rest })
  })

/** A Fast Open cookie; none is a request for one. */
const cookie: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.constant(new Uint8Array(0)),
  fc.uint8Array({ minLength: 4, maxLength: MAX_COOKIE_LENGTH }).filter(({ length }) => length % 2 === 0),
)

/** A segment with any options that fit, its payload anywhere in a ring buffer, past its end included. */
export const segment: fc.Arbitrary<Segment> = fc
  .record({
    addresses: addressPair,
    sourcePort: port,
    destinationPort: port,
    seq: uint32,
    ack: uint32,
    flags: fc.integer({ min: 0, max: 0x1ff }),
    wnd: uint16,
    urg: uint16,
    mss: fc.oneof(fc.constant(ABSENT), uint16),
    windowScale: fc.oneof(fc.constant(ABSENT), uint8),
    sackPermitted: fc.boolean(),
    timestamps: fc.option(fc.tuple(uint32, uint32), { nil: undefined }),
    edges: fc.array(uint32, { maxLength: 2 * MAX_SACK_BLOCKS }),
    cookie: fc.option(cookie, { nil: undefined }),
    userTimeout: fc.oneof(fc.constant(ABSENT), fc.integer({ min: 1, max: 32_767 })),
    ring: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    start: fc.nat(),
    length: fc.nat(),
  })
  .map(({ addresses: [source, destination], timestamps, edges, cookie, userTimeout, ring, start, length, ...rest }) => {
    const made = Object.assign(new Segment(), { source, destination, ...rest })
    if (timestamps !== undefined) {
      made.timestamps = true
      made.tsVal = timestamps[0]
      made.tsEcr = timestamps[1]
    }
    made.sackEdges.set(edges)
    made.sackBlocks = edges.length >> 1
    if (cookie === undefined) made.userTimeout = userTimeout
    if (cookie !== undefined) {
      made.cookie.set(cookie)
      made.cookieLength = cookie.length
    }
    made.octets = ring
    made.start = start % (3 * ring.length)
    made.length = length % (ring.length + 1)
    return made
  })
