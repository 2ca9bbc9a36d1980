import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatFailure } from '../../src/packetdrill/report.ts'
import { type RunOptions, runScript } from '../../src/packetdrill/runner.ts'

const SERVER = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
`
const CONNECTED = `${SERVER}+0 < S 0:0(0) win 32792 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+.1 < . 1:1(0) ack 1 win 32792
+0 accept(3, ..., ...) = 4
`
const DELAYS_ACKS = '+0 setsockopt(4, SOL_TCP, TCP_QUICKACK, [0], 4) = 0\n'

/** The report, without what happened before. */
function report(script: string, options: RunOptions = {}): string | undefined {
  const failure = runScript(script, options)
  if (failure === undefined) return undefined
  return formatFailure('x.pkt', failure).split('\n  until then:')[0]!
}

function passes(script: string, options: RunOptions = {}): void {
  assert.equal(report(script, options), undefined)
}

describe('a failure', () => {
  test('shows a packet below the one that was expected, and points at what differs', () => {
    assert.equal(
      report(`${CONNECTED}+0 write(4, ..., 500) = 500\n+0 > P. 1:501(500) ack 1 win 100`),
      [
        'x.pkt:9:1: the stack sent another packet: win',
        '  expected  0.100000 > P. 1:501(500) ack 1 win 100',
        '  got       0.100000 > P. 1:501(500) ack 1 win 65535',
        '                                           ^^^^^^^^^',
      ].join('\n'),
    )
  })

  test('tells what was sent at another time', () => {
    assert.equal(
      report(`${CONNECTED}+0 write(4, ..., 500) = 500\n+.1 > P. 1:501(500) ack 1`),
      [
        'x.pkt:9:1: the stack sent another packet: time',
        '  expected  0.200000 > P. 1:501(500) ack 1',
        '  got       0.100000 > P. 1:501(500) ack 1 win 65535',
        '            ^^^^^^^^',
      ].join('\n'),
    )
  })

  test('tells that nothing was sent, and when something is due', () => {
    assert.equal(
      report(`${CONNECTED}${DELAYS_ACKS}+0 < P. 1:101(100) ack 1 win 32792\n+0 > . 1:1(0) ack 101`),
      [
        'x.pkt:10:1: the stack did not send this packet',
        '  expected  0.100000 > . 1:1(0) ack 101',
        '  got       nothing by 0.104000; its next deadline is at 0.140000',
      ].join('\n'),
    )
  })

  test('of a call names what it returned', () => {
    assert.equal(
      report(`${SERVER}+0 fcntl(3, F_SETFL, O_NONBLOCK) = 0\n+0 accept(3, ..., ...) = 4`),
      [
        'x.pkt:5:1: accept() returned something else',
        '  expected  accept() = 4',
        '  got       accept() = -1 EAGAIN',
      ].join('\n'),
    )
  })

  test('of what a call puts out', () => {
    assert.equal(
      report(`${CONNECTED}+0 ioctl(4, SIOCINQ, [100]) = 0`),
      ['x.pkt:8:1: the call put out something else', '  expected  SIOCINQ = 100', '  got       0'].join('\n'),
    )
    assert.match(
      report(`${CONNECTED}+0 poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLIN}], 1, 0) = 1`)!,
      /expected {2}revents = POLLIN\n {2}got {7}POLLOUT$/,
    )
    assert.match(
      report(`${CONNECTED}+0 getsockopt(4, SOL_SOCKET, SO_ERROR, [ECONNRESET], [4]) = 0`)!,
      /ECONNRESET\n.*0$/,
    )
  })

  test('of a call that blocks is put down to its line', () => {
    assert.equal(
      report(`${SERVER}+0...0.1 accept(3, ..., ...) = 4\n+.2 close(3) = 0`),
      ['x.pkt:4:1: accept() still blocks', '  expected  0.100000 it returns', '  got       0.104000 it blocks'].join(
        '\n',
      ),
    )
    assert.equal(
      report(`${CONNECTED}+0...0.5 read(4, ..., 10) = 10\n+.1 < P. 1:11(10) ack 1 win 1000\n+1 close(4) = 0`),
      ['x.pkt:8:1: read() returned at another time', '  expected  0.600000', '  got       0.200000'].join('\n'),
    )
    assert.match(report(`${SERVER}+0 accept(3, ..., ...) = 4`)!, /^x\.pkt:4:1: accept\(\) blocks: write how long/)
  })

  test('of an assertion shows its values', () => {
    assert.equal(
      report(
        `${CONNECTED}+0 %{\nassert tcpi_unacked == 0\nassert tcpi_snd_cwnd > 10 and tcpi_unacked == 0, "too small" }%`,
      ),
      [
        'x.pkt:10:1: assertion failed: too small',
        '  expected  tcpi_snd_cwnd > 10 and tcpi_unacked == 0',
        '  got       tcpi_snd_cwnd = 10, tcpi_unacked = 0',
      ].join('\n'),
    )
    assert.match(
      report(`${CONNECTED}+0 %{ assert tcpi_cwnd == 10 }%`)!,
      /"tcpi_cwnd" is not supported here; did you mean tcpi_snd_cwnd/,
    )
    assert.match(report(`${SERVER}+0 %{ assert tcpi_unacked == 0 }%`)!, /there is no connection yet/)
  })

  test('of what the script leaves over needs to be asked for', () => {
    const script = `${CONNECTED}+0 write(4, ..., 500) = 500`
    passes(script)
    assert.equal(
      report(script, { strict: true }),
      [
        'x.pkt:8:1: the stack sent what the script does not mention',
        '  expected  nothing more',
        '  got       0.100000 > P. 1:501(500) ack 1 win 65535',
      ].join('\n'),
    )
  })

  test('remembers what happened before', () => {
    const failure = runScript(`${CONNECTED}+0 > . 1:1(0) ack 2`)
    assert.deepEqual(failure?.details.slice(-2), [
      '  0.100000 < . 1:1(0) ack 1 win 32792',
      '  0.100000 accept(3, ..., ...) = 4',
    ])
  })

  test('of a mistake in the text has its place', () => {
    assert.equal(
      report(`${SERVER}+0 < S 0:0(0) <mss 1000>`),
      'x.pkt:4:15: expected "win N": what goes into the stack has a window, found "<"',
    )
    assert.equal(
      report(`${CONNECTED}+0 %{ assert\n 1 + }%`),
      'x.pkt:8:13: expected a number, a name such as tcpi_unacked, or "(", found the end of the line',
    )
  })
})

describe('what is not supported is named with its line', () => {
  const cases: [string, RegExp][] = [
    [`${SERVER}+0 epoll_create(1) = 4`, /^x\.pkt:4:4: not supported here: the call epoll_create\(\)/],
    [
      `${SERVER}+0 setsockopt(3, SOL_TCP, TCP_MD5SIG, [1], 4) = 0`,
      /^x\.pkt:4:\d+: not supported here: setsockopt\(\) of TCP_MD5SIG$/,
    ],
    [
      `${SERVER}+0 setsockopt(3, SOL_TCP, TCP_DEFER_ACCEPT, [1], 4) = 0`,
      /^x\.pkt:4:\d+: not supported here: setsockopt\(\) of TCP_DEFER_ACCEPT$/,
    ],
    [
      `${SERVER}+0 setsockopt(3, SOL_TCP, TCP_QUICKACK, [1], 4) = 0`,
      /^x\.pkt:4:1: not supported here: TCP_QUICKACK of a socket without a connection$/,
    ],
    [
      `${SERVER}+0 setsockopt(3, SOL_TCP, TCP_CONGESTION, "cubic", 5) = 0`,
      /^x\.pkt:4:1: not supported here: TCP_CONGESTION after listen\(\) or connect\(\)$/,
    ],
    [
      `${CONNECTED}+0 setsockopt(4, IPPROTO_IP, IP_TOS, [3], 4) = 0`,
      /^x\.pkt:8:1: not supported here: IP_TOS with ECN's bits$/,
    ],
    [
      `${CONNECTED}+0 setsockopt(4, SOL_TCP, TCP_KEEPCNT, [1], 4) = 0
+0 setsockopt(4, SOL_SOCKET, SO_KEEPALIVE, [1], 4) = 0`,
      /^x\.pkt:9:1: The value of "count" is out of range\. It must be an integer from 2 to 127/,
    ],
    [
      '`sysctl -q net.ipv4.tcp_recovery=0`\n+0 > . 0:0(0) ack 1',
      /tcp_recovery=0: its values are 1 \(RACK goes with SACK\)/,
    ],
    [
      '`sysctl -q net.ipv4.tcp_rmem="4096 9000 8000"`\n+0 > . 0:0(0) ack 1',
      /tcp_rmem=4096 9000 8000: its values are least, initial and most octets/,
    ],
    [
      `${SERVER}+0 setsockopt(3, SOL_SOCKET, SO_RCVBUF, [1000], 4) = 0`,
      /^x\.pkt:4:1: not supported here: SO_RCVBUF after the first listen/,
    ],
    [
      '`rm -rf /tmp/x`\n+0 > . 0:0(0) ack 1',
      /^x\.pkt:1:1: not supported here: the command "rm -rf \/tmp\/x": of all commands/,
    ],
    [
      '`sysctl -q net.ipv4.tcp_nonsense=1`\n+0 > . 0:0(0) ack 1',
      /^x\.pkt:1:1: not supported here: the sysctl net\.ipv4\.tcp_nonsense/,
    ],
    [
      '`sysctl -q net.ipv4.tcp_sack=7`\n+0 > . 0:0(0) ack 1',
      /^x\.pkt:1:1: not supported here: net\.ipv4\.tcp_sack=7: its values are 0, 1/,
    ],
    ['--wire_server\n+0 > . 0:0(0) ack 1', /^x\.pkt:1:1: not supported here: the option --wire_server$/],
    ['--mtu=7\n+0 > . 0:0(0) ack 1', /^x\.pkt:1:1: expected a whole number, 576 to 65535 for --mtu, found "7"$/],
    [`${CONNECTED}+0 send(4, ..., 10, MSG_ZEROCOPY) = 10`, /^x\.pkt:8:\d+: not supported here: MSG_ZEROCOPY$/],
    [
      '0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3',
      /^x\.pkt:1:\d+: not supported here: sockets other than SOCK_STREAM$/,
    ],
    [`${SERVER}+0 < icmp nonsense`, /^x\.pkt:4:1: no ICMP error of IPv4 is called "nonsense"/],
    ['1 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n0 close(3) = 0', /^x\.pkt:2:1: 0\.000000 is before the event above/],
  ]
  for (const [script, message] of cases) test(String(message), () => assert.match(report(script)!, message))
})

describe('times', () => {
  const sent = `${CONNECTED}${DELAYS_ACKS}+0 < P. 1:101(100) ack 1 win 32792\n`
  test('a range, * and what follows counts from when the packet came', () => {
    passes(`${sent}+.01~+.05 > . 1:1(0) ack 101\n+.1 < P. 101:201(100) ack 1 win 32792\n+.04 > . 1:1(0) ack 201`)
    passes(`${sent}~+.05 > . 1:1(0) ack 101`)
    passes(`${sent}* > . 1:1(0) ack 101\n+.1 < P. 101:201(100) ack 1 win 32792\n.28 > . 1:1(0) ack 201`)
    assert.match(report(`${sent}+.1~+.2 > . 1:1(0) ack 101`)!, /another packet: time/)
  })
  test("the tolerance is the script's", () => {
    passes(`${sent}+.036 > . 1:1(0) ack 101`)
    assert.match(report(`${sent}+.035 > . 1:1(0) ack 101`)!, /time|did not send/)
    passes(`--tolerance_usecs=10000\n${sent}+.031 > . 1:1(0) ack 101`)
  })
  test('a call blocks while packets come and go', () => {
    passes(
      `${CONNECTED}+0...0.3 read(4, ..., 10) = 0
      +.1 < F. 1:1(0) ack 1 win 1000\n* > . 1:1(0) ack 2\n`.replace('0.3', '0.1'),
    )
  })
})

test('segments at one moment are one where the script has one, and none is lost by it', () => {
  passes(`${CONNECTED}+0 write(4, ..., 3000) = 3000\n+0 > P. 1:3001(3000) ack 1`, { strict: true })
  passes(`${CONNECTED}+0 write(4, ..., 3000) = 3000\n+0 > . 1:2001(2000) ack 1\n+0 > P. 2001:3001(1000) ack 1`, {
    strict: true,
  })
  assert.match(
    report(`${CONNECTED}+0 write(4, ..., 3000) = 3000\n+0 > P. 1:2501(2500) ack 1`)!,
    /another packet: flags, range/,
  )
})

test("numbers, timestamps and cookies of the stack are the script's from where both were seen", () => {
  passes(`${SERVER}+0 < S 7:7(0) win 32792 <mss 1000,nop,nop,TS val 1 ecr 0>
    +0 > S. 1000:1000(0) ack 8 <mss 1460,nop,nop,TS val 77 ecr 1>
    +.1 < . 8:8(0) ack 1001 win 32792 <nop,nop,TS val 2 ecr 77>
    +0 accept(3, ..., ...) = 4
    +0 write(4, ..., 10) = 10
    +0 > P. 1001:1011(10) ack 8 <nop,nop,TS val 88 ecr 2>`)
})

test('the lines tell what happens, and what the script prints', () => {
  const lines: [string, boolean][] = []
  passes(`${CONNECTED}+0 %{ print("cwnd", tcpi_snd_cwnd, 7 // 2) }%`, {
    onLine: (line, printed) => lines.push([line, printed]),
  })
  assert.deepEqual(lines.slice(-2), [
    ['0.100000 accept(3, ..., ...) = 4', false],
    ['cwnd 10 3', true],
  ])
})

test('options of the command give way to those of the script', () => {
  const options = [{ name: 'ip_version', value: 'ipv6', place: { line: 1, column: 1 } }]
  const script = `${SERVER}+0 < S 0:0(0) win 1000 <mss 1000>\n+0 > S. 0:0(0) ack 1 <mss 1440>`
  passes(script, { options })
  passes(`--ip_version=ipv4\n${script.replace('1440', '1460')}`, { options })
})

test('a script runs the same again', () => {
  const run = (): string[] => {
    const lines: string[] = []
    runScript(`${CONNECTED}+0 write(4, ..., 3000) = 3000\n* > . 1:1001(1000) ack 1\n+0 > . 99:99(0) ack 1`, {
      onLine: (line) => lines.push(line),
    })
    return lines
  }
  assert.deepEqual(run(), run())
})
