import type { Landing } from './landing.ts'

/**
 * What a link and a stack tell each other about a frame beside its octets: the part of virtio's `virtio_net_hdr`
 * that matters to a TCP. One record is reused for all frames of a direction; it is valid until the call returns.
 */
export class Offload {
  /** Inward: the transport checksum is known to be right, or the frame never left this machine. */
  checksumValid = false
  /** Outward: the checksum field holds the pseudo-header's sum only, and the link completes it. */
  checksumPartial = false
  /**
   * Octets of payload in each segment into which the link cuts this frame, or out of which it was put together;
   * 0 for a frame that is one segment.
   */
  segmentSize = 0
  /**
   * Inward: the text does not lie behind its header but where it was wanted. The frame's array has room for it, and its
   * `end` is where it would end.
   */
  landing?: Landing | undefined = undefined
  /**
   * Inward: more frames may follow before the stack is asked for anything. Until it is, their text may wait for what follows it.
   */
  more?: boolean = false

  clear(): void {
    this.more = false
    this.checksumValid = false
    this.checksumPartial = false
    this.segmentSize = 0
    this.landing = undefined
  }
}

/** What a link does on behalf of the stack. */
export interface OffloadCapability {
  /** The link completes transport checksums outward and vouches for them inward. */
  readonly checksum: boolean
  /** The longest TCP frame in octets, IP header included, that the link cuts into segments; 0 if it cuts none. */
  readonly segmentation: number
}

export const NO_OFFLOAD: OffloadCapability = { checksum: false, segmentation: 0 }
