import assert from 'node:assert/strict'
import test from 'node:test'
import { type Outcome, runSeed } from './run-scenario.ts'

/** `ESTAB_SEED=17` runs one seed alone, `ESTAB_SEED=1000-1999` a thousand others. */
const [first = 1, last = first] = (process.env.ESTAB_SEED ?? '1-50').split('-').map(Number)

test(`transfers over a bad line, seeds ${first} to ${last}: every octet right, one end, nothing left`, async (t) => {
  const outcomes: Outcome[] = []
  for (let seed = first; seed <= last; seed++) {
    await t.test(`seed ${seed}`, () => void outcomes.push(runSeed(seed)))
  }
  if (last - first + 1 < 50) return
  await t.test('the line was as bad, and the applications as slow, as they should be', () => meetsAll(outcomes))
})

test('the same seed puts the same octets on the wire at the same moments', () => {
  for (let seed = first; seed <= Math.min(last, first + 9); seed++) {
    assert.equal(runSeed(seed).digest, runSeed(seed).digest, `seed ${seed}`)
  }
  assert.notEqual(runSeed(first).digest, runSeed(first + 1).digest)
})

/** A run that meets no trouble proves nothing: what the seeds are to meet, they met. */
function meetsAll(outcomes: Outcome[]): void {
  const counters = outcomes.flatMap((outcome) => outcome.counters)
  const met = (what: string, count: (c: Outcome['counters'][number]) => number): void => {
    const total = counters.reduce((sum, each) => sum + count(each), 0)
    assert.ok(total > 0, `${what}: never`)
  }
  const dropped = (reason: string) => (c: Outcome['counters'][number]) =>
    (c.drops as Readonly<Record<string, number>>)[reason] ?? 0
  met('a retransmission timer runs out', (c) => c.TCPTimeouts)
  met('a fast retransmission', (c) => c.TCPFastRetrans)
  met('a SYN or SYN,ACK is lost', (c) => c.TCPSynRetrans)
  met('a probe of a closed window', (c) => c.TCPWinProbe)
  met('a probe finds the window closed', dropped('tcp-zero-window'))
  met('a damaged segment', dropped('tcp-checksum'))
  met('a damaged IPv4 header', dropped('ipv4-checksum'))
  met('a duplicate', dropped('tcp-out-of-window'))
  met('a cookie for a full SYN queue', (c) => c.SyncookiesSent)
  met('a connection out of a cookie', (c) => c.SyncookiesRecv)
  met('a full accept queue', dropped('accept-queue-full'))
  met('TIME-WAIT', (c) => c.TW)
}
