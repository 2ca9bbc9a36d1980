/** What can happen in a world, and what is written down of it. */
import type { Segment } from '../../src/wire/segment.ts'
import type { Peer } from './peer.ts'
import type { Call } from './rfc9293-calls.ts'
import type { Arrival } from './rfc9293-terms.ts'

export interface Sent extends Arrival {
  readonly peer: Peer
  readonly wnd: number
  /** It carries timestamps, and echoes the peer's. */
  readonly stamped: boolean
}

/** What happened last. */
export type Stimulus =
  | { readonly kind: 'opening' | 'time' | 'loss' }
  | { readonly kind: 'segment'; readonly peer: Peer; readonly segment: Arrival }
  /** A SYN of this peer's reached the replica. */
  | { readonly kind: 'elsewhere'; readonly peer: Peer }
  | { readonly kind: 'rotation' }
  | { readonly kind: 'icmp'; readonly peer: Peer; readonly seq: number }
  | { readonly kind: 'call'; readonly call: Call; readonly peer: Peer | undefined }

export type Loss = 'text' | 'oldest in flight'

/** A half-open entry as the world saw it begin. */
export interface Birth {
  readonly irs: number
  readonly iss: number
  readonly at: number
  /** It waits for the application's word. */
  readonly deferred: boolean
}

/** Called with what goes in and out, to write a trace of it. */
export interface Recorder {
  segmentIn(peer: Peer, segment: Arrival, now: number): void
  unreachableIn(peer: Peer, seq: number, now: number): void
  segmentOut(peer: Peer, segment: Segment, now: number): void
  wait(now: number): void
  loss(peer: Peer, what: Loss): void
  call(call: Call, peer: Peer | undefined): void
  deferred(peer: Peer): void
  /** What the notation has no words for. */
  comment(text: string): void
}
