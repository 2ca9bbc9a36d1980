/** Explicit congestion notification: RFC 3168 (RFC 9293 SHLD-8). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TcpConfig } from '../../src/tcp/config.ts'
import { connect, listen, type Traced } from '../support/trace.ts'
import { startOf as at, fullSegments } from './full-segments.ts'

const CONFIG: Partial<TcpConfig> = { congestionControl: 'newreno', rtoMin: 5000, rtoInitial: 5000 }

/** A connection that has agreed on ECN, without options that would be on each segment. */
function marked(): Traced {
  const traced = connect({ stack: { tcp: { ...CONFIG, ecn: true } } })
  traced.trace`
    +0 > [noecn] SEW 0:0(0)
    +0 < [noecn] S.E 0:0(0) ack 1 win 65535 <mss 1460>
    +0 > [noecn] . 1:1(0) ack 1
  `
  traced.takeEvents()
  return traced
}

/** Lines of the n-th full segments as new data that is marked as capable. */
function capable(from: number, to: number, lastFlags = '.'): string {
  return fullSegments(from, to, lastFlags).replaceAll('> ', '> [ect0] ')
}

/** Ten segments are out, as many as may be. */
function tenOut(): Traced {
  const tcp = marked()
  tcp.send(1460 * 40)
  tcp.trace`${capable(0, 10)}`
  return tcp
}

const SYN = 'SEW 0:0(0) win 65535 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>'

for (const family of [4, 6] as const) {
  describe(`a server over IPv${family}`, () => {
    test('agrees to ECN when it is asked, and marks the data that it sends (RFC 9293 SHLD-8)', () => {
      const tcp = listen({ family })
      tcp.trace`
        +0 < [noecn] ${SYN}
        +0 > [noecn] S.E 0:0(0) ack 1
        +0 < . 1:1(0) ack 1 win 65535 <TS val 1 ecr last>
      `
      tcp.accept()
      tcp.send(10)
      tcp.trace`+0 > [ect0] P. 1:11(10) ack 1`
    })

    for (const flags of ['S', 'SE', 'SW']) {
      test(`does not take ${flags} for a request`, () => {
        const tcp = listen({ family })
        tcp.trace`
          +0 < ${SYN.replace('SEW', flags)}
          +0 > [noecn] S. 0:0(0) ack 1
          +0 < . 1:1(0) ack 1 win 65535 <TS val 1 ecr last>
        `
        tcp.accept()
        tcp.send(10)
        tcp.trace`+0 > [noecn] P. 1:11(10) ack 1`
      })
    }
  })
}

describe('the handshake with ECN (RFC 3168 §6.1.1)', () => {
  test('is refused by a stack that is told to have none', () => {
    const tcp = listen({ stack: { tcp: { ecn: false } } })
    tcp.trace`
      +0 < ${SYN}
      +0 > S. 0:0(0) ack 1
      +0 < . 1:1(0) ack 1 win 65535 <TS val 1 ecr last>
    `
    tcp.accept()
    tcp.send(10)
    tcp.trace`
      +0 > [noecn] P. 1:11(10) ack 1
      +0 < [ce] P. 1:11(10) ack 11 win 65535 <TS val 1 ecr last>
      +.04 > . 11:11(0) ack 11
    `
  })

  test('agrees again when the SYN,ACK goes out again', () => {
    const tcp = listen()
    tcp.trace`
      +0 < ${SYN}
      +0 > S.E 0:0(0) ack 1
      +1 > S.E 0:0(0) ack 1
    `
  })

  test('is not asked for by an active open unless it is told to', () => {
    connect().trace`+0 > S 0:0(0)`
  })

  test('is asked for on the SYN, and takes a SYN,ACK with ECE alone for consent', () => {
    const tcp = connect({ stack: { tcp: { ecn: true } } })
    tcp.trace`
      +0 > [noecn] SEW 0:0(0)
      +0 < S.E 0:0(0) ack 1 win 65535 <mss 1460>
      +0 > [noecn] . 1:1(0) ack 1
    `
    tcp.send(10)
    tcp.trace`+0 > [ect0] P. 1:11(10) ack 1`
  })

  // A SYN,ACK with both bits is what a host sends that reflects them without knowing what they are.
  for (const flags of ['S.', 'S.EW', 'S.W']) {
    test(`does not take ${flags} for consent`, () => {
      const tcp = connect({ stack: { tcp: { ecn: true } } })
      tcp.trace`
        +0 > SEW 0:0(0)
        +0 < ${flags} 0:0(0) ack 1 win 65535 <mss 1460>
        +0 > . 1:1(0) ack 1
      `
      tcp.send(10)
      tcp.trace`
        +0 > [noecn] P. 1:11(10) ack 1
        +0 < [ce] P. 1:11(10) ack 11 win 65535
        +.04 > . 11:11(0) ack 11
      `
    })
  }

  test('does not take for consent what was not asked for', () => {
    const tcp = connect()
    tcp.trace`
      +0 > S 0:0(0)
      +0 < S.E 0:0(0) ack 1 win 65535 <mss 1460>
      +0 > . 1:1(0) ack 1
    `
    tcp.send(10)
    tcp.trace`+0 > [noecn] P. 1:11(10) ack 1`
  })

  test('is given up by a SYN that goes out again: no data is marked, but marks are echoed (§6.1.1.1)', () => {
    const tcp = connect({ stack: { tcp: { ecn: true } } })
    tcp.trace`
      +0 > SEW 0:0(0)
      +1 > S 0:0(0)
      +0 < S.E 0:0(0) ack 1 win 65535 <mss 1460>
      +0 > . 1:1(0) ack 1
    `
    tcp.send(10)
    tcp.trace`
      +0 > [noecn] P. 1:11(10) ack 1
      +0 < [ce] P. 1:11(10) ack 11 win 65535
      +0 > E. 11:11(0) ack 11
    `
  })

  test('works when both ends ask at once', () => {
    const tcp = connect({ stack: { tcp: { ecn: true } } })
    tcp.trace`
      +0 > SEW 0:0(0)
      +0 < SEW 0:0(0) win 65535 <mss 1460>
      +0 > S.E 0:0(0) ack 1
      +0 < S.E 0:0(0) ack 1 win 65535 <mss 1460>
    `
    tcp.send(10)
    tcp.trace`+0 > [ect0] P. 1:11(10) ack 1`
  })
})

for (const [what, backlog] of [
  ['an entry of the SYN queue', 1],
  ['a SYN cookie', 0],
] as const) {
  describe(what, () => {
    test('agrees to ECN where a cookie can remember that: beside timestamps, SACK and a window scale', () => {
      const tcp = listen({ backlog })
      tcp.trace`
        +0 < ${SYN}
        +0 > [noecn] S.E 0:0(0) ack 1
        +0 < . 1:1(0) ack 1 win 1000 <TS val 2 ecr last>
      `
      tcp.accept()
      tcp.send(10)
      tcp.trace`+0 > [ect0] P. 1:11(10) ack 1`
    })

    for (const options of ['', ',sackOK,nop,wscale 7', ',TS val 100 ecr 0', ',sackOK,TS val 100 ecr 0']) {
      test(`does not where it can't: <mss 1460${options}>`, () => {
        listen({ backlog }).trace`
          +0 < SEW 0:0(0) win 65535 <mss 1460${options}>
          +0 > S. 0:0(0) ack 1
        `
      })
    }
  })
}

describe('a receiver with ECN (RFC 3168 §6.1.3)', () => {
  test('echoes a mark at once, and on every ACK until CWR', () => {
    const tcp = marked()
    tcp.trace`
      +0   < [ect0] . 1:1001(1000)    ack 1 win 65535
      +0   < [ce]   . 1001:2001(1000) ack 1 win 65535
      +0   > [noecn] E. 1:1(0) ack 2001
      +0   < [ect0] . 2001:3001(1000) ack 1 win 65535
      +.04 > E. 1:1(0) ack 3001
    `
    tcp.send(10)
    tcp.trace`
      +0   > [ect0] PE. 1:11(10) ack 3001
      +0   < [ect0] W. 3001:4001(1000) ack 11 win 65535
      +0   < [ect0] .  4001:5001(1000) ack 11 win 65535
      +0   > . 11:11(0) ack 5001
    `
    assert.equal(tcp.stack.counters.InCEPkts, 1)
  })

  test('begins anew with a mark on the segment that says CWR', () => {
    const tcp = marked()
    tcp.trace`
      +0   < [ce] . 1:1001(1000) ack 1 win 65535
      +0   > E. 1:1(0) ack 1001
      +0   < [ce] W. 1001:2001(1000) ack 1 win 65535
      +0   > E. 1:1(0) ack 2001
    `
  })

  test('takes neither a mark nor CWR from a segment without text', () => {
    const tcp = marked()
    tcp.trace`
      +0   < [ce] . 1:1(0) ack 1 win 65535
      +0   < [ce] . 1:1001(1000) ack 1 win 65535
      +0   > E. 1:1(0) ack 1001
      +0   < W. 1001:1001(0) ack 1 win 65535
      +0   < . 1001:2001(1000) ack 1 win 65535
      +.04 > E. 1:1(0) ack 2001
    `
  })

  test('takes no mark from a segment outside of the window (§6.1.5)', () => {
    const tcp = marked()
    tcp.trace`
      +0   < [ce] . 900001:901001(1000) ack 1 win 65535
      +0   > . 1:1(0) ack 1
    `
  })

  test('echoes a mark that came early, with the ACK that this asks for', () => {
    const tcp = marked()
    tcp.trace`
      +0   < [ce] . 1001:2001(1000) ack 1 win 65535
      +0   > E. 1:1(0) ack 1
    `
  })
})

describe('a sender with ECN (RFC 3168 §6.1.2)', () => {
  test('halves its window for an echo, and says CWR on the next new data, once', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1 < E. 1:1(0) ack ${at(2)} win 65535
      +.1 < E. 1:1(0) ack ${at(6)} win 65535
      +0  > [ect0] W. ${at(10)}:${at(11)}(1460) ack 1
      +.1 < . 1:1(0) ack ${at(7)} win 65535
      ${capable(11, 12)}
    `
    const { cwnd, ssthresh } = tcp.connection.congestion!
    assert.deepEqual([cwnd, ssthresh], [7300, 7300])
    assert.equal(tcp.stack.counters.TCPECNReductions, 1)
    assert.equal(tcp.stack.counters.RetransSegs, 0)
  })

  test('does not do it again before that window of data is acknowledged', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1 < E. 1:1(0) ack ${at(2)} win 65535
      +.1 < E. 1:1(0) ack ${at(6)} win 65535
      +0  > [ect0] W. ${at(10)}:${at(11)}(1460) ack 1
      +.1 < E. 1:1(0) ack ${at(10)} win 65535
      ${capable(11, 15)}
    `
    assert.equal(tcp.connection.congestion!.ssthresh, 7300)
    // The next window was marked as well.
    tcp.trace`
      +.1 < E. 1:1(0) ack ${at(11)} win 65535
      +.1 < E. 1:1(0) ack ${at(14)} win 65535
      +0  > [ect0] W. ${at(15)}:${at(16)}(1460) ack 1
    `
    assert.equal(tcp.connection.congestion!.ssthresh, 3650)
    assert.equal(tcp.stack.counters.TCPECNReductions, 2)
  })

  test('heeds an echo on a duplicate ACK', () => {
    const tcp = tenOut()
    tcp.trace`+.1 < E. 1:1(0) ack 1 win 65535`
    assert.equal(tcp.connection.congestion!.ssthresh, 7300)
  })

  test('does not heed an echo that was not agreed on, or while nothing is out', () => {
    const tcp = listen({ stack: { tcp: CONFIG } })
    tcp.trace`
      +0 < S 0:0(0) win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 1
      +0 < . 1:1(0) ack 1 win 65535
    `
    tcp.accept()
    tcp.send(10)
    tcp.trace`
      +0 > P. 1:11(10) ack 1
      +0 < E. 1:1(0) ack 11 win 65535
    `
    assert.equal(tcp.connection.congestion!.ssthresh, Number.POSITIVE_INFINITY)
    const idle = marked()
    idle.trace`+0 < E. 1:1(0) ack 1 win 65535`
    assert.equal(idle.connection.congestion!.ssthresh, Number.POSITIVE_INFINITY)
  })

  test('reduces once for a mark and a loss in one window, and once for a loss and a mark', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1 < E. 1:1(0) ack ${at(1)} win 65535
      +0  < E. 1:1(0) ack ${at(1)} win 65535
      +0  < E. 1:1(0) ack ${at(1)} win 65535
      +0  < E. 1:1(0) ack ${at(1)} win 65535
      +0  > [noecn] . ${at(1)}:${at(2)}(1460) ack 1
    `
    assert.equal(tcp.connection.congestion!.ssthresh, 7300)
    const other = tenOut()
    other.trace`
      +.1 < .  1:1(0) ack 1 win 65535
      ${capable(10, 11)}
      +0  < .  1:1(0) ack 1 win 65535
      ${capable(11, 12)}
      +0  < .  1:1(0) ack 1 win 65535
      +0  > [noecn] . 1:${at(1)}(1460) ack 1
      +0  < E. 1:1(0) ack 1 win 65535
    `
    assert.equal(other.connection.congestion!.ssthresh, 7300)
    assert.equal(other.stack.counters.TCPECNReductions, 0)
  })

  test('says CWR after a loss, too, on new data: what goes again has neither that nor a mark (§6.1.2, §6.1.5)', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1 < . 1:1(0) ack 1 win 65535
      ${capable(10, 11)}
      +0  < . 1:1(0) ack 1 win 65535
      ${capable(11, 12)}
      +0  < . 1:1(0) ack 1 win 65535
      +0  > [noecn] . 1:${at(1)}(1460) ack 1
      +.1 < . 1:1(0) ack ${at(12)} win 65535
      +0  > [ect0] W. ${at(12)}:${at(13)}(1460) ack 1
      ${capable(13, 14)}
    `
  })

  test('says CWR after a timeout, on the first data beyond what was lost', () => {
    const tcp = tenOut()
    tcp.trace`
      +5 > [noecn] . 1:${at(1)}(1460) ack 1
      +.1 < . 1:1(0) ack ${at(1)} win 65535
      +0  > [noecn] . ${at(1)}:${at(2)}(1460) ack 1
      +0  > [noecn] . ${at(2)}:${at(3)}(1460) ack 1
      +.1 < . 1:1(0) ack ${at(10)} win 65535
      +0  > [ect0] W. ${at(10)}:${at(11)}(1460) ack 1
      ${capable(11, 13)}
    `
  })

  test('marks no probe of a closed window, and no FIN without text (§6.1.6)', () => {
    const tcp = marked()
    tcp.trace`+0 < . 1:1(0) ack 1 win 0`
    tcp.send(10)
    tcp.trace`
      +5 > [noecn] . 1:2(1) ack 1
      +0 < . 1:1(0) ack 1 win 65535
      +0 > [noecn] P. 1:11(10) ack 1
      +0 < . 1:1(0) ack 11 win 65535
    `
    tcp.connection.close()
    tcp.trace`+0 > [noecn] F. 11:11(0) ack 1`
  })
})
