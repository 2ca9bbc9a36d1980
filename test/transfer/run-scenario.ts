import assert from 'node:assert/strict'
import type { Stack } from '../../src/stack/stack.ts'
import type { Progress } from './flow.ts'
import { PORT, Rig, withTrace } from './harness.ts'
import { type Scenario, scenario, type Transfer } from './scenario.ts'

const FIRST_PORT = 50_000

/**
 * The retransmission timer is at most 60 s (`rtoMax`), and it takes eight losses in a row to get there from 0.2 s: who
 * stands still for longer waits for a timer that does not run.
 */
const PATIENCE = 60_000
/**
 * At worst one segment goes out each round trip: 60 ms, an ACK delayed by up to 200 ms, and for each of the 12 % that get
 * lost on one of the two ways a timeout of a second or two, with its back-off.
 */
const PER_SEGMENT = 500

/** What a run has put on the wire, and what it has met. */
export interface Outcome {
  digest: string
  /** Of both stacks. */
  counters: Stack['counters'][]
}

export function runSeed(seed: number): Outcome {
  const plan = scenario(seed)
  const rig = new Rig(plan.rig)
  return withTrace(rig, `seed ${seed} (ESTAB_SEED=${seed} runs it alone)`, () => run(rig, plan))
}

function run(rig: Rig, { transfers, backlog, acceptBacklog, acceptPause }: Scenario): Outcome {
  const progress = transfers.map(() => ({ at: 0 }))
  for (const end of [rig.a, rig.b]) {
    end.listen({ port: PORT, backlog, acceptBacklog })
    end.onAcceptable = (listener) => {
      rig.clock.at(rig.clock.now() + acceptPause, () => {
        for (let connection = listener.accept(); connection !== undefined; connection = listener.accept()) {
          const i = connection.remotePort - FIRST_PORT
          end.start(connection, transfers[i]!.plans[end.name], progress[i]!)
        }
        end.driver.touch()
      })
    }
  }
  for (const [i, transfer] of transfers.entries()) {
    rig.clock.at(transfer.opensAt, () => open(rig, transfer, FIRST_PORT + i, progress[i]!))
  }
  const ends = 2 * transfers.length
  const total = sum(transfers.map(({ plans }) => plans.a.send.length + plans.b.send.length))
  const segmentSize = Math.min(rig.a.stack.mtu, rig.b.stack.mtu) / 2
  const limit = 2 * PATIENCE + PER_SEGMENT * (total / segmentSize)
  rig.runUntil(() => rig.flows.length === ends && rig.flows.every((flow) => flow.done), PATIENCE, limit)
  assert.equal(sum(rig.flows.map(({ received }) => received)), total)
  rig.finish()
  return { digest: rig.recorder.digest(), counters: [rig.a.stack.counters, rig.b.stack.counters] }
}

/** Connections are told apart by the opener's port. */
function open(rig: Rig, transfer: Transfer, localPort: number, progress: Progress): void {
  const [opener, acceptor] = transfer.opener === 'a' ? [rig.a, rig.b] : [rig.b, rig.a]
  const connection = opener.connect(acceptor, transfer.family, PORT, localPort)
  opener.start(connection, transfer.plans[opener.name], progress)
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, n) => total + n, 0)
}
