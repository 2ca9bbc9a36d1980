import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ABSENT, Segment } from '../../src/wire/segment.ts'
import { MAX_OPTIONS_LENGTH, parseTcpOptions, tcpOptionsLength, writeTcpOptions } from '../../src/wire/tcp-options.ts'
import { segment as anySegment } from './arbitraries.ts'
import { hex, octets } from './golden.ts'

/** The options that the octets hold, without those that are absent. */
function read(text: string): Record<string, unknown> {
  const segment = new Segment()
  const data = octets(text)
  parseTcpOptions(data, 0, data.length, segment)
  const { mss, windowScale, sackPermitted, timestamps, tsVal, tsEcr, sackBlocks, sackEdges } = segment
  const { cookie, cookieLength, userTimeout } = segment
  return {
    ...(mss === ABSENT ? {} : { mss }),
    ...(windowScale === ABSENT ? {} : { windowScale }),
    ...(sackPermitted ? { sackPermitted } : {}),
    ...(timestamps ? { tsVal, tsEcr } : {}),
    ...(sackBlocks === 0 ? {} : { sack: [...sackEdges.subarray(0, 2 * sackBlocks)] }),
    ...(userTimeout === ABSENT ? {} : { userTimeout }),
    ...(cookieLength === ABSENT ? {} : { cookie: hex(cookie, 0, cookieLength) }),
  }
}

function written(options: Partial<Segment>): string {
  const segment = Object.assign(new Segment(), options)
  const into = new Uint8Array(60)
  const end = writeTcpOptions(into, 0, segment)
  assert.equal(end, tcpOptionsLength(segment))
  return hex(into, 0, end)
}

const EDGES = { sackBlocks: 4, sackEdges: Uint32Array.from([1, 2, 3, 4, 5, 6, 7, 8]) }
const TIMESTAMPS = { timestamps: true, tsVal: 0x01020304, tsEcr: 0x05060708 }

test('every option is read (RFC 9293 MUST-4, RFC 7323, RFC 2018)', () => {
  assert.deepEqual(read('020405b4'), { mss: 1460 })
  assert.deepEqual(read('030307'), { windowScale: 7 })
  assert.deepEqual(read('0402'), { sackPermitted: true })
  assert.deepEqual(read('080affffffff80000000'), { tsVal: 0xffff_ffff, tsEcr: 0x8000_0000 })
  assert.deepEqual(read('050a00000001fffffffe'), { sack: [1, 0xffff_fffe] })
  assert.deepEqual(read(`0522${'00000001'.repeat(8)}`), { sack: [1, 1, 1, 1, 1, 1, 1, 1] })
  assert.deepEqual(read(''), {})
})

test('options are read at any alignment, with NOPs and without (RFC 9293 MUST-64)', () => {
  assert.deepEqual(read('01020405b4 01010303070402'), { mss: 1460, windowScale: 7, sackPermitted: true })
  assert.deepEqual(read('030307020405b4'), { mss: 1460, windowScale: 7 })
})

test('nothing behind the end of the option list is read', () => {
  for (const rest of ['00 020405b4', '00 02 020405b4', '0000 020405b4']) {
    assert.deepEqual(read(`0402${rest}`), { sackPermitted: true }, rest)
  }
})

test('unknown options are skipped by their length (RFC 9293 MUST-6, MUST-68)', () => {
  assert.deepEqual(read('fe0412340303071e0c000102030405060708090402'), { windowScale: 7, sackPermitted: true })
  assert.deepEqual(read('fd02020405b4'), { mss: 1460 })
})

test('a length that cannot be ends the list, and what was read before it stands (RFC 9293 MUST-7)', () => {
  for (const rest of ['0200', '0201', '0205b4', '02', 'fe00020405b4', 'fe01020405b4', 'fe28020405b4', '08']) {
    assert.deepEqual(read(`0402${rest}`), { sackPermitted: true }, rest)
  }
})

test('an option that runs past the end is not read, whatever follows there (RFC 9293 MUST-7)', () => {
  for (const option of ['020405b4', '030307', '0402', '080a0000000100000002', '050a0000000100000002']) {
    const data = octets(`${option}${'ff'.repeat(8)}`)
    for (let end = 0; end < option.length / 2; end++) {
      const segment = new Segment()
      parseTcpOptions(data, 0, end, segment)
      assert.deepEqual(segment, Object.assign(new Segment(), { optionsEnd: end }), `${option}, ${end} octets`)
    }
  }
})

test('a known option of a wrong length is skipped (RFC 9293 MUST-7)', () => {
  for (const wrong of [
    '0203b4',
    '020605b40000',
    '0302',
    '03040700',
    '040300',
    '080b000000010000000100',
    '0502',
    '050b000000010000000200',
  ]) {
    assert.deepEqual(read(`${wrong}0402`), { sackPermitted: true }, wrong)
  }
  assert.deepEqual(read('0506000000010402'), { sackPermitted: true })
})

test('a Fast Open cookie, or the request for one (RFC 7413 §4.1.1)', () => {
  assert.deepEqual(read('2202'), { cookie: '' })
  assert.deepEqual(read('220601020304'), { cookie: '01020304' })
  assert.deepEqual(read('220a0001020304050607'), { cookie: '0001020304050607' })
  assert.deepEqual(read(`2212${'5a'.repeat(16)}`), { cookie: '5a'.repeat(16) })
  assert.deepEqual(read('0101 220601020304 020405b4'), { cookie: '01020304', mss: 1460 })
})

test('a Fast Open cookie of an odd length, too short or too long, is none (RFC 7413 §4.1.1, erratum 4238)', () => {
  for (const length of [1, 2, 3, 5, 7, 15, 17, 18, 20]) {
    const option = (2 + length).toString(16).padStart(2, '0')
    assert.deepEqual(read(`22${option}${'5a'.repeat(length)}0402`), { sackPermitted: true }, `${length} octets`)
  }
})

test('of more SACK blocks than a header holds, the first are kept', () => {
  const edges = Array.from({ length: 10 }, (_, i) => i.toString(16).padStart(8, '0')).join('')
  assert.deepEqual(read(`052a${edges}`), { sack: [0, 1, 2, 3, 4, 5, 6, 7] })
})

test('the options of the segment before are forgotten (RFC 9293 MUST-5)', () => {
  const segment = Object.assign(new Segment(), {
    mss: 1460,
    windowScale: 7,
    sackPermitted: true,
    ...TIMESTAMPS,
    ...EDGES,
    cookieLength: 0,
  })
  parseTcpOptions(octets('0101'), 0, 2, segment)
  const fresh = Object.assign(new Segment(), { sackEdges: EDGES.sackEdges, optionsEnd: 2 })
  assert.deepEqual(segment, fresh)
})

test('options are laid out as Linux lays them out', () => {
  const syn = { mss: 1460, windowScale: 7, sackPermitted: true }
  assert.equal(written({ ...syn, ...TIMESTAMPS }), '020405b40402080a010203040506070801030307')
  assert.equal(written(syn), '020405b40101040201030307')
  assert.equal(written({ mss: 536 }), '02040218')
  assert.equal(written(TIMESTAMPS), '0101080a0102030405060708')
  assert.equal(written({ ...EDGES, sackBlocks: 1 }), '0101050a0000000100000002')
  assert.equal(written({ cookieLength: 0 }), '22020101')
  assert.equal(written({ cookieLength: 4, cookie: octets('01020304') }), '2206010203040101')
  assert.equal(written({ mss: 536, cookieLength: 6, cookie: octets('010203040506') }), '020402182208010203040506')
  assert.equal(written({}), '')
})

test('the longest cookie fits beside every other option of a SYN', () => {
  const syn = { mss: 1460, windowScale: 7, sackPermitted: true, ...TIMESTAMPS }
  const cookie = { cookieLength: 16, cookie: octets('5a'.repeat(16)) }
  assert.equal(written({ ...syn, ...cookie }).length, 2 * MAX_OPTIONS_LENGTH)
})

test('SACK blocks that do not fit are left out', () => {
  assert.equal(tcpOptionsLength(Object.assign(new Segment(), EDGES)), 36)
  assert.equal(tcpOptionsLength(Object.assign(new Segment(), EDGES, TIMESTAMPS)), 40)
  assert.ok(
    written({ ...EDGES, ...TIMESTAMPS }).endsWith(`0101051a${'000000010000000200000003000000040000000500000006'}`),
  )
})

test('options fill whole words, so that no padding is needed; the last is never cut (RFC 9293 MUST-68, MUST-69)', () => {
  fc.assert(
    fc.property(anySegment, (segment) => {
      const length = tcpOptionsLength(segment)
      assert.ok(length % 4 === 0 && length <= 40)
      const into = new Uint8Array(length + 1).fill(0xa5)
      assert.equal(writeTcpOptions(into, 0, segment), length)
      assert.equal(into[length], 0xa5)
      for (let at = 0; at < length; at += into[at] === 1 ? 1 : into[at + 1]!) assert.notEqual(into[at], 0)
    }),
  )
})

test('a user timeout is in seconds or in minutes, and 0 is none (RFC 5482 §3)', () => {
  assert.deepEqual(read('1c040064'), { userTimeout: 100 })
  assert.deepEqual(read('1c048002'), { userTimeout: 120 })
  assert.deepEqual(read('1c04ffff'), { userTimeout: 32_767 * 60 })
  for (const none of ['1c040000', '1c048000', '1c0301', '1c06000000 01']) assert.deepEqual(read(none), {}, none)
  assert.equal(written({ userTimeout: 1 }), '1c040001')
  assert.equal(written({ userTimeout: 32_767 }), '1c047fff')
  assert.equal(written({ userTimeout: 32_768 }), '1c048223')
  assert.equal(written({ userTimeout: 1e9 }), '1c04ffff')
  assert.equal(written({ userTimeout: 100, cookieLength: 0 }), '22020101', 'a cookie goes first')
})
