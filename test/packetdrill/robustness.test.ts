import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { runScript } from '../../src/packetdrill/runner.ts'

const number = fc.constantFrom(0, 1, 2, 3, 4, 100, 501, 1001, 65_535, 2 ** 31, 2 ** 32 - 1)
const port = fc.constantFrom('', '', '', '1001 > 8080 ', '8080 > 1001 ', '7 > 99 ')
const time = fc.constantFrom('+0', '+0', '+0', '+.1', '+1', '+70', '+0...0.1', '+0...5', '+0~+.3', '*')
const descriptor = fc.constantFrom(3, 3, 4, 4, 5, 9)
const length = fc.constantFrom(0, 1, 100, 1000, 5000, 100_000)
const result = fc.constantFrom('0', '3', '4', '5', '100', '1000', '...', '-1 EAGAIN (Again)', '-1 EINPROGRESS (Now)')

const segment = fc
  .record({
    way: fc.constantFrom('<', '<', '<', '>'),
    port,
    flags: fc.constantFrom('S', 'S.', '.', 'P.', 'F.', 'FP.', 'R', 'R.', '-', 'U.', 'SF', 'FSRP.UEWA'),
    seq: number,
    length: fc.constantFrom(0, 0, 1, 100, 1000, 60_000),
    ack: number,
    win: fc.constantFrom(0, 1, 1000, 65_535),
    options: fc.constantFrom(
      '',
      '<mss 1000>',
      '<mss 1000,sackOK,TS val 1 ecr 0,nop,wscale 7>',
      '<nop,nop,TS val 3 ecr 9>',
      '<sack 1:1001 501:2001>',
      '<FO>',
      '<FO 0123456789abcdef>',
      '<sack 1:2 3:4 5:6 7:8,TS val 1 ecr 2>',
    ),
  })
  .map(
    ({ way, port, flags, seq, length, ack, win, options }) =>
      `${way} ${port}${flags} ${seq}:${(seq + length) % 2 ** 32}(${length}) ${flags.includes('.') ? `ack ${ack}` : ''} win ${win} ${options}`,
  )

const call = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(
        'socket(..., SOCK_STREAM, IPPROTO_TCP)',
        'socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP)',
        'poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLOUT}], 1, 100)',
        'poll(..., 1, -1)',
      ),
      fc
        .tuple(descriptor, length)
        .chain(([fd, n]) =>
          fc.constantFrom(
            `bind(${fd}, ..., ...)`,
            `bind(${fd}, {sa_family = AF_INET, sin_port = htons(80), sin_addr = inet_addr("1.2.3.4")}, ...)`,
            `listen(${fd}, ${n})`,
            `accept(${fd}, ..., ...)`,
            `connect(${fd}, ..., ...)`,
            `connect(${fd}, {sa_family = AF_INET, sin_port = htons(0), sin_addr = inet_addr("x")}, ...)`,
            `close(${fd})`,
            `shutdown(${fd}, SHUT_WR)`,
            `shutdown(${fd}, SHUT_RDWR)`,
            `read(${fd}, ..., ${n})`,
            `write(${fd}, ..., ${n})`,
            `writev(${fd}, [{..., ${n}}, {..., 1}], 2)`,
            `sendto(${fd}, ..., ${n}, MSG_FASTOPEN, ..., ...)`,
            `recv(${fd}, ..., ${n}, MSG_DONTWAIT)`,
            `setsockopt(${fd}, SOL_SOCKET, SO_LINGER, {onoff=1, linger=${n}}, 8)`,
            `setsockopt(${fd}, SOL_TCP, TCP_NODELAY, [1], 4)`,
            `setsockopt(${fd}, SOL_SOCKET, SO_RCVBUF, [${n}], 4)`,
            `setsockopt(${fd}, SOL_TCP, TCP_FASTOPEN, [${n}], 4)`,
            `setsockopt(${fd}, SOL_TCP, TCP_USER_TIMEOUT, [${n}], 4)`,
            `getsockopt(${fd}, SOL_SOCKET, SO_ERROR, [0], [4])`,
            `fcntl(${fd}, F_SETFL, O_RDWR|O_NONBLOCK)`,
            `ioctl(${fd}, SIOCINQ, [${n}])`,
            `nonsense(${fd}, [], {a=1}, "b" "c"...)`,
          ),
        ),
    ),
    result,
  )
  .map(([text, value]) => `${text} = ${value}`)

const other = fc.constantFrom(
  '< icmp unreachable frag_needed mtu 500 [1:1001(1000)]',
  '< icmp unreachable port_unreachable',
  '%{ assert tcpi_unacked >= 0 }%',
  '%{ print tcpi_state }%',
  '`sysctl -q net.ipv4.tcp_sack=0`',
)

const SERVER = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
`
const CONNECTED = `${SERVER}+0 < S 0:0(0) win 32792 <mss 1000>
+0 > S. 0:0(0) ack 1 <...>
+0 < . 1:1(0) ack 1 win 32792
+0 accept(3, ..., ...) = 4
`
const start = fc.constantFrom(
  '',
  SERVER,
  CONNECTED,
  CONNECTED,
  '--ip_version=ipv6\n',
  '`sysctl -q net.ipv4.tcp_fastopen=3`\n',
)

test('whatever a script asks for, its run ends, in a failure that has a place or in none', () => {
  const event = fc.tuple(time, fc.oneof(segment, segment, call, call, other)).map((parts) => parts.join(' '))
  const script = fc.tuple(start, fc.array(event, { maxLength: 12 })).map(([head, events]) => head + events.join('\n'))
  fc.assert(
    fc.property(script, fc.boolean(), (text, strict) => {
      const failure = runScript(text, { strict })
      if (failure === undefined) return
      const { line } = failure.place
      assert.ok(line >= 1 && line <= text.split('\n').length, `${line}: ${failure.problem}`)
      assert.ok(failure.problem.length > 0)
    }),
    { numRuns: 2000 },
  )
})

test('an address that no host has is refused', () => {
  const failure = runScript('--local_ip=224.0.0.1\n0 < S 0:0(0) win 1')
  assert.match(failure!.problem, /not an address that a host can have/)
})
