import type { Landing } from '../wire/landing.ts'

/**
 * Who takes text of a connection straight out of the frame that brings it, so that it is copied once. It is asked only for
 * text in order with nothing unread before it, and what it takes counts as read.
 */
export interface TextSink {
  /**
   * Copies octets[start] and the following, up to `length`, or as many of them as it has room for; returns how many. The
   * frame is still being processed: no call of the stack's may be made from here. A `readable` event follows.
   */
  take(octets: Uint8Array, start: number, length: number): number
  /**
   * Says in `landing` where the next text would be copied to: 'there', with room for `least` octets at least. A link may
   * put it there already; then `take` gets it from that place. 'full' when there will be room for as many after the event,
   * undefined when there will not.
   */
  place?(landing: Landing, least: number): 'there' | 'full' | undefined
}
