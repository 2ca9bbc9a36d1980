import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH } from '../wire/ip.ts'
import { Landing } from '../wire/landing.ts'
import { EMPTY } from '../wire/octets.ts'
import type { Segment } from '../wire/segment.ts'
import { TCP_HEADER_LENGTH } from '../wire/tcp.ts'
import type { Connection } from './connection.ts'

/** Text from so many octets on is worth a place of its own: to copy less costs no more than to find one. */
const WORTH = 8192

/**
 * Guesses whose text comes next: that of the connection whose reader took the last two long texts whole. Bulk comes in
 * trains, so the guess is mostly right; where it is not, two more are waited for.
 */
export class NextText {
  private readonly landing: Landing = new Landing()
  private connection: Connection | undefined
  private isSure = false
  /** Octets of the longest text of the train so far: room that the next one needs. */
  private longest = 0

  /** The connection's reader has taken text of the segment. */
  taken(connection: Connection, segment: Segment): void {
    const { landing } = this
    if (segment.length < WORTH) return
    if (connection === this.connection && !landing.missed) {
      this.isSure = true
      this.longest = Math.max(this.longest, segment.length)
    } else {
      this.connection = connection
      this.isSure = false
      this.longest = segment.length
      landing.missed = false
      landing.source.copy(connection.remote)
      landing.destination.copy(connection.local)
      landing.ports = (connection.remotePort << 16) | connection.localPort
    }
    const ip = connection.remote.family === 4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH
    landing.headerLength = ip + TCP_HEADER_LENGTH + segment.optionsEnd - segment.optionsStart
  }

  /**
   * Where the next text is wanted, to be used at once; 'full' when the reader has no room for it until it has heard of
   * what it took; undefined when nobody knows.
   */
  place(): Landing | 'full' | undefined {
    const { connection, landing } = this
    if (connection === undefined || !this.isSure || landing.missed) return undefined
    const { sink, receiveBuffer } = connection
    if (sink?.place === undefined || !receiveBuffer.isEmpty) return undefined
    const place = sink.place(landing, this.longest)
    return place === 'there' ? landing : place
  }

  /** The connection is no more. */
  forget(connection: Connection): void {
    if (connection !== this.connection) return
    this.connection = undefined
    this.isSure = false
    this.landing.octets = EMPTY
  }
}
