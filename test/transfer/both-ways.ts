import { Chance } from '../../src/sim/chance.ts'
import { eager, type FlowPlan } from './flow.ts'
import { PORT, Rig, type RigOptions, withTrace } from './harness.ts'

const MINUTE = 60_000

export type Plan = (send: Uint8Array, expect: Uint8Array, close: FlowPlan['close']) => FlowPlan

export function octets(length: number, seed = 7): Uint8Array {
  return new Chance(seed).bytes(length)
}

/** Sends `size` octets each way over one connection, and sees that nothing is left. Returns the rig when it is done. */
export function transfer(options: RigOptions, size: number, family: 4 | 6 = 4, plan: Plan = eager): Rig {
  const rig = new Rig(options)
  return withTrace(rig, options.seed === undefined ? 'this case' : `seed ${options.seed}`, () => {
    const [up, down] = [octets(size, 1), octets(size, 2)]
    const progress = { at: 0 }
    rig.b.listen({ port: PORT })
    rig.b.onAcceptable = (listener) => rig.b.start(listener.accept()!, plan(down, up, 'ended'), progress)
    rig.a.start(rig.a.connect(rig.b, family, PORT), plan(up, down, 'sent'), progress)
    rig.runUntil(() => rig.flows.length === 2 && rig.flows.every((flow) => flow.done), 2 * MINUTE, 10 * MINUTE)
    rig.finish()
    return rig
  })
}
