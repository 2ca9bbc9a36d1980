import type { Instant, Milliseconds } from '../wire/instant.ts'
import { LONGEST, outOfRange, type TcpConfig } from './config.ts'
import type { Connection } from './connection.ts'

const NEVER: Instant = Number.POSITIVE_INFINITY

/** How many probes can be asked for: one that is lost says nothing (RFC 9293 MUST-29). */
const LEAST_PROBES = 2
const MOST_PROBES = 127

/** Keep-alive times of a connection; what is left out is as the stack's configuration says. */
export interface KeepAliveOptions {
  /** Silence before the first probe, ms. */
  idle?: Milliseconds
  /** Between probes, ms. */
  interval?: Milliseconds
  /** Unanswered probes after which the peer is taken for dead, 2 to 127. */
  count?: number
}

type Times = Readonly<Required<KeepAliveOptions>>

/** What was last asked for: connections with the same share it. */
let last: Times = { idle: 0, interval: 0, count: 0 }

/**
 * Keep-alives (RFC 9293 §3.8.4, MUST-24, MUST-25: off unless asked for): when nothing is in flight and nothing has come for
 * a while (MUST-26), a segment without text at SND.NXT - 1, which the peer must answer. Several probes in a row must go
 * unanswered before the connection is given up (MUST-29). Arrivals only note the time; the timer looks at it when it
 * runs out.
 */
export class KeepAlive {
  /** A probe is to be sent. */
  due = false
  at: Instant = NEVER
  /** Undefined while it is off. */
  private times: Times | undefined
  private probes = 0
  private heardAt: Instant = Number.NEGATIVE_INFINITY

  /** @throws {RangeError} ERR_OUT_OF_RANGE */
  start(options: KeepAliveOptions, config: TcpConfig, now: Instant): void {
    // RFC 9293 MUST-27, MUST-28
    const { idle = config.keepAliveIdle, interval = config.keepAliveInterval, count = config.keepAliveCount } = options
    if (!(idle >= 1 && idle <= LONGEST)) throw outOfRange('idle', `1 to ${LONGEST}`, idle)
    if (!(interval >= 1 && interval <= LONGEST)) throw outOfRange('interval', `1 to ${LONGEST}`, interval)
    if (!(Number.isInteger(count) && count >= LEAST_PROBES && count <= MOST_PROBES)) {
      throw outOfRange('count', `an integer from ${LEAST_PROBES} to ${MOST_PROBES}`, count)
    }
    if (last.idle !== idle || last.interval !== interval || last.count !== count) last = { idle, interval, count }
    this.times = last
    this.probes = 0
    if (this.heardAt === Number.NEGATIVE_INFINITY) this.heardAt = now
    this.at = NEVER
  }

  stop(): void {
    this.times = undefined
    this.due = false
    this.at = NEVER
  }

  /** An acceptable segment came. */
  heard({ host }: Connection): void {
    this.heardAt = host.now
    this.probes = 0
  }

  /** Once the connection is synchronised. */
  arm(now: Instant): void {
    if (this.times !== undefined && this.at === NEVER) this.at = Math.max(now, this.heardAt + this.times.idle)
  }

  /** The timer ran out. True if the peer is taken for dead, and the connection has ended. */
  expired(connection: Connection, now: Instant): boolean {
    const { host, tcb, sendBuffer } = connection
    const { idle, interval, count } = this.times!
    if (tcb.snd.una !== tcb.snd.nxt || sendBuffer.length > 0) {
      // The retransmission and the persist timer have an eye on the peer.
      this.at = now + idle
      return false
    }
    if (now - this.heardAt < idle) {
      this.at = this.heardAt + idle
      return false
    }
    if (this.probes >= count) {
      host.counters.TCPAbortOnTimeout++
      host.resetPeer(connection)
      connection.finish('ETIMEDOUT')
      return true
    }
    this.probes++
    this.due = true
    this.at = now + interval
    host.counters.TCPKeepAlive++
    return false
  }
}
