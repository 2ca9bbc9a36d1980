import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseCode } from '../../src/packetdrill/expression.ts'
import { parseScript } from '../../src/packetdrill/parser.ts'
import { printPacket } from '../../src/packetdrill/print.ts'
import { FLAG_LETTERS, type Packet, type ScriptEvent, ScriptSyntaxError } from '../../src/packetdrill/script.ts'

function first(source: string): ScriptEvent {
  return parseScript(source).events[0]!
}

function packet(text: string): Packet {
  const { action } = first(`+0 ${text}`)
  assert.ok(action.kind === 'packet')
  return action.packet
}

describe('times', () => {
  const cases: [string, object][] = [
    ['+0.1', { kind: 'relative', us: 100_000 }],
    ['+.1', { kind: 'relative', us: 100_000 }],
    ['1', { kind: 'absolute', us: 1_000_000 }],
    ['0.100', { kind: 'absolute', us: 100_000 }],
    ['*', { kind: 'any' }],
    ['+0.1~+0.2', { kind: 'relative-range', us: 100_000, endUs: 200_000 }],
    ['~+0.1', { kind: 'relative-range', us: 0, endUs: 100_000 }],
    ['1~1.5', { kind: 'absolute-range', us: 1_000_000, endUs: 1_500_000 }],
  ]
  for (const [text, time] of cases) {
    test(text, () => assert.deepEqual(first(`${text} > . 1:1(0) ack 1`).time, time))
  }
})

describe('calls', () => {
  test('a span, an error and what it means', () => {
    const { action } = first('+.1...0.2 read(4, ..., 1000) = -1 ECONNRESET (Connection reset by peer)')
    assert.ok(action.kind === 'call')
    assert.equal(action.call.name, 'read')
    assert.equal(action.call.endUs, 200_000)
    assert.equal(action.call.errno, 'ECONNRESET')
    assert.equal(action.call.items.length, 3)
  })

  test('lists, structs and calls within', () => {
    const { action } = first(
      '0 sendmsg(4, {msg_name(...)=..., msg_iov(2)=[{..., 10}, {..., 0x20}], msg_flags=0}, MSG_A|MSG_B) = 42',
    )
    assert.ok(action.kind === 'call')
    const [, message, flags] = action.call.items
    assert.ok(message?.kind === 'struct')
    assert.deepEqual(
      message.fields.map(({ name }) => name),
      ['msg_name', 'msg_iov', 'msg_flags'],
    )
    assert.equal(flags?.kind, 'or')
  })
})

test('options, commands, code and comments', () => {
  const script = parseScript(`
    --ip_version=ipv6 --define=CC="reno"   // options
    --tolerance_usecs=1000                 # another
    \`sysctl -q net.ipv4.tcp_sack=0 # not a comment of ours
    \`
    /* one
       of several lines */
    0 %{ assert tcpi_unacked == 1 # and one in the code
    }%
    +1 \`true\`
    \`cleanup\`
  `)
  assert.deepEqual(
    script.options.map(({ name, value }) => [name, value]),
    [
      ['ip_version', 'ipv6'],
      ['define', 'CC="reno"'],
      ['tolerance_usecs', '1000'],
    ],
  )
  assert.equal(script.preamble.length, 1)
  assert.deepEqual(
    script.events.map(({ action }) => action.kind),
    ['code', 'command'],
  )
  assert.equal(script.cleanup[0]?.text, 'cleanup')
})

describe('a mistake is named with its line, its column and what should stand there', () => {
  const cases: [string, string][] = [
    ['', '1:1: expected an event, such as "+0 < S 0:0(0) win 65535", found the end of the script'],
    ['+0 < S 0:0(0)', '1:14: expected "win N": what goes into the stack has a window, found the end of the script'],
    ['\n  +0 > S 0:1(0)', '2:12: expected 0, which is 0 + 0, found "1"'],
    ['+0 > S. 0:0(0)', '1:15: expected "ack N", as the flag . says, found the end of the script'],
    ['+0 > X 0:0(0)', '1:6: expected TCP flags: letters of FSRP.UEWA, or - for none, found "X"'],
    ['+0 > . 0:0(0) ack 1 <mss>', '1:25: expected a maximum segment size, found ">"'],
    ['+0 < . 0:0(0) ack 1 win 1 <...>', '1:28: expected options: <...> can be expected, not sent, found "..."'],
    [
      '+0 > icmp unreachable',
      '1:6: expected a TCP segment: icmp can be sent to the stack (<), not expected from it, found "icmp"',
    ],
    ['* socket(..., SOCK_STREAM, 6) = 3', '1:1: * and ranges of time are for packets that the stack sends (>)'],
    ['2~1 > . 0:0(0) ack 1', '1:3: the range of time goes backwards'],
    ['+0 accept(3, ..., ... = 4', '1:23: expected ")" or "," behind a value, found "="'],
    ['+0 close(3)', '1:12: expected "=" and the result behind a socket call, found the end of the script'],
    ['+0 udp', '1:7: expected "(" behind "udp", found the end of the script'],
    ['+0 < udp (5)', '1:6: expected TCP or "icmp": no other packets are supported here, found "udp"'],
    ['+0 `sysctl', '1:4: this command has no end: `'],
    ['+x', '1:2: expected a time in seconds, such as +0.1, 1.5, +0~+0.1 or *, found "x"'],
  ]
  for (const [source, message] of cases) {
    test(JSON.stringify(source), () => {
      assert.throws(
        () => parseScript(source),
        (error) => error instanceof ScriptSyntaxError && assert.equal(error.message, message) === undefined,
      )
    })
  }
})

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

test('nesting has a bound, which is not the one of the runtime', () => {
  for (const bracket of ['f(', '[', '{']) {
    assert.throws(() => parseScript(`+0 f(${bracket.repeat(50_000)}`), /at most 64 brackets within each other/)
  }
  const start = { line: 1, column: 1 }
  assert.throws(() => parseCode(`assert ${'('.repeat(50_000)}`, start), /at most 64 brackets within each other/)
  assert.equal(parseCode(`assert ${'-'.repeat(50_000)}1`, start).length, 1)
})
