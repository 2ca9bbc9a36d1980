import type { Instant, Milliseconds } from '../wire/instant.ts'
import type { Segment } from '../wire/segment.ts'

/** A queue that drops what comes when it is full. */
export interface DropTailOptions {
  discipline?: 'drop-tail'
  /** The most packets that wait: 1000 by default, as Linux's `txqueuelen`. */
  packets?: number
  /** The most octets that wait: without bound by default. */
  octets?: number
}

/** Controlled delay, RFC 8289: drops from the head what has waited too long for too long. */
export interface CoDelOptions {
  discipline: 'codel'
  /** The standing delay that is put up with: 5 ms by default, as RFC 8289 advises. */
  target?: Milliseconds
  /** Over which it is looked at, a round-trip time of the worst case: 100 ms by default. */
  interval?: Milliseconds
  /** Marks ECN-capable packets as having met congestion, in place of dropping them. Default false. */
  ecn?: boolean
  /** The hard bounds, as for drop-tail: 1000 packets by default. */
  packets?: number
  octets?: number
}

export type QueueOptions = DropTailOptions | CoDelOptions

/** Losses in bursts: the Gilbert-Elliott model. Before each packet the state may change; then a packet is lost with the state's probability. */
export interface BurstLoss {
  /** Probability to go from the good state to the bad one, for each packet. */
  enter: number
  /** Probability to go back: the mean length of a bad time is 1 / `leave` packets. */
  leave: number
  /** Loss in the good state, 0 by default, and in the bad one, 1 by default. */
  good?: number
  bad?: number
}

/** A packet about to go into a line, borrowed until the predicate returns. */
export interface SimulatedPacket {
  /** The IP packet; a view. */
  readonly octets: Uint8Array
  /** How many packets went into this direction of the link before it, and itself: 1 for the first. */
  readonly ordinal: number
  readonly at: Instant
  /** The TCP segment in it, if it is one, whole and well-formed. */
  readonly segment: Segment | undefined
  /** As tcpdump prints it. */
  toString(): string
}

/** Which packets are dropped: those with these ordinals, every n-th, or those of which the predicate says so. */
export type Drop = readonly number[] | { every: number } | ((packet: SimulatedPacket) => boolean)

/** One direction of a link. Probabilities are from 0 to 1, for each packet anew; everything is off by default. */
export interface LineOptions {
  /** How long a packet is on its way. */
  delay?: Milliseconds
  /** At most this much more, evenly spread. The order is kept: `reorder` is what breaks it. */
  jitter?: Milliseconds
  /** Bits a second, of IP packets. Infinity by default: no queue then. */
  rate?: number
  /** Where packets wait for the rate. */
  queue?: QueueOptions
  loss?: number | BurstLoss
  drop?: Drop
  /** Probability that a packet comes twice. */
  duplicate?: number
  /** Probability that a packet is held back, so that later ones overtake it. */
  reorder?: number
  /** How long it is held back beyond its delay: 10 ms by default. */
  holdBack?: Milliseconds
  /** Probability that one bit of a packet is flipped. */
  corrupt?: number
  /** The longest IP packet that it takes, octets: longer ones are lost, and a router in front of it says so. 65,535 by default. */
  mtu?: number
}

export interface CompleteLineOptions {
  delay: Milliseconds
  jitter: Milliseconds
  rate: number
  queue: QueueOptions
  loss: number | BurstLoss
  drop: Drop | undefined
  duplicate: number
  reorder: number
  holdBack: Milliseconds
  corrupt: number
  mtu: number
}

export const NO_IMPAIRMENT: CompleteLineOptions = {
  delay: 0,
  jitter: 0,
  rate: Number.POSITIVE_INFINITY,
  queue: {},
  loss: 0,
  drop: undefined,
  duplicate: 0,
  reorder: 0,
  holdBack: 10,
  corrupt: 0,
  mtu: 65_535,
}

/**
 * `given` over `base`. A key that is undefined counts as absent.
 * @throws {RangeError} ERR_OUT_OF_RANGE, naming the knob
 */
export function lineOptions(base: CompleteLineOptions, given: LineOptions): CompleteLineOptions {
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const all: CompleteLineOptions = { ...base, ...present }
  for (const name of ['duplicate', 'reorder', 'corrupt'] as const) checkProbability(name, all[name])
  if (typeof all.loss === 'number') {
    checkProbability('loss', all.loss)
  } else {
    const { enter, leave, good = 0, bad = 1 } = all.loss
    for (const [name, value] of Object.entries({ enter, leave, good, bad })) checkProbability(`loss.${name}`, value)
  }
  for (const name of ['delay', 'jitter', 'holdBack'] as const) {
    check(name, all[name] >= 0 && all[name] < Number.POSITIVE_INFINITY, 'a time in ms, 0 or more', all[name])
  }
  check('rate', all.rate > 0, 'more than 0 bits a second, or Infinity', all.rate)
  check('mtu', Number.isInteger(all.mtu) && all.mtu >= 68 && all.mtu <= 65_535, '68 to 65,535 octets', all.mtu)
  const { packets = 1, octets = 1 } = all.queue
  check('queue.packets', packets >= 1, '1 or more', packets)
  check('queue.octets', octets >= 1, '1 or more', octets)
  if (all.queue.discipline === 'codel') {
    const { target = 5, interval = 100 } = all.queue
    check('queue.target', target >= 0, 'a time in ms, 0 or more', target)
    check('queue.interval', interval > 0, 'a time in ms, more than 0', interval)
  }
  return all
}

function checkProbability(name: string, value: number): void {
  check(name, value >= 0 && value <= 1, 'a probability, 0 to 1', value)
}

function check(name: string, valid: boolean, wanted: string, value: number): void {
  if (valid) return
  throw Object.assign(new RangeError(`"${name}" must be ${wanted}. Received ${value}`), { code: 'ERR_OUT_OF_RANGE' })
}
