import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseCode } from '../../src/packetdrill/expression.ts'
import { parseScript } from '../../src/packetdrill/parser.ts'
import { type ScriptEvent, ScriptSyntaxError } from '../../src/packetdrill/script.ts'

function first(source: string): ScriptEvent {
  return parseScript(source).events[0]!
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

test('nesting has a bound, which is not the one of the runtime', () => {
  for (const bracket of ['f(', '[', '{']) {
    assert.throws(() => parseScript(`+0 f(${bracket.repeat(50_000)}`), /at most 64 brackets within each other/)
  }
  const start = { line: 1, column: 1 }
  assert.throws(() => parseCode(`assert ${'('.repeat(50_000)}`, start), /at most 64 brackets within each other/)
  assert.equal(parseCode(`assert ${'-'.repeat(50_000)}1`, start).length, 1)
})
