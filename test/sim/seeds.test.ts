import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import type { LineCounters } from '../../src/sim/line.ts'
import { runSeed, type SeedOutcome } from './seeds/run-seed.ts'

const COUNT = 200
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

test(`${COUNT} seeds with every impairment at once: every octet right, no stall beyond the RTO, nothing left`, () => {
  const outcomes: SeedOutcome[] = []
  for (let seed = 1; seed <= COUNT; seed++) outcomes.push(runSeed(seed, 30))
  const lines = outcomes.flatMap((outcome) => outcome.lines)
  const counters = outcomes.flatMap((outcome) => outcome.counters)
  // A run that meets no trouble proves nothing.
  const fates: (keyof LineCounters)[] = ['lost', 'corrupted', 'duplicated', 'reordered', 'overflowed', 'late', 'down']
  for (const fate of fates) {
    assert.ok(
      lines.some((line) => line[fate] > 0),
      `${fate}: never`,
    )
  }
  for (const name of ['TCPTimeouts', 'TCPFastRetrans', 'TCPSynRetrans', 'TCPWinProbe', 'TW'] as const) {
    assert.ok(
      counters.some((each) => each[name] > 0),
      `${name}: never`,
    )
  }
})

test('a seed puts the same octets on the wire at the same instants', () => {
  for (const seed of [1, 2, 3, 4, 5]) assert.equal(runSeed(seed).digest, runSeed(seed).digest)
  assert.notEqual(runSeed(1).digest, runSeed(2).digest)
})

test('the command runs seeds in processes of their own, and says how many', () => {
  const { NODE_TEST_CONTEXT: _inherited, ...env } = process.env
  const args = ['--import', 'tsx', 'scripts/sim-seeds.ts', '--from', '7', '--count', '30', '--workers', '2']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, env, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /30 of 30 seeds, 0 failed/)
  assert.match(stdout, /every octet compared/)
})
