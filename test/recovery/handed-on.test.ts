/** What one connection leaves to the next is as new: nothing is in it of what was lost, SACKed, timed or undone. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Flight } from '../../src/tcp/flight.ts'
import { Recovery } from '../../src/tcp/recovery/recovery.ts'
import { SackRecovery } from '../../src/tcp/recovery/sack-recovery.ts'
import { Liar, lie } from './liar.ts'

const SEEDS = 300
const STEPS = 60

/** Without a meaning until another field of the same object says so, which a new one's does not. */
const MEANINGLESS: ReadonlySet<string> = new Set([
  '.timedSeq',
  '.idleSince',
  '.windowUse.fullUpTo',
  '.sack.sent.head',
  '.sack.sent.mask',
  '.sack.probe.end',
  '.sack.probe.again',
])

/** All that is in it, without what lies in arrays: those are kept, and each place is written before it is read. */
function contents(value: unknown, path = ''): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (ArrayBuffer.isView(value)) return 'array'
  const fields = Object.entries(value).filter(([name]) => !MEANINGLESS.has(`${path}.${name}`))
  return Object.fromEntries(fields.map(([name, field]) => [name, contents(field, `${path}.${name}`)]))
}

test(`a recovery and a flight after each of ${SEEDS} liars are as new ones`, () => {
  const phases = new Set<string>()
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { connection } = lied(seed)
    const { recovery, flightIfMade: flight } = connection
    phases.add(recovery.sack!.stage)
    connection.abort()
    if (flight !== undefined) assert.deepEqual(contents(flight), contents(new Flight()), `seed ${seed}`)
    const next = new Liar(seed)
    assert.equal(next.connection.recovery, recovery, 'it is handed on')
    const fresh = new Recovery(undefined, new SackRecovery())
    for (const each of [fresh, recovery]) each.sack!.start(next.connection)
    assert.deepEqual(contents(recovery), contents(fresh), `seed ${seed}`)
    next.connection.abort()
  }
  assert.deepEqual([...phases].sort(), ['loss', 'open', 'recovery'])
})

function lied(seed: number): Liar {
  const liar = new Liar(seed)
  for (let i = 0; i < STEPS; i++) lie(liar)
  return liar
}
