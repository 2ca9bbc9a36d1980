import type { Counters } from '../tcp/counters.ts'
import { Fifo } from '../tcp/fifo.ts'
import type { IpAddress } from '../wire/address.ts'
import type { Instant, Milliseconds } from '../wire/instant.ts'
import type { MacAddress } from '../wire/mac.ts'
import { MOST_QUEUED, Neighbour, type QueuedPacket } from './neighbour.ts'

/** Neighbours that are known of. For another one the oldest goes that is not being asked, or else the oldest. */
export const MOST_NEIGHBOURS = 512

/** RFC 4861 §10: RETRANS_TIMER, MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT, DELAY_FIRST_PROBE_TIME, REACHABLE_TIME. */
export const RETRANS_TIMER: Milliseconds = 1000
export const MOST_QUESTIONS = 3
export const DELAY_FIRST_PROBE: Milliseconds = 5000
export const REACHABLE_TIME: Milliseconds = 30_000

/** A power of two. */
const RECENT = 16

export interface NeighbourHost {
  readonly counters: Counters
  /** What waited for a neighbour that has been found. */
  release(packet: QueuedPacket, mac: MacAddress): void
  /** What waited for a neighbour that did not answer. */
  undeliverable(packet: Uint8Array, now: Instant): void
}

/** How a message speaks of a neighbour's address. */
export interface Tidings {
  /** It answers a question of ours (RFC 4861 §4.4, S). */
  readonly solicited: boolean
  /** It replaces an address that is known (O). */
  readonly override: boolean
}

/**
 * Who is at which Ethernet address: the cache of RFC 4861 §7.3, for ARP's entries too. An entry is made by a packet of ours
 * that needs it, and by a question that was asked of us; never by an answer.
 */
export class NeighbourCache {
  private readonly host: NeighbourHost
  private readonly reachableTime: Milliseconds
  /** By the address's text, in the order in which they were made. */
  private readonly entries: Map<string, Neighbour> = new Map<string, Neighbour>()
  /** Those who are to be asked. */
  private readonly asking: Fifo<Neighbour> = new Fifo<Neighbour>()
  private due: Instant = Number.POSITIVE_INFINITY
  /** Who was sent to lately, by the lowest bits of the address: a packet to one of them makes no text of it. */
  private readonly recent: (Neighbour | undefined)[] = new Array<Neighbour | undefined>(RECENT).fill(undefined)

  /** `reachableTime`: by default REACHABLE_TIME; RFC 4861 §6.3.2 has it between a half and one and a half of that, by chance. */
  constructor(host: NeighbourHost, reachableTime: Milliseconds = REACHABLE_TIME) {
    this.host = host
    this.reachableTime = reachableTime
  }

  get size(): number {
    return this.entries.size
  }

  get(address: IpAddress): Neighbour | undefined {
    return this.entries.get(`${address}`)
  }

  /** For an inspector. */
  get all(): Iterable<Neighbour> {
    return this.entries.values()
  }

  nextDeadline(): Instant {
    return this.due
  }

  /** The neighbour to send to, asked for if it is not known; its `mac` is undefined until it has answered. */
  use(address: IpAddress, now: Instant): Neighbour {
    const place = address.d & (RECENT - 1)
    const recent = this.recent[place]
    let neighbour = recent?.address.equals(address) === true ? recent : this.get(address)
    if (neighbour === undefined) {
      neighbour = this.add(address)
      this.ask(neighbour)
    } else if (neighbour.state === 'STALE' || (neighbour.state === 'REACHABLE' && neighbour.deadline <= now)) {
      neighbour.state = 'DELAY'
      this.setDeadline(neighbour, now + DELAY_FIRST_PROBE)
    }
    this.recent[place] = neighbour
    return neighbour
  }

  /** Keeps a packet until the neighbour has answered. */
  enqueue(neighbour: Neighbour, packet: QueuedPacket): void {
    if (neighbour.queue.length >= MOST_QUEUED) {
      neighbour.queue.shift()
      this.host.counters.NeighUnresDiscards++
    }
    neighbour.queue.push(packet)
  }

  /** A question that was asked of us told who asks (RFC 826, RFC 4861 §7.2.3). */
  learnFromQuestion(address: IpAddress, mac: MacAddress): void {
    const neighbour = this.get(address) ?? this.add(address)
    if (neighbour.mac === mac) return
    neighbour.mac = mac
    this.becomeStale(neighbour)
    this.release(neighbour)
  }

  /** An answer, or somebody's word about himself (RFC 4861 §7.2.5). False when nobody asked for it. */
  learnFromAnswer(address: IpAddress, mac: MacAddress | undefined, tidings: Tidings, now: Instant): boolean {
    const neighbour = this.get(address)
    if (neighbour === undefined) return false
    if (neighbour.state === 'INCOMPLETE') {
      if (mac === undefined) return false
      neighbour.mac = mac
      if (tidings.solicited) this.becomeReachable(neighbour, now)
      else this.becomeStale(neighbour)
      this.release(neighbour)
      return true
    }
    const differs = mac !== undefined && mac !== neighbour.mac
    if (differs && !tidings.override) {
      if (neighbour.state !== 'REACHABLE') return false
      this.becomeStale(neighbour)
      return true
    }
    if (differs) neighbour.mac = mac
    if (tidings.solicited) this.becomeReachable(neighbour, now)
    else if (differs) this.becomeStale(neighbour)
    return true
  }

  /** The next neighbour that is to be asked now: all if its address is not known, else itself. */
  nextQuestion(now: Instant): Neighbour | undefined {
    for (let neighbour = this.asking.shift(); neighbour !== undefined; neighbour = this.asking.shift()) {
      if (!neighbour.askDue) continue
      neighbour.askDue = false
      neighbour.asked++
      this.setDeadline(neighbour, now + RETRANS_TIMER)
      return neighbour
    }
    return undefined
  }

  advance(now: Instant): void {
    if (now < this.due) return
    for (const neighbour of [...this.entries.values()])
      if (neighbour.deadline <= now) this.handleTimeout(neighbour, now)
    this.due = Number.POSITIVE_INFINITY
    for (const { deadline } of this.entries.values()) this.due = Math.min(this.due, deadline)
  }

  private handleTimeout(neighbour: Neighbour, now: Instant): void {
    switch (neighbour.state) {
      case 'REACHABLE':
        this.becomeStale(neighbour)
        return
      case 'DELAY':
        neighbour.state = 'PROBE'
        this.ask(neighbour)
        return
      default:
        if (neighbour.asked < MOST_QUESTIONS) this.ask(neighbour, neighbour.asked)
        else this.fail(neighbour, now)
    }
  }

  private ask(neighbour: Neighbour, asked = 0): void {
    neighbour.asked = asked
    neighbour.askDue = true
    neighbour.deadline = Number.POSITIVE_INFINITY
    this.asking.push(neighbour)
  }

  private fail(neighbour: Neighbour, now: Instant): void {
    this.host.counters.NeighResFailed++
    this.remove(neighbour)
    for (const { octets } of neighbour.queue) this.host.undeliverable(octets, now)
  }

  private becomeReachable(neighbour: Neighbour, now: Instant): void {
    neighbour.state = 'REACHABLE'
    neighbour.askDue = false
    this.setDeadline(neighbour, now + this.reachableTime)
  }

  private becomeStale(neighbour: Neighbour): void {
    neighbour.state = 'STALE'
    neighbour.askDue = false
    neighbour.deadline = Number.POSITIVE_INFINITY
  }

  private release(neighbour: Neighbour): void {
    const { queue } = neighbour
    neighbour.queue = []
    for (const packet of queue) this.host.release(packet, neighbour.mac!)
  }

  private setDeadline(neighbour: Neighbour, deadline: Instant): void {
    neighbour.deadline = deadline
    this.due = Math.min(this.due, deadline)
  }

  private add(address: IpAddress): Neighbour {
    if (this.entries.size >= MOST_NEIGHBOURS) this.makeRoom()
    const neighbour = new Neighbour(address.clone())
    this.entries.set(`${address}`, neighbour)
    return neighbour
  }

  private makeRoom(): void {
    const all = [...this.entries.values()]
    const oldest =
      all.find(({ state }) => state === 'STALE') ?? all.find(({ state }) => state !== 'INCOMPLETE') ?? all[0]!
    this.host.counters.NeighForcedGCRuns++
    this.host.counters.NeighUnresDiscards += oldest.queue.length
    this.remove(oldest)
  }

  private remove(neighbour: Neighbour): void {
    this.entries.delete(`${neighbour.address}`)
    neighbour.askDue = false
    const place = neighbour.address.d & (RECENT - 1)
    if (this.recent[place] === neighbour) this.recent[place] = undefined
  }
}
