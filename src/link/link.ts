import type { Landing } from '../wire/landing.ts'
import type { Offload, OffloadCapability } from '../wire/offload.ts'
import type { Payload } from '../wire/payload.ts'

/** Who gets what a link brings: a driver, or the middleware between it and the link. */
export interface LinkReceiver {
  /** A frame lies at octets[start] up to octets[end]. It is borrowed, and so is `offload`: both are reused afterwards. */
  frame(octets: Uint8Array, start: number, end: number, offload: Offload): void
  /**
   * To be asked right before the next frame is read: where its text is wanted, if that is known. A link that has put it
   * there, and whose checksum is known to be right, says so in `offload`, and `end` is where it would end behind its header.
   */
  landing?(): Landing | undefined
  /** Nothing more is waiting for now: the moment to answer all that came since the last call. */
  drained(): void
  /** After a `send` that returned false: there is room again. */
  writable(): void
  /** The link is gone, by itself (with the error) or through `close()` (without). Nothing comes after this. */
  closed(error?: Error): void
}

/** Several frames in one buffer: number i lies at octets[starts[i]] up to octets[ends[i]]. */
export interface Frames {
  readonly octets: Uint8Array
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly offloads: readonly Offload[]
}

/**
 * A way in and out for frames. Implementations: the in-process wire, TUN. Middleware wraps one link and is one itself:
 * `impair(link, ...)`, `tap(link, ...)`.
 */
export interface Link {
  readonly name: string
  /** What a frame starts with: an IP header, or an Ethernet header. */
  readonly medium: 'ip' | 'ethernet'
  /** Octets of IP packet that one frame takes, 68 to 65,535. With segmentation offload a frame may be longer. */
  readonly mtu: number
  readonly offload: OffloadCapability
  /** Octets that must be free before a frame handed to `send`, for a header of the link's own. */
  readonly headroom: number
  /**
   * So many frames at the most are to be made before they are sent, one right after the other. Default 1: a frame is made
   * when there is room for it.
   */
  readonly burst?: number
  /** Starts the flow of frames. Called once. */
  attach(receiver: LinkReceiver): void
  /**
   * Takes the frame at octets[start] up to octets[end], which it copies before it returns. False when it has no room:
   * the frame is not taken, `writable()` says when to try again.
   */
  send(octets: Uint8Array, start: number, end: number, offload: Offload): boolean
  /**
   * As `send`, of a frame that goes on with `payload` behind octets[end], and that neither of them changes. Only a link
   * that completes checksums and needs not see the whole has it; middleware that looks at frames does not.
   */
  sendGathered?(octets: Uint8Array, start: number, end: number, payload: Payload, offload: Offload): boolean
  /**
   * As `send` of several frames, one after the other: those from `first` up to `end`. Returns how many of them it took, from the
   * first on; 0 where one by one is as good.
   */
  sendTogether?(frames: Frames, first: number, end: number): number
  /**
   * Brings frames that have come already, without the `drained()` that follows otherwise: what makes room for whoever is amid sending
   * much. For links whose frames wait until they are read.
   */
  poll?(): void
  /** Ends the flow and gives up the device. May be called twice. */
  close(): void
}
