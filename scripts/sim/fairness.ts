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
  /** 1 by default. */
  seed?: number
  /** How much later the second one begins: 1000 by default. With `together` it is by chance, which begins first, too. */
  later?: Milliseconds | 'together'
}

const MTU = 1500
/** Two that begin together do so within so many ms. */
const TOGETHER: Milliseconds = 200

/**
 * Two senders and two receivers on two routers, with the bottleneck between those (RFC 5166 §3.3's dumbbell). Returns what
 * each gets, as a share of the rate, while both send. Packets take up to a packet's time longer to the bottleneck, by chance:
 * else two flows of equal rhythm might be in step, and a full queue might always drop the same one's.
 */
export function runFairness(options: FairnessOptions): [number, number] {
  const { controls, rate, rtt, discipline, seconds, seed = 1, later = 1000 } = options
  const network = new Network({ seed, record: false })
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
    network.link(sender, left, { delay: 0.5, forward: { jitter: (MTU * 8000) / rate } })
    network.link(right, receiver, { delay: 0.5 })
    return { sender, receiver }
  })
  const lead = later === 'together' ? (network.fork().next() * 2 - 1) * TOGETHER : later
  const order = lead < 0 ? [flows[1]!, flows[0]!] : flows
  const first = startFlow(order[0]!.sender, order[0]!.receiver, 5001)
  network.clock.run(Math.abs(lead))
  const second = startFlow(order[1]!.sender, order[1]!.receiver, 5001)
  const before = first.received()
  network.clock.run(Math.abs(lead) + seconds * 1000)
  const share = (octets: number): number => (octets * 8) / seconds / rate
  const shares: [number, number] = [share(first.received() - before), share(second.received())]
  return lead < 0 ? [shares[1], shares[0]] : shares
}
