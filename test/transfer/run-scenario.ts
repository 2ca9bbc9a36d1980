import { Rig, withTrace } from './harness.ts'
import type { Progress } from './flow.ts'
import { type Scenario, scenario, type Transfer } from './scenario.ts'

const PORT = 7000
const FIRST_PORT = 50_000

/** What a run has put on the wire, and how long it took. */
export interface Outcome {
  digest: string
  frames: number
  octets: number
  /** Virtual time, ms. */
  took: number
  longestPause: number
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
  rig.runUntil(() => rig.flows.length === ends && rig.flows.every((flow) => flow.done), 1e9, 1e9)
  const took = rig.clock.now()
  const octets = rig.flows.reduce((sum, flow) => sum + flow.received, 0)
  rig.finish()
  return { digest: rig.recorder.digest(), frames: rig.recorder.frames, octets, took, longestPause: rig.longestPause }
}

/** Connections are told apart by the opener's port. */
function open(rig: Rig, transfer: Transfer, localPort: number, progress: Progress): void {
  const [opener, acceptor] = transfer.opener === 'a' ? [rig.a, rig.b] : [rig.b, rig.a]
  const connection = opener.connect(acceptor, transfer.family, PORT, localPort)
  opener.start(connection, transfer.plans[opener.name], progress)
}
