import type { Instant } from '../wire/instant.ts'
import { copyOctets } from '../wire/octets.ts'
import { Offload } from '../wire/offload.ts'

/** A frame that a link keeps for a while: octets[0] up to octets[length], in a buffer that may be longer. */
export class Frame {
  readonly octets: Uint8Array
  readonly offload: Offload = new Offload()
  length = 0
  /** When its journey ends, where it has one. */
  due: Instant = 0

  constructor(size: number) {
    this.octets = new Uint8Array(size)
  }
}

const SMALLEST = 256

/** Frames for use again. Their buffers are powers of two, so that an ACK does not sit in the buffer of 64 KiB. */
export class FramePool {
  readonly #free: Frame[][] = []

  /** A frame that holds a copy. */
  copy(octets: Uint8Array, start: number, end: number, offload: Offload): Frame {
    const length = end - start
    const frame = this.#classOf(length).pop() ?? new Frame(sizeFor(length))
    copyOctets(octets, start, length, frame.octets, 0)
    frame.length = length
    frame.offload.checksumValid = offload.checksumValid
    frame.offload.checksumPartial = offload.checksumPartial
    frame.offload.segmentSize = offload.segmentSize
    return frame
  }

  /** Gives a frame back: it must not be used any more. */
  release(frame: Frame): void {
    this.#classOf(frame.octets.length).push(frame)
  }

  #classOf(length: number): Frame[] {
    const index = 32 - Math.clz32(Math.max(0, length - 1) >>> 8)
    let free = this.#free[index]
    if (free === undefined) {
      free = []
      this.#free[index] = free
    }
    return free
  }
}

/** The least power of two that holds `length` octets, SMALLEST at least. */
function sizeFor(length: number): number {
  let size = SMALLEST
  while (size < length) size *= 2
  return size
}
