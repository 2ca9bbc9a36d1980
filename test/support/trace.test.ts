import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { IpAddress } from '../../src/wire/address.ts'
import { differences, formatSegment } from './trace-format.ts'
import { decode, encodeIcmp, encodeSegment, type Peer } from './trace-packet.ts'
import { parseTrace, type SegmentNotation, TraceSyntaxError } from './trace-parse.ts'

function segment(text: string): SegmentNotation {
  const [line] = parseTrace(`+0 > ${text}`)
  assert.ok(line?.kind === 'out')
  return line.segment
}

function peer(settings: Partial<Peer> = {}): Peer {
  return {
    name: '',
    address: IpAddress.parse('192.0.2.2')!,
    port: 40_000,
    localAddress: IpAddress.parse('192.0.2.1')!,
    localPort: 80,
    isn: 0,
    iss: undefined,
    firstTsVal: undefined,
    lastTsVal: 0,
    lastCookie: [],
    ...settings,
  }
}

/** The peer as the stack sees it: what the one sends, the other reads. */
function mirrored(original: Peer, settings: Partial<Peer> = {}): Peer {
  const { address, port, localAddress, localPort } = original
  return peer({ address: localAddress, port: localPort, localAddress: address, localPort: port, ...settings })
}

describe('the text of a trace', () => {
  test('times, directions, peers and comments', () => {
    const lines = parseTrace(`
      // a comment has no line of its own
      +0   < S 0:0(0) win 65535   // nor one behind it
      +.25 >b S. 0:0(0) ack 1
      @63
    `)
    assert.deepEqual(
      lines.map(({ line, kind, base, ms }) => ({ line, kind, base, ms })),
      [
        { line: 2, kind: 'in', base: '+', ms: 0 },
        { line: 3, kind: 'out', base: '+', ms: 250 },
        { line: 4, kind: 'wait', base: '@', ms: 63_000 },
      ],
    )
    assert.deepEqual(
      lines.map((line) => ('peer' in line ? line.peer : undefined)),
      ['', 'b', undefined],
    )
  })

  test('a segment with everything', () => {
    const text = 'P.U 1:6(5) ack 7 win 512 urg 3 <nop,TS val 10 ecr *,sack 20:30 -1:5,raw fd02>'
    assert.deepEqual(segment(text), {
      flags: 'P.U',
      seq: 1,
      length: 5,
      ack: 7,
      win: 512,
      urg: 3,
      options: [
        { kind: 'nop' },
        { kind: 'TS', val: 10, ecr: '*' },
        { kind: 'sack', edges: [20, 30, -1, 5] },
        { kind: 'raw', octets: [0xfd, 2] },
      ],
    })
  })

  test('what is not written is left open', () => {
    const { win, urg, options } = segment('. 1:1(0) ack 1')
    assert.deepEqual([win, urg, options], [undefined, undefined, undefined])
    assert.deepEqual(segment('. 1:1(0) ack 1 <>').options, [])
  })

  test('flags have one order, and - is none', () => {
    assert.equal(segment('.S 0:0(0) ack 1').flags, 'S.')
    assert.equal(segment('- 0:0(0)').flags, '-')
  })

  test('what is written comes back', () => {
    for (const text of [
      'S 0:0(0)',
      'F. 1:4(3) ack 2 win 0 <mss 1460,sackOK,TS val * ecr 0,eol,wscale 7,sack 1:2 3:4>',
    ]) {
      assert.equal(formatSegment(segment(text)), text)
    }
  })

  const mistakes: [text: string, problem: RegExp][] = [
    ['< S 0:0(0)', /starts with its time/],
    ['+0 S 0:0(0)', /< .* or >/],
    ['+0 < Q 0:0(0)', /"Q" are no flags/],
    ['+0 < SS 0:0(0)', /"SS" are no flags/],
    ['+0 < S 0:5(4)', /0 \+ 4 is not 5/],
    ['+0 < S 0-5', /no range/],
    ['+0 < . 1:1(0)', /go together/],
    ['+0 < S 0:0(0) ack 1', /go together/],
    ['+0 < S 0:0(0) <mss>', /"mss" is no option/],
    ['+0 < S 0:0(0) <TS val * ecr 0>', /expected, not sent/],
    ['+0 < S 0:0(0) wni 5', /a segment is/],
    ['+0 < icmp unreachable', /icmp is/],
    ['& > S 0:0(0)', /both go to the stack/],
    ['&', /< .* or >/],
    ['+0 > icmp unreachable port_unreachable [1:1(0)]', /not expected/],
  ]
  for (const [text, problem] of mistakes) {
    test(`a mistake names its line: ${text}`, () => {
      assert.throws(
        () => parseTrace(`\n  +0\n  ${text}\n`),
        (error) =>
          error instanceof TraceSyntaxError &&
          error.message.startsWith(`line 2 of the trace: ${text}`) &&
          problem.test(error.message),
      )
    })
  }
})

describe('the comparison of segments', () => {
  const sent = segment('S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,TS val 0 ecr 100,nop,wscale 7>')

  test('leaves out what is not written down', () => {
    assert.deepEqual(differences(segment('S. 0:0(0) ack 1'), sent), [])
  })

  test('knows wildcards, and no order or padding of options', () => {
    const written = segment('S. 0:0(0) ack 1 <wscale 7,TS val * ecr 100,sackOK,mss 1460>')
    assert.deepEqual(differences(written, sent), [])
  })

  test('names the fields that differ', () => {
    const written = segment('P. 1:3(2) ack 2 win 1 urg 4 <mss 1461>')
    assert.deepEqual(differences(written, sent), ['flags', 'seq', 'length', 'ack', 'win', 'urg', 'options'])
  })
})

describe('packets of a trace', () => {
  for (const [family, addresses] of [
    [4, ['192.0.2.2', '192.0.2.1']],
    [6, ['2001:db8::2', '2001:db8::1']],
  ] as const) {
    test(`IPv${family}: what is encoded is decoded, with numbers relative to each side`, () => {
      const [address, localAddress] = addresses.map((text) => IpAddress.parse(text)!) as [IpAddress, IpAddress]
      const from = peer({ address, localAddress, isn: 0xffff_fff0, iss: 5000 })
      const to = mirrored(from, { isn: 5000, iss: 0xffff_fff0 })
      const text = 'P. 20:120(100) ack 30 win 77 <nop,nop,TS val 9 ecr 4,raw fd04abcd>'
      const [line] = parseTrace(`+0 < ${text}`)
      assert.ok(line?.kind === 'in')
      const sent = decode(encodeSegment(from, line.segment), 0, [to])
      assert.equal(sent.peer, to)
      assert.equal(sent.text, `> ${text.replace('TS val 9', 'TS val 0')}`)
      assert.equal(sent.defect, undefined)
    })
  }

  test('the initial sequence number is learnt from a SYN, and a payload that is not the stream is found', () => {
    const from = peer({ isn: 777 })
    const to = mirrored(from)
    const syn = decode(encodeSegment(from, segment('S 0:3(3)')), 0, [to])
    assert.equal(to.iss, 777)
    assert.equal(syn.defect, undefined)
    const octets = encodeSegment(from, { ...segment('P. 1:11(10) ack 1'), seq: 2 })
    from.iss = 0
    assert.equal(decode(octets, 0, [to]).defect, undefined)
    const shifted = decode(octets, 0, [{ ...to, iss: 776 }])
    assert.match(shifted.defect!, /octet 0 of its payload/)
  })

  test('what goes to nobody in the trace says where it goes', () => {
    const sent = decode(encodeSegment(peer(), segment('R 5:5(0)')), 0, [])
    assert.equal(sent.text, '> (to 192.0.2.1 port 80) R 5:5(0) win 65535')
  })

  test('an ICMP error quotes our segment, and an unknown one is refused', () => {
    const octets = encodeIcmp(peer({ iss: 100 }), { name: 'unreachable frag_needed', mtu: 1200, seq: 1, length: 1460 })
    assert.equal(octets.length, 20 + 8 + 20 + 8)
    assert.deepEqual([...octets.subarray(20, 22), ...octets.subarray(24, 28)], [3, 4, 0, 0, 4, 176])
    assert.deepEqual([...octets.subarray(-8)], [0, 80, 0x9c, 0x40, 0, 0, 0, 101])
    assert.throws(
      () => encodeIcmp(peer(), { name: 'nonsense', mtu: undefined, seq: 0, length: 0 }),
      /called "nonsense"/,
    )
  })
})
