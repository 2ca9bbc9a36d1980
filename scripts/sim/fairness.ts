import { type HostOptions, Network } from '../../src/sim/index.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import type { Milliseconds } from '../../src/wire/instant.ts'
import { startFlow } from './goodput-cell.ts'

export interface FairnessOptions {
  /** Of the two senders; undefined: the configuration's. */
  controls: readonly [string | undefined, string | undefined]
  /** Of the bottleneck, bits a second. */
  rate: number
  /** Of both, ms. */
  rtt: Milliseconds
  discipline: 'drop-tail' | 'codel'
  /** Virtual time for which both send. */
  seconds: number
}

const MTU = 1500
/** How much later the second one begins. */
const LATER: Milliseconds = 1000

/**
 * Two senders and two receivers on two routers, with the bottleneck between those (RFC 5166 §3.3's dumbbell). Returns what
 * each gets, as a share of the rate, while both send.
 */
export function runFairness({ controls, rate, rtt, discipline, seconds }: FairnessOptions): [number, number] {
  const network = new Network({ seed: 1, record: false })
  const product = (rate / 8000) * rtt
  const buffer = Math.max(1_048_576, Math.ceil(4 * product))
  const [left, right] = [network.router('left'), network.router('right')]
  network.link(left, right, {
    delay: rtt / 2 - 1,
    rate,
    queue: { discipline, packets: Math.max(100, Math.ceil(product / MTU)) },
  })
  const flows = controls.map((control, i) => {
    const choice = control === undefined ? {} : { congestionControl: control }
    const options: HostOptions = { tcp: { sendBuffer: buffer, receiveBuffer: buffer, ...choice } as Partial<TcpConfig> }
    const [sender, receiver] = [network.bareHost(`sender ${i}`, options), network.bareHost(`receiver ${i}`, options)]
    network.link(sender, left, { delay: 0.5 })
    network.link(right, receiver, { delay: 0.5 })
    return () => startFlow(sender, receiver, 5001)
  })
  const first = flows[0]!()
  network.clock.run(LATER)
  const second = flows[1]!()
  const before = first.received()
  network.clock.run(LATER + seconds * 1000)
  const share = (octets: number): number => (octets * 8) / seconds / rate
  return [share(first.received() - before), share(second.received())]
}
