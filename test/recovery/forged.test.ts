/** Whatever ACKs and SACK blocks come, right or forged, the scoreboard stays sound and the connection goes on. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Liar, lie } from './liar.ts'

const SEEDS = 400
const STEPS = 120

test(`${SEEDS} liars: the sums are right, nothing SACKed or unsent goes out, a timer runs; then one that has forgotten all gets all`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const liar = new Liar(seed)
    const { connection } = liar
    for (let i = 0; i < STEPS; i++) lie(liar)
    connection.close()
    liar.flush()
    honest(liar, seed)
    assert.equal(connection.state, 'FIN-WAIT-2', `seed ${seed}`)
  }
})

/** From SND.UNA on a plain receiver, that has nothing of what was SACKed and sends no blocks. */
function honest(liar: Liar, seed: number): void {
  const { connection } = liar
  const { snd } = connection.tcb
  let next = snd.una
  liar.got.length = 0
  liar.ack(next, [], 60_000)
  for (let rounds = 0; connection.state === 'FIN-WAIT-1'; rounds++) {
    assert.ok(rounds < 2000, `seed ${seed}: it goes on without end`)
    const before = next
    liar.got.sort((a, b) => ((a.seq - next) | 0) - ((b.seq - next) | 0))
    for (const { seq, length, fin } of liar.got.splice(0)) {
      const end = (seq + length + (fin ? 1 : 0)) >>> 0
      if (((seq - next) | 0) <= 0 && ((end - next) | 0) > 0) next = end
    }
    if (next !== before) liar.ack(next, [], 60_000)
    else liar.wait(60_000)
  }
}
