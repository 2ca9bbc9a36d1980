import type { IpAddress } from '../wire/address.ts'
import type { Instant } from '../wire/instant.ts'
import type { MacAddress } from '../wire/mac.ts'

/** Packets that wait for one neighbour's address; the oldest makes room (RFC 4861 §7.2.2, RFC 1122 §2.3.2.2). */
export const MOST_QUEUED = 3

/**
 * The states of RFC 4861 §7.3.2, for ARP as well.
 * - INCOMPLETE: asked, not answered.
 * - REACHABLE: heard from lately.
 * - STALE: not heard from lately, and not used.
 * - DELAY: used since; others may yet tell that it is there.
 * - PROBE: being asked whether it is there.
 */
export type NeighbourState = 'INCOMPLETE' | 'REACHABLE' | 'STALE' | 'DELAY' | 'PROBE'

/** A packet that waits, and whether its link is to complete its checksum. */
export interface QueuedPacket {
  readonly octets: Uint8Array
  readonly checksumPartial: boolean
}

/** Somebody on the same link. */
export class Neighbour {
  readonly address: IpAddress
  mac: MacAddress | undefined = undefined
  state: NeighbourState = 'INCOMPLETE'
  /** When the state is over, or the next question is due; Infinity for never. */
  deadline: Instant = Number.POSITIVE_INFINITY
  /** Questions sent in a row. */
  asked = 0
  /** A question is to be sent. */
  askDue = false
  queue: QueuedPacket[] = []

  constructor(address: IpAddress) {
    this.address = address
  }
}
