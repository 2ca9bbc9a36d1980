import { type BareHost, Network } from '../../src/sim/index.ts'
import { bufferSize, DEFAULT_CONFIG, type TcpConfig } from '../../src/tcp/config.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import type { Milliseconds } from '../../src/wire/instant.ts'

/** One cell of the table: a path, and who sends over it. */
export interface Cell {
  /** Undefined where the configuration has no such knob. */
  congestionControl: string | undefined
  /** Bits a second. */
  rate: number
  /** Of the path without queues, ms. */
  rtt: Milliseconds
  /** Probability, in the direction of the data. */
  loss: number
}

export interface CellResult {
  cell: Cell
  /** Octets that the receiving application read, as a share of what the rate carries. */
  share: number
  retransmitted: number
}

const PORT = 5001
const MTU = 1500
/** Measured is what comes behind so many round trips, and at least so many ms. */
const WARM_UP = { roundTrips: 20, ms: 1000 }
/** It ends behind at least these, when so many packets have come or so many ms have passed. */
const MEASURED = { roundTrips: 20, ms: 1000, packets: 40_000, most: 60_000 }

/** The knob's values, as far as the configuration has it. */
export function congestionControls(): (string | undefined)[] {
  return 'congestionControl' in DEFAULT_CONFIG ? ['cubic', 'newreno'] : [undefined]
}

/** Sends as much as goes, and measures. The path's queue holds what the path itself does, and 100 packets at least. */
export function runCell(cell: Cell): CellResult {
  const { rate, rtt, loss } = cell
  const network = new Network({ seed: 1, record: false })
  const product = (rate / 8000) * rtt
  // They grow by themselves, to twice what the path and its queue hold where the default is less: the windows never limit.
  const [sendBuffer, receiveBuffer] = [DEFAULT_CONFIG.sendBuffer, DEFAULT_CONFIG.receiveBuffer].map((size) => {
    const { initial, max } = bufferSize(size)
    return { initial, max: Math.max(max, Math.ceil(4 * product)) }
  })
  const choice = cell.congestionControl === undefined ? {} : { congestionControl: cell.congestionControl }
  const tcp = { sendBuffer, receiveBuffer, ...choice } as Partial<TcpConfig>
  const [sender, receiver] = [network.bareHost('sender', { tcp }), network.bareHost('receiver', { tcp })]
  const queue = { packets: Math.max(100, Math.ceil(product / MTU)) }
  const delay = rtt / 2
  network.link(sender, receiver, { delay, forward: { rate, queue, loss }, backward: { rate } })
  const flow = startFlow(sender, receiver, PORT)
  const { clock } = network
  const warmUp = Math.max(WARM_UP.roundTrips * rtt, WARM_UP.ms)
  clock.run(warmUp)
  const [before, resentBefore] = [flow.received(), sender.stack.counters.RetransSegs]
  const least = Math.max(MEASURED.roundTrips * rtt, MEASURED.ms)
  clock.run(warmUp + least)
  const enough = before + MEASURED.packets * MTU
  while (clock.now() < warmUp + MEASURED.most && flow.received() < enough) clock.run(clock.now() + least)
  const octets = flow.received() - before
  const share = (octets * 8000) / (clock.now() - warmUp) / rate
  return { cell, share, retransmitted: sender.stack.counters.RetransSegs - resentBefore }
}

export interface Sending {
  /** Octets that the receiving application has read. */
  received(): number
}

/** A connection on which one application writes without end, and the other reads all. */
export function startFlow(sender: BareHost, receiver: BareHost, port: number): Sending {
  let received = 0
  const chunk = new Uint8Array(65_536)
  const sink = new Uint8Array(262_144)
  const listener = receiver.stack.listen({ port })
  const accepted = new Set<Connection>()
  on(receiver, (type, connection) => {
    if (type === 'acceptable') {
      for (let next = listener.accept(); next !== undefined; next = listener.accept()) accepted.add(next)
      for (const each of accepted) received += drain(each, sink)
    } else if (type === 'readable' && connection !== undefined && accepted.has(connection)) {
      received += drain(connection, sink)
    } else return
    receiver.driver.touch()
  })
  const address = String(receiver.interface.addresses[0])
  const connection = sender.stack.connect({ address, port })
  on(sender, (_type, of) => {
    if (of !== connection) return
    while (connection.send(chunk) === chunk.length);
    sender.driver.touch()
  })
  sender.driver.touch()
  return { received: () => received }
}

function drain(connection: Connection, sink: Uint8Array): number {
  let octets = 0
  while (connection.readable > 0) octets += connection.receive(sink)
  return octets
}

/** Adds a handler to those that the host's events have. */
function on(host: BareHost, handler: (type: string, connection: Connection | undefined) => void): void {
  const before = host.driver.onEvent
  host.driver.onEvent = (event) => {
    before(event)
    handler(event.type, 'connection' in event ? event.connection : undefined)
  }
}
