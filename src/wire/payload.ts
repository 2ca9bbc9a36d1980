import { EMPTY } from './octets.ts'
import { writePayload } from './tcp.ts'

/**
 * The end of a frame that was left where it lies, in a send buffer's ring: octet i of it is octets[(start + i) %
 * octets.length]. One record is reused for all frames of a link. It is borrowed until the next call of the stack, after
 * which the ring may hold other octets.
 */
export class Payload {
  octets: Uint8Array = EMPTY
  start = 0
  /** 0 where the frame is whole. */
  length = 0

  set(octets: Uint8Array, start: number, length: number): void {
    this.octets = octets
    this.start = start
    this.length = length
  }

  clear(): void {
    this.octets = EMPTY
    this.start = 0
    this.length = 0
  }

  /** Copies it to into[at], the end of its frame's other octets, and is empty then. Returns the octets copied. */
  join(into: Uint8Array, at: number): number {
    const { length } = this
    writePayload(into, at, this)
    this.clear()
    return length
  }
}
