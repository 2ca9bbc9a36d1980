/**
 * Prints how two connections share one bottleneck for 60 s of virtual time, the second one beginning a second later.
 *
 *   npm run sim:fairness [-- --seconds 60]
 */
import { parseArgs } from 'node:util'
import { runFairness } from './sim/fairness.ts'
import { congestionControls } from './sim/goodput-cell.ts'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } })
const controls = congestionControls()
const pairs = controls.flatMap((first, i) => controls.slice(i).map((second) => [first, second] as const))

for (const [first, second] of pairs) {
  for (const rtt of [20, 100]) {
    for (const discipline of ['drop-tail', 'codel'] as const) {
      const shares = runFairness({
        controls: [first, second],
        rate: 10e6,
        rtt,
        discipline,
        seconds: Number(values.seconds),
      })
      const [a, b] = shares.map((share) => `${(share * 100).toFixed(1)} %`)
      const who = `${first ?? 'default'} ${a}, ${second ?? 'default'} ${b}`
      console.log(
        `10 Mbit/s, ${rtt} ms, ${discipline}: ${who}, together ${((shares[0] + shares[1]) * 100).toFixed(1)} %`,
      )
    }
  }
}
