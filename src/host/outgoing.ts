import type { Frames, Link } from '../link/link.ts'
import { arenaOctets } from '../wire/arena.ts'
import { ETHERNET_HEADER_LENGTH } from '../wire/ethernet.ts'
import type { Instant } from '../wire/instant.ts'
import { Offload } from '../wire/offload.ts'
import { Payload } from '../wire/payload.ts'
import type { Drivable } from './driver.ts'

/** Where frames come from. */
export type FrameSource = Pick<Drivable, 'transmit' | 'transmitRow'>

/** Frames on their way from a stack to its link: as many as the link takes well together, one after another in one buffer. */
export class Outgoing {
  readonly #link: Link
  readonly #source: FrameSource
  /** Octets of the longest frame, with what the link wants before it. */
  readonly #slot: number
  readonly #frames: Frames
  /** What the last frame goes on with, where the link takes that from elsewhere. */
  readonly #payload: Payload | undefined
  /** Frames that wait are `first` up to `count`. */
  #first = 0
  #count = 0

  constructor(link: Link, source: FrameSource) {
    this.#link = link
    this.#source = source
    const most = link.burst ?? 1
    const header = link.headroom + (link.medium === 'ethernet' ? ETHERNET_HEADER_LENGTH : 0)
    this.#slot = header + Math.max(link.mtu, link.offload.segmentation)
    this.#frames = {
      octets: arenaOctets(this.#slot + (most - 1) * (header + link.mtu)),
      starts: new Int32Array(most),
      ends: new Int32Array(most),
      offloads: Array.from({ length: most }, () => new Offload()),
    }
    this.#payload = link.sendGathered === undefined ? undefined : new Payload()
  }

  get isEmpty(): boolean {
    return this.#first === this.#count
  }

  /** When it is empty: takes frames from the stack, `most` at the most. */
  fill(now: Instant, most: number): void {
    const { headroom } = this.#link
    const { octets, ends, offloads } = this.#frames
    const wanted = Math.min(most, offloads.length)
    this.#first = 0
    this.#count = 0
    for (let at = 0; this.#count < wanted && at + this.#slot <= octets.length; at = ends[this.#count - 1]!) {
      const start = at + headroom
      const length = this.#next(start, now)
      if (length === 0) return
      this.#add(start, length)
      // It is the stack's memory, and read before the stack is called again.
      if (this.#payload !== undefined && this.#payload.length > 0) return
      if (this.#count < wanted) this.#fillRow(start, length, wanted, now)
    }
  }

  #add(start: number, length: number): void {
    this.#frames.starts[this.#count] = start
    this.#frames.ends[this.#count] = start + length
    this.#count++
  }

  /** More frames like the last one, which begins at `start`, where the stack has any. */
  #fillRow(start: number, length: number, wanted: number, now: Instant): void {
    if (this.#source.transmitRow === undefined) return
    const { octets, offloads } = this.#frames
    const stride = this.#link.headroom + length
    const room = Math.floor((octets.length - start - length - this.#slot) / stride) + 1
    const most = Math.min(wanted - this.#count, room)
    if (most <= 0) return
    const row = this.#source.transmitRow(octets, start + stride, stride, most, now)
    for (let i = 1; i <= row; i++) {
      offloads[this.#count]!.clear()
      this.#add(start + i * stride, length)
    }
  }

  /** Sends what waits, as far as the link has room; returns how many frames that was. */
  send(): number {
    const before = this.#first
    if (this.#link.sendTogether !== undefined) this.#first += this.#sendTogether()
    while (this.#first < this.#count && this.#sendFirst()) this.#first++
    if (!this.isEmpty) this.#joinLast()
    return this.#first - before
  }

  /** Whole frames, as many as the link takes together. */
  #sendTogether(): number {
    const whole = this.#payload === undefined || this.#payload.length === 0 ? this.#count : this.#count - 1
    return this.#link.sendTogether!(this.#frames, this.#first, whole)
  }

  #sendFirst(): boolean {
    const first = this.#first
    const { octets, starts, ends, offloads } = this.#frames
    const start = starts[first]!
    const end = ends[first]!
    const offload = offloads[first]!
    const payload = this.#payload
    if (payload === undefined || payload.length === 0 || first < this.#count - 1) {
      return this.#link.send(octets, start, end, offload)
    }
    const taken = this.#link.sendGathered!(octets, start, end, payload, offload)
    if (taken) payload.clear()
    return taken
  }

  /** A frame for which the link has no room waits whole: its payload's memory may hold others by then. */
  #joinLast(): void {
    if (this.#payload === undefined || this.#payload.length === 0) return
    const { octets, ends } = this.#frames
    const last = this.#count - 1
    const end = ends[last]!
    ends[last] = end + this.#payload.join(octets, end)
  }

  #next(start: number, now: Instant): number {
    const { octets, offloads } = this.#frames
    const offload = offloads[this.#count]!
    offload.clear()
    const length = this.#source.transmit(octets, start, now, offload, this.#payload)
    const whole = length + (this.#payload?.length ?? 0)
    if (this.#link.headroom + whole <= this.#slot) return length
    throw new RangeError(`the stack made a frame of ${whole} octets: more than the link ${this.#link.name} takes`)
  }
}
