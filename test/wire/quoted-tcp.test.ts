import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WireDefect } from '../../src/wire/defect.ts'
import { parseQuotedTcp, QuotedTcp } from '../../src/wire/quoted-tcp.ts'
import {
  FRAGMENT_V4,
  FRAGMENT_V6,
  ipHeader,
  PORT_UNREACHABLE_V4,
  PORT_UNREACHABLE_V6,
  SYN_V6,
  TIME_EXCEEDED_V4,
  TOO_BIG_V4,
  TOO_BIG_V6,
} from './golden.ts'

/** The packet that an ICMP error carries behind its eight octets of header. */
function quoteOf(packet: Uint8Array): Uint8Array {
  return packet.subarray(ipHeader(packet).payloadStart + 8)
}

function defectOf(quote: Uint8Array): WireDefect | undefined {
  return parseQuotedTcp(quote, 0, quote.length, new QuotedTcp())
}

test('the segment that an error of Linux quotes', () => {
  for (const [error, family, source, destination] of [
    [TOO_BIG_V4, 4, '10.77.0.2', '10.78.0.2'],
    [TIME_EXCEEDED_V4, 4, '10.77.0.2', '10.78.0.2'],
    [TOO_BIG_V6, 6, 'fd77::2', 'fd78::2'],
  ] as const) {
    const quoted = new QuotedTcp()
    const quote = quoteOf(error)
    assert.equal(parseQuotedTcp(quote, 0, quote.length, quoted), undefined)
    assert.equal(quoted.family, family)
    assert.deepEqual([String(quoted.source), String(quoted.destination)], [source, destination])
    assert.deepEqual([quoted.sourcePort, quoted.destinationPort, quoted.seq], [40010, 80, 0x11223344])
  }
})

test('eight octets of the segment are enough, seven are not', () => {
  for (const error of [TOO_BIG_V4, TOO_BIG_V6]) {
    const quote = quoteOf(error)
    const headerLength = error === TOO_BIG_V4 ? 20 : 40
    assert.equal(defectOf(quote.subarray(0, headerLength + 8)), undefined)
    assert.equal(defectOf(quote.subarray(0, headerLength + 7)), 'quote-truncated')
    assert.match(defectOf(quote.subarray(0, headerLength - 1))!, /header-truncated$/)
  }
  assert.equal(defectOf(new Uint8Array(0)), 'ip-empty')
  assert.equal(defectOf(new Uint8Array(60)), 'ip-version')
})

test('another protocol, and a fragment without the ports, are not TCP', () => {
  for (const error of [PORT_UNREACHABLE_V4, PORT_UNREACHABLE_V6])
    assert.equal(defectOf(quoteOf(error)), 'quote-not-tcp')
  const four = FRAGMENT_V4.slice()
  four[9] = 6
  assert.equal(defectOf(four), 'quote-not-tcp')
  const six = FRAGMENT_V6.slice()
  six[40] = 6
  assert.equal(defectOf(six), 'quote-not-tcp')
})

test('the header checksum and the lengths of a quoted packet do not matter, extension headers are walked', () => {
  const four = quoteOf(TOO_BIG_V4).slice(0, 28)
  four[8] = 1
  assert.equal(defectOf(four), undefined)

  const packet = Uint8Array.from([...SYN_V6.subarray(0, 40), 6, 0, 1, 4, 0, 0, 0, 0, ...SYN_V6.subarray(40, 48)])
  packet[6] = 60
  const quoted = new QuotedTcp()
  assert.equal(parseQuotedTcp(packet, 0, packet.length, quoted), undefined)
  assert.deepEqual([quoted.destinationPort, quoted.seq], [80, 0xe8f14965])
})
