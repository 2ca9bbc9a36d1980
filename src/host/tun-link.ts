import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import type { Frames, Link, LinkReceiver } from '../link/link.ts'
import { arenaOctets } from '../wire/arena.ts'
import type { Milliseconds } from '../wire/instant.ts'
import type { Landing } from '../wire/landing.ts'
import { Offload, type OffloadCapability } from '../wire/offload.ts'
import type { Payload } from '../wire/payload.ts'
import { BusyPoll, type EventLoop } from './busy-poll.ts'
import type { Libc, Watch } from './ffi.ts'
import { type FrameReader, type FrameRings, LEAST_WRITES, NO_RINGS } from './frame-rings.ts'
import { errnoName, TunError } from './tun-error.ts'
import { readVnetHeader, VNET_HEADER_LENGTH, writeVnetHeader } from './vnet-header.ts'

export interface TunCounters {
  received: number
  sent: number
  /** Frames that the kernel did not take: malformed ones, or any while the interface is down. */
  refused: number
}

export interface TunDevice {
  readonly name: string
  /** The interface's index. */
  readonly index: number
  readonly mtu: number
  readonly offload: OffloadCapability
  readonly offloadRefusal?: string | undefined
  /** Octets of virtio's header before each frame, which tells of offloads: 0 where there are none. Default 10. */
  readonly headroom?: number
  /** Default 'ip'. */
  readonly medium?: 'ip' | 'ethernet'
  /** Default 128. */
  readonly batch?: number | undefined
  /** ms. Default: never. */
  readonly busyPoll?: Milliseconds | undefined
  /** They are closed with the link. Default: none. */
  readonly rings?: FrameRings
}

const { EAGAIN, EINTR } = constants.errno
/** File descriptor in bad state: what a TUN device says that was removed. Node has no name for it. */
const EBADFD = 77
const BUFFER_LENGTH = VNET_HEADER_LENGTH + 65_536

/**
 * Frames written one right after another. Within each write the kernel receives the frame, and wakes the reader if that has nothing else
 * to read: while frames come faster than it reads, it need not be woken. Few enough to be in the processor's cache still.
 */
const BURST = 64
const EVENT_LOOP: EventLoop = { now: () => performance.now(), nextTurn: (callback) => void setImmediate(callback) }

/** Frames read before others have their turn. */
export const BATCH = 128

/** A TUN device that is open: see `openTun`. */
export class TunLink implements Link {
  readonly name: string
  readonly medium: 'ip' | 'ethernet'
  /** The interface's index. */
  readonly index: number
  readonly mtu: number
  readonly offload: OffloadCapability
  /** Why the kernel does less than it was asked to; undefined where it does that. */
  readonly offloadRefusal: string | undefined
  /** Why each frame takes a system call; undefined where one takes several. */
  readonly ringRefusal: string | undefined
  readonly headroom: number
  readonly burst: number = BURST
  readonly counters: Readonly<TunCounters>
  readonly #counters: TunCounters = { received: 0, sent: 0, refused: 0 }
  readonly #libc: Libc
  readonly #fd: number
  readonly #batch: number
  readonly #buffer = arenaOctets(BUFFER_LENGTH)
  readonly #inward = new Offload()
  readonly #busyPoll: BusyPoll
  readonly #rings: FrameRings
  #receiver: LinkReceiver | undefined
  #watch: Watch | undefined
  #closed = false

  /** @param fd of the attached device, not blocking. It is closed with the link. */
  constructor(libc: Libc, fd: number, device: TunDevice) {
    this.#libc = libc
    this.#fd = fd
    this.counters = this.#counters
    this.name = device.name
    this.index = device.index
    this.mtu = device.mtu
    this.headroom = device.headroom ?? VNET_HEADER_LENGTH
    this.medium = device.medium ?? 'ip'
    this.#inward.more = this.medium === 'ip'
    this.offload = device.offload
    this.offloadRefusal = device.offloadRefusal
    this.#batch = device.batch ?? BATCH
    this.#busyPoll = new BusyPoll(device.busyPoll ?? 0, EVENT_LOOP)
    this.#rings = device.rings ?? NO_RINGS
    this.ringRefusal = this.#rings.refusal
  }

  attach(receiver: LinkReceiver): void {
    if (this.#receiver !== undefined || this.#closed) throw new Error(`${this.name} is attached or closed already`)
    this.#receiver = receiver
    this.#watch = this.#libc.watch(this.#fd, (writable) => this.#ready(writable))
  }

  /** Once it is attached: an open device does not keep the process alive any more. */
  unref(): void {
    this.#watch?.unref()
  }

  send(octets: Uint8Array, start: number, end: number, offload: Offload): boolean {
    if (this.#closed) return true
    if (this.headroom > 0) writeVnetHeader(octets, start, offload)
    let result: number
    do {
      result = this.#libc.write(this.#fd, octets, start - this.headroom, end)
    } while (result === -EINTR)
    return this.#sent(result)
  }

  sendTogether(frames: Frames, first: number, end: number): number {
    const { writer } = this.#rings
    if (writer === undefined || end - first < LEAST_WRITES) return 0
    const { octets, starts, offloads } = frames
    if (this.headroom > 0) for (let i = first; i < end; i++) writeVnetHeader(octets, starts[i]!, offloads[i]!)
    writer.refused = 0
    const count = writer.write(frames, this.headroom, first, end)
    this.#counters.refused += writer.refused
    this.#counters.sent += count - writer.refused
    return count
  }

  sendGathered(octets: Uint8Array, start: number, end: number, payload: Payload, offload: Offload): boolean {
    if (this.#closed) return true
    if (this.headroom > 0) writeVnetHeader(octets, start, offload)
    let result: number
    do {
      result = this.#libc.writeGathered(this.#fd, octets, start - this.headroom, end, payload)
    } while (result === -EINTR)
    return this.#sent(result)
  }

  /** What became of a frame, by what the system call returned: whether it is gone. */
  #sent(result: number): boolean {
    if (result === -EAGAIN) {
      this.#watch?.wantWritable(true)
      return false
    }
    if (result < 0) this.#counters.refused++
    else this.#counters.sent++
    return true
  }

  close(): void {
    this.#end(undefined)
  }

  poll(): void {
    const before = this.#counters.received
    for (let left = this.#batch; left > 0 && !this.#closed && this.#takeOne() === 1; left--);
    if (this.#counters.received > before && !this.#closed) this.#busyPoll.worked()
  }

  #ready(writable: boolean): void {
    const before = this.#counters.received
    try {
      this.#drain()
    } finally {
      if (this.#counters.received > before && !this.#closed) this.#busyPoll.worked()
      if (writable && !this.#closed) {
        this.#watch?.wantWritable(false)
        this.#receiver?.writable()
      }
    }
  }

  #drain(): void {
    const receiver = this.#receiver!
    const { reader } = this.#rings
    let left = this.#batch
    try {
      while (left > 0 && !this.#closed) {
        const together = reader?.expected(left) ?? 0
        const got = together > 0 ? this.#takeTogether(reader!, together) : this.#takeOne()
        reader?.count(got)
        left -= got
        if (got < Math.max(1, together)) break
      }
    } finally {
      reader?.endTurn(left <= 0)
      if (!this.#closed) receiver.drained()
    }
  }

  /** 0: nothing more waits. */
  #takeOne(): 0 | 1 {
    const landing = this.offload.checksum ? this.#receiver!.landing?.() : undefined
    if (this.#closed) return 0
    const count = this.#read(landing)
    if (!this.#isFrame(count)) return count === -EINTR ? 1 : 0
    this.#counters.received++
    const { headroom } = this
    if (headroom > 0) readVnetHeader(this.#buffer, 0, this.#inward)
    this.#inward.landing = landing?.settle(this.#buffer, headroom, count, this.#inward.checksumValid)
    this.#receiver!.frame(this.#buffer, headroom, count, this.#inward)
    return 1
  }

  /** Returns how many there were; fewer than are wanted: nothing more waits. */
  #takeTogether(reader: FrameReader, wanted: number): number {
    const answers = reader.read(wanted)
    const before = this.#counters.received
    this.#takeAnswers(reader, 0, answers)
    return this.#counters.received - before
  }

  #takeAnswers(reader: FrameReader, first: number, end: number): void {
    let i = first
    try {
      for (; i < end && !this.#closed; i++) {
        const count = reader.resultOf(i)
        if (!this.#isFrame(count)) continue
        const start = reader.startOf(i)
        this.#counters.received++
        if (this.headroom > 0) readVnetHeader(reader.octets, start, this.#inward)
        this.#inward.landing = undefined
        this.#receiver!.frame(reader.octets, start + this.headroom, start + count, this.#inward)
      }
    } finally {
      // What the receiver throws for one is not the others' fault: nobody would read them again.
      if (i + 1 < end) this.#takeAnswers(reader, i + 1, end)
    }
  }

  /** Whether a frame was read. Ends the link where the device is gone. */
  #isFrame(result: number): boolean {
    if (result >= 0) return true
    if (result !== -EAGAIN && result !== -EINTR) this.#end(goneError(this.name, result))
    return false
  }

  #read(landing: Landing | undefined): number {
    if (landing === undefined) return this.#libc.read(this.#fd, this.#buffer, BUFFER_LENGTH)
    return this.#libc.readScattered(this.#fd, this.#buffer, this.headroom + landing.headerLength, landing)
  }

  #end(error: Error | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#watch?.close()
    this.#busyPoll.stop()
    this.#rings.reader?.close()
    this.#rings.writer?.close()
    closeSync(this.#fd)
    this.#receiver?.closed(error)
  }
}

function goneError(name: string, errno: number): TunError {
  const code = errno === -EBADFD ? 'ENODEV' : errnoName(errno)
  return new TunError(code, `the TUN device ${name} is gone (${code}): somebody has removed it`)
}
