import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLAIN } from '../../src/cli/colors.ts'
import { endpoint, type LadderStep, ladderHeading, ladderRung, stateName } from '../../src/cli/ladder.ts'
import { LadderPrinter } from '../../src/cli/ladder-printer.ts'

const ENDS = { client: '10.77.0.1:43210', server: '10.77.0.2:80', irs: 2_951_823_344, iss: 1_190_283_441 }

function load(synQueue: number, acceptQueue: number): LadderStep['load'] {
  return { synQueue, backlog: 4, acceptQueue, acceptBacklog: 4 }
}

function draw(steps: readonly LadderStep[]): string {
  const lines: string[] = []
  const printer = new LadderPrinter((line) => lines.push(line.trimEnd()), PLAIN)
  for (const step of steps) printer.rung(ENDS, step)
  return `\n${lines.join('\n')}\n`
}

test('a handshake as a ladder', () => {
  const ladder = draw([
    { kind: 'syn-received', at: 0, load: load(1, 0) },
    { kind: 'syn-ack-sent', at: 0.2, load: load(1, 0), arrives: true },
    { kind: 'completed', at: 1.4, load: load(0, 1) },
  ])
  assert.equal(
    ladder,
    `
           client 10.77.0.1:43210                              server 10.77.0.2:80     SYN    accept
           j = 2951823344                                      k = 1190283441          queue  queue
  0.000 s  SYN-SENT (SYN_SEND) ── SYN (seq=j) ───────────────▶ SYN-RECEIVED (SYN_RECV) 1/4    0/4
  0.000 s  ESTABLISHED         ◀── SYN+ACK (ack=j+1, seq=k) ── SYN-RECEIVED (SYN_RECV) 1/4    0/4
  0.001 s  ESTABLISHED         ── ACK (ack=k+1) ─────────────▶ ESTABLISHED             0/4    1/4
`,
  )
})

test('SYN,ACKs that are lost, and the end of an entry that nobody answers', () => {
  const ladder = draw([
    { kind: 'syn-received', at: 0, load: load(1, 0), clientText: 'SYN, then silence' },
    { kind: 'syn-ack-sent', at: 0, load: load(1, 0), arrives: false, note: 'lost' },
    { kind: 'syn-ack-retransmitted', at: 1000, load: load(1, 0), clientText: 'silence', note: '1st retransmission' },
    { kind: 'expired', at: 63_000, load: load(0, 0), clientText: 'silence' },
  ])
  assert.equal(
    ladder,
    `
           client 10.77.0.1:43210                              server 10.77.0.2:80     SYN    accept
           j = 2951823344                                      k = 1190283441          queue  queue
  0.000 s  SYN, then silence   ── SYN (seq=j) ───────────────▶ SYN-RECEIVED (SYN_RECV) 1/4    0/4
  0.000 s  SYN-SENT (SYN_SEND) ╳── SYN+ACK (ack=j+1, seq=k) ── SYN-RECEIVED (SYN_RECV) 1/4    0/4
                               └ lost
  1.000 s  silence             ◀── SYN+ACK (ack=j+1, seq=k) ── SYN-RECEIVED (SYN_RECV) 1/4    0/4
                               └ 1st retransmission
 63.000 s  silence             survival time over: deleted     LISTEN                  0/4    0/4
`,
  )
})

test('what else ends an entry, or keeps one from being made', () => {
  const ladder = draw([
    { kind: 'dropped', at: 0, load: load(4, 0), note: 'the SYN queue is full' },
    { kind: 'waiting', at: 0, load: load(1, 4) },
    { kind: 'reset', at: 0, load: load(0, 0) },
    { kind: 'closed', at: 0, load: load(0, 0) },
    { kind: 'expired', at: 0, load: load(0, 0) },
  ])
  const rungs = ladder.split('\n').slice(3)
  assert.deepEqual(rungs, [
    '  0.000 s  SYN-SENT (SYN_SEND) ── SYN (seq=j) ───────────────╳ LISTEN                  4/4    0/4',
    '                               └ the SYN queue is full',
    '  0.000 s  ESTABLISHED         ── ACK (ack=k+1) ─────────────▶ SYN-RECEIVED (SYN_RECV) 1/4    4/4',
    '  0.000 s  CLOSED              ── RST ───────────────────────▶ LISTEN                  0/4    0/4',
    '  0.000 s  CLOSED              ◀── RST ─────────────────────── CLOSED                  0/4    0/4',
    '  0.000 s  no answer           survival time over: deleted     LISTEN                  0/4    0/4',
    '',
  ])
})

test('a handshake by a cookie: the SYN and its answer in one step, and no entry', () => {
  const ladder = draw([
    { kind: 'cookie-sent', at: 0, load: load(4, 0), arrives: true, note: 'a cookie' },
    { kind: 'cookie-completed', at: undefined, load: load(4, 1) },
  ])
  assert.deepEqual(ladder.split('\n').slice(3), [
    '  0.000 s  SYN-SENT (SYN_SEND) ── SYN (seq=j) ───────────────▶ LISTEN                  4/4    0/4',
    '  0.000 s  ESTABLISHED         ◀── SYN+ACK (ack=j+1, seq=k) ── LISTEN                  4/4    0/4',
    '                               └ a cookie',
    '           ESTABLISHED         ── ACK (ack=k+1) ─────────────▶ ESTABLISHED             4/4    1/4',
    '',
  ])
})

test('a deferred SYN, and what the application says', () => {
  const ladder = draw([
    { kind: 'syn-received', at: 0, load: load(1, 0) },
    { kind: 'deferred', at: 0, load: load(1, 0) },
    { kind: 'syn-ack-sent', at: 500, load: load(1, 0), arrives: true },
    { kind: 'refused', at: 500, load: load(0, 0) },
    { kind: 'ignored', at: 500, load: load(0, 0) },
    { kind: 'evicted', at: 500, load: load(3, 0) },
  ])
  assert.deepEqual(ladder.split('\n').slice(3), [
    '  0.000 s  SYN-SENT (SYN_SEND) ── SYN (seq=j) ───────────────▶ SYN-RECEIVED (SYN_RECV) 1/4    0/4',
    '  0.000 s  SYN-SENT (SYN_SEND) deferred: no answer yet         SYN-RECEIVED (SYN_RECV) 1/4    0/4',
    '  0.500 s  ESTABLISHED         ◀── SYN+ACK (ack=j+1, seq=k) ── SYN-RECEIVED (SYN_RECV) 1/4    0/4',
    '  0.500 s  CLOSED              ◀── RST ─────────────────────── LISTEN                  0/4    0/4',
    '  0.500 s  SYN-SENT (SYN_SEND) ignored: no answer              LISTEN                  0/4    0/4',
    '  0.500 s  SYN-SENT (SYN_SEND) evicted for a lighter prefix    LISTEN                  3/4    0/4',
    '',
  ])
})

test('the queues of the default backlog stand apart', () => {
  const full = { synQueue: 128, backlog: 128, acceptQueue: 0, acceptBacklog: 128 }
  const [rung] = ladderRung({ kind: 'dropped', at: 0, load: full }, PLAIN)
  assert.match(rung!, / 128\/128 0\/128$/)
  assert.ok(rung!.length <= 100)
})

test('whether a SYN,ACK arrives is known from the next segment only, unless the link says so', () => {
  const [rung] = ladderRung({ kind: 'syn-ack-sent', at: 0, load: load(1, 0) }, PLAIN)
  assert.match(rung!, /SYN-SENT \(SYN_SEND\) ◀──/)
})

test('a heading comes with the first rung, and when another handshake speaks', () => {
  const lines: string[] = []
  const printer = new LadderPrinter((line) => lines.push(line), PLAIN)
  const step: LadderStep = { kind: 'syn-received', at: 0, load: load(1, 0) }
  printer.rung(ENDS, step)
  printer.rung(ENDS, step)
  printer.rung({ ...ENDS, client: '10.77.0.1:43211' }, step)
  const kinds = lines.map((line) => (line === '' ? 'gap' : /client|j = /.test(line) ? 'heading' : 'rung'))
  assert.deepEqual(kinds, ['heading', 'heading', 'rung', 'rung', 'gap', 'heading', 'heading', 'rung'])
})

test('IPv6, and numbers of any size, fit into 100 columns', () => {
  const ends = { client: '[fd77::1]:65535', server: '[fd77::2]:65535', irs: 4_294_967_295, iss: 4_294_967_295 }
  const step: LadderStep = { kind: 'completed', at: 63_000, load: load(4, 4) }
  for (const line of [...ladderHeading(ends, PLAIN), ...ladderRung(step, PLAIN)]) assert.ok(line.length <= 100, line)
})

test('states have their classic names beside the standard ones where they differ', () => {
  assert.equal(stateName('SYN-SENT'), 'SYN-SENT (SYN_SEND)')
  assert.equal(stateName('SYN-RECEIVED'), 'SYN-RECEIVED (SYN_RECV)')
  assert.equal(stateName('ESTABLISHED'), 'ESTABLISHED')
})

test('ends as text', () => {
  assert.equal(endpoint('10.0.0.1', 80), '10.0.0.1:80')
  assert.equal(endpoint('fd77::1', 80), '[fd77::1]:80')
})
