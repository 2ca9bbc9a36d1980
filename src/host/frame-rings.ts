import { constants } from 'node:os'
import type { Frames } from '../link/link.ts'
import { arenaOctets } from '../wire/arena.ts'
import { IoUring, READ, READ_FIXED, type UringCalls, WRITE, WRITE_FIXED } from './io-uring.ts'
import { errnoName } from './tun-error.ts'

const { EAGAIN, EINVAL } = constants.errno

/** Frames that one system call writes at the most. */
const WRITES = 64
/** Frames that one system call reads at the most, and the octets that they may take together. */
const READS = 64
const READ_OCTETS = 2 ** 18
/** Fewer are read one by one: what a ring has of its own does not pay. */
const LEAST_READS = 8
/** Fewer are written one by one. */
export const LEAST_WRITES = 4

/** What takes several frames across by one system call. */
export interface FrameRings {
  /** Undefined where frames may be as long as segmentation offload makes them, too: then each is as good as many. */
  readonly reader: FrameReader | undefined
  readonly writer: FrameWriter | undefined
  /** Why one of them is missing that might be there. */
  readonly refusal: string | undefined
}

export const NO_RINGS: FrameRings = { reader: undefined, writer: undefined, refusal: undefined }

/**
 * @param fd of a TUN device that is attached.
 * @param longest octets of a frame to be read, with what comes before it; undefined: frames are not to be read together.
 */
export function openFrameRings(calls: UringCalls | undefined, fd: number, longest: number | undefined): FrameRings {
  if (calls === undefined) return NO_RINGS
  const writer = FrameWriter.open(calls, fd)
  if (typeof writer === 'string') return { ...NO_RINGS, refusal: writer }
  const reader = longest === undefined ? undefined : FrameReader.open(calls, fd, longest)
  if (typeof reader === 'string') return { reader: undefined, writer, refusal: reader }
  return { reader, writer, refusal: undefined }
}

/** Several frames written to a TUN device by one system call, in their order. */
export class FrameWriter {
  /** Frames that the kernel did not take. */
  refused = 0
  readonly #ring: IoUring
  readonly #calls: UringCalls
  #isOff = false
  #from: Uint8Array | undefined
  #address = 0

  /** A writer, or why there is none. */
  static open(calls: UringCalls, fd: number): FrameWriter | string {
    const ring = IoUring.open(calls, WRITES, fd)
    if (typeof ring === 'string') return ring
    const writer = new FrameWriter(ring, calls)
    const answer = writer.#try()
    if (answer === -EINVAL) return writer
    writer.close()
    return `the TUN device cannot be written to without waiting (${errnoName(answer)}): the kernel is too old for it`
  }

  private constructor(ring: IoUring, calls: UringCalls) {
    this.#ring = ring
    this.#calls = calls
    for (let place = 0; place < ring.size; place++) ring.prepare(place, WRITE, 0, 0, true)
  }

  /** What the device says to a frame without octets: that it is no frame. */
  #try(): number {
    this.#ring.add(1)
    const submitted = this.#ring.submit(1)
    const answer = submitted === 1 && this.#ring.completions === 1 ? this.#ring.resultOf(0) : submitted
    this.#ring.clear()
    return answer
  }

  /**
   * Writes the frames from `first` up to `end`, each with so many octets `before` it. Returns how many of them are dealt with,
   * `refused` among them: perhaps none.
   */
  write(frames: Frames, before: number, first: number, end: number): number {
    if (this.#isOff) return 0
    const { octets, starts, ends } = frames
    if (octets !== this.#from) this.#turnTo(octets)
    const ring = this.#ring
    const count = Math.min(end - first, ring.size)
    const mask = ring.size - 1
    for (let i = 0, place = ring.place; i < count; i++, place = (place + 1) & mask) {
      const start = starts[first + i]! - before
      ring.aim(place, this.#address + start, ends[first + i]! - start)
    }
    ring.add(count)
    const done = Math.max(0, ring.submit(count))
    if (done < count) this.#isOff = true
    this.#lookAtFailures()
    return done
  }

  /**
   * Frames are in `octets` from now on. The first memory that they are in is registered; from other, and beyond the limit of locked memory,
   * it writes as well: a little slower.
   */
  #turnTo(octets: Uint8Array): void {
    const ring = this.#ring
    const address = this.#calls.addressOf(octets)
    const isRegistered = this.#from === undefined && ring.registerMemory(octets, address) >= 0
    for (let place = 0; place < ring.size; place++) {
      ring.prepare(place, isRegistered ? WRITE_FIXED : WRITE, address, 0, true)
    }
    this.#address = address
    this.#from = octets
  }

  /** The frames behind one for which there was no room may have gone: a device whose room is bounded gets them one by one. */
  #lookAtFailures(): void {
    const failures = this.#ring.completions
    if (failures === 0) return
    this.refused += failures
    for (let i = 0; i < failures; i++) if (this.#ring.resultOf(i) === -EAGAIN) this.#isOff = true
    this.#ring.clear()
  }

  close(): void {
    this.#isOff = true
    this.#ring.close()
  }
}

/** Several frames read from a TUN device by one system call, in their order, each to a place of its own in `octets`. */
export class FrameReader {
  readonly octets: Uint8Array
  readonly #ring: IoUring
  readonly #slot: number
  readonly #results: Int32Array
  readonly #starts: Int32Array
  #isOff = false
  /** Frames of the turn before this one, and of the one before that. */
  #last = 0
  #before = 0
  #thisTurn = 0

  /**
   * A reader, or why there is none.
   *
   * @param longest octets of a frame, with what comes before it.
   */
  static open(calls: UringCalls, fd: number, longest: number): FrameReader | string {
    // A frame that fills its slot is longer than any can be, and was cut.
    const slot = (longest + 64) & ~63
    const most = Math.min(READS, 2 ** Math.floor(Math.log2(READ_OCTETS / slot)))
    if (most < LEAST_READS) return `frames of ${longest} octets are too long for it`
    const ring = IoUring.open(calls, most, fd)
    if (typeof ring === 'string') return ring
    const octets = arenaOctets(most * slot)
    // To memory that is not registered it reads as well: a little slower, and beyond the limit of locked memory.
    const operation = ring.registerMemory(octets, calls.addressOf(octets)) < 0 ? READ : READ_FIXED
    return new FrameReader(ring, operation, octets, slot, calls.addressOf(octets))
  }

  private constructor(ring: IoUring, operation: number, octets: Uint8Array, slot: number, address: number) {
    this.#ring = ring
    this.octets = octets
    this.#slot = slot
    this.#results = new Int32Array(ring.size)
    this.#starts = new Int32Array(ring.size)
    for (let place = 0; place < ring.size; place++) {
      ring.prepare(place, operation, address + place * slot, slot, false)
    }
  }

  /** How many frames are to be read together, `most` at the most; 0: the next one is to be read by itself. */
  expected(most: number): number {
    if (this.#isOff) return 0
    const count = Math.min(this.#last, this.#before) - this.#thisTurn
    const wanted = Math.min(count, most, this.#ring.size)
    return wanted < LEAST_READS ? 0 : wanted
  }

  /** Reads. Returns how many answers there are. */
  read(count: number): number {
    const ring = this.#ring
    ring.add(count)
    if (ring.submit(count) < count) this.#isOff = true
    const answers = ring.completions
    for (let i = 0; i < answers; i++) {
      const result = ring.resultOf(i)
      this.#results[i] = result
      this.#starts[i] = ring.placeOf(i) * this.#slot
      if (result === this.#slot) this.#isOff = true
    }
    ring.clear()
    return answers
  }

  /** Of the answer `index` of the last `read`: octets of a frame, or the negative errno. Good after `close`, too. */
  resultOf(index: number): number {
    return this.#results[index]!
  }

  /** Where in `octets` its frame begins. */
  startOf(index: number): number {
    return this.#starts[index]!
  }

  /** Frames have been read, together or not. */
  count(frames: number): void {
    this.#thisTurn += frames
  }

  endTurn(wasCut: boolean): void {
    this.#before = this.#last
    this.#last = wasCut ? Number.POSITIVE_INFINITY : this.#thisTurn
    this.#thisTurn = 0
  }

  close(): void {
    this.#isOff = true
    this.#ring.close()
  }
}
