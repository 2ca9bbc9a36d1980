import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseCode } from '../../src/packetdrill/expression.ts'
import { parseScript } from '../../src/packetdrill/parser.ts'
import { printPacket } from '../../src/packetdrill/print.ts'
import { FLAG_LETTERS, type Packet, ScriptSyntaxError } from '../../src/packetdrill/script.ts'

function packet(text: string): Packet {
  const { action } = parseScript(`+0 ${text}`).events[0]!
  assert.ok(action.kind === 'packet')
  return action.packet
}

const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const u16 = fc.integer({ min: 0, max: 0xffff })
const option = fc.oneof(
  fc.constantFrom('nop', 'eol', 'sackOK'),
  u16.map((n) => `mss ${n}`),
  fc.integer({ min: 0, max: 255 }).map((n) => `wscale ${n}`),
  fc.tuple(u32, u32).map(([val, ecr]) => `TS val ${val} ecr ${ecr}`),
  fc
    .array(fc.tuple(u32, u32), { minLength: 1, maxLength: 4 })
    .map((b) => `sack ${b.map((e) => e.join(':')).join(' ')}`),
  fc
    .uint8Array({ maxLength: 16 })
    .map((o) => `FO ${[...o].map((x) => x.toString(16).padStart(2, '0')).join('')}`.trim()),
)
const ip = fc.constantFrom('', '[ect0] ', '(ce) ', '[noecn] ', '[tos 0x1f] ', '[ttl 3] ')
const segment = fc
  .record({
    way: fc.constantFrom('<', '>'),
    ip,
    ports: fc.option(fc.tuple(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 65_535 }))),
    flags: fc.subarray([...FLAG_LETTERS]),
    seq: u32,
    length: u16,
    ack: u32,
    win: u16,
    urg: fc.option(u16),
    options: fc.option(fc.array(option, { minLength: 1, maxLength: 5 })),
  })
  .map(({ way, ip, ports, flags, seq, length, ack, win, urg, options }) =>
    [
      `${way} ${ip}${ports === null ? '' : `${ports[0]} > ${ports[1]}`}`,
      // The dot last, as a script has it.
      flags.length === 0 ? '-' : flags.filter((f) => f !== '.').join('') + (flags.includes('.') ? '.' : ''),
      `${seq}:${(seq + length) % 2 ** 32}(${length})`,
      flags.includes('.') ? `ack ${ack}` : '',
      `win ${win}`,
      urg === null ? '' : `urg ${urg}`,
      options === null ? (way === '>' ? '<...>' : '') : `<${options.join(',')}>`,
    ].join(' '),
  )
const icmp = fc
  .record({ code: fc.constantFrom('', 'frag_needed', 'port_unreachable'), mtu: fc.option(u16), quoted: fc.option(u32) })
  .map(({ code, mtu, quoted }) =>
    [
      '< icmp unreachable',
      code,
      mtu === null ? '' : `mtu ${mtu}`,
      quoted === null ? '' : `[${quoted}:${quoted}(0)]`,
    ].join(' '),
  )

test('a packet that is printed and read again is the same packet', () => {
  fc.assert(
    fc.property(fc.oneof(segment, icmp), (text) => {
      const read = packet(text)
      const printed = printPacket(read)
      assert.deepEqual(packet(printed), read)
      assert.equal(printPacket(packet(printed)), printed)
    }),
    { numRuns: 500 },
  )
})

const fragment = fc.constantFrom(
  ...[
    '+',
    '0',
    '.1',
    '~',
    '*',
    '<',
    '>',
    'S',
    '.',
    '1:1(0)',
    'ack',
    '1',
    'win',
    '<mss',
    'sack',
    '1:2',
    'FO',
    'ab',
    '...',
  ],
  ...[
    'accept',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '=',
    '-1',
    'EAGAIN',
    '|',
    '"a',
    '`',
    '%{',
    '}%',
    '/*',
    '*/',
    '//',
    '#',
    '\n',
    ' ',
  ],
  ...[
    '--x=',
    'icmp',
    'unreachable',
    'mtu',
    '[',
    '0x',
    '999999999999',
    'TS',
    'val',
    'ecr',
    ',',
    'assert',
    'not',
    'and',
    '==',
  ],
)
const anything = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(fc.oneof(fragment, fragment, segment), { maxLength: 60 }).map((parts) => parts.join(' ')),
  fc.tuple(fc.constantFrom('[', '{', 'f('), fc.integer({ min: 1, max: 200 })).map(([b, n]) => `+0 f(${b.repeat(n)}`),
)

/** Nothing, or a syntax error within the text. */
function readable(read: () => unknown, text: string): void {
  try {
    read()
  } catch (error) {
    assert.ok(error instanceof ScriptSyntaxError, String(error))
    const { line, column } = error.place
    assert.ok(line >= 1 && line <= text.split('\n').length && column >= 1, error.message)
  }
}

test('whatever the text, reading it ends in a script or in a syntax error', () => {
  fc.assert(
    fc.property(anything, (text) => readable(() => parseScript(text), text)),
    { numRuns: 1000 },
  )
})

test('whatever the code, reading it ends in statements or in a syntax error', () => {
  const code = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc
      .array(
        fc.constantFrom(
          'assert',
          'print',
          '(',
          ')',
          'not',
          '-',
          'and',
          'or',
          '<',
          '==',
          '1',
          'a',
          '"x"',
          ',',
          '\n',
          'min',
          '%',
          '//',
        ),
        {
          maxLength: 40,
        },
      )
      .map((parts) => parts.join(' ')),
    fc.integer({ min: 1, max: 200 }).map((n) => `assert ${'('.repeat(n)}`),
    fc.integer({ min: 1, max: 200 }).map((n) => `assert ${'-'.repeat(n)}1`),
  )
  fc.assert(
    fc.property(code, (text) => readable(() => parseCode(text, { line: 1, column: 1 }), text)),
    { numRuns: 1000 },
  )
})
