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
}
