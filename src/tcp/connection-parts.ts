import type { Instant } from '../wire/instant.ts'
import { Linger } from './closing.ts'
import type { CongestionControl, CongestionControlFactory } from './congestion/controller.ts'
import type { ConnectionHost } from './connection-host.ts'
import { Cork } from './cork.ts'
import { Ecn } from './ecn.ts'
import type { ConnectionErrorCode } from './errors.ts'
import { FlightOwner } from './flight.ts'
import { IpFields } from './ip-fields.ts'
import { KeepAlive } from './keep-alive.ts'
import { Pacer } from './pacer.ts'
import type { PathMtu } from './path-mtu.ts'
import { NOTHING_CAME, QuickAcks } from './quick-ack.ts'
import { Rarities } from './rarities.ts'
import { ReceiveRate } from './receive-window.ts'
import { Trouble } from './trouble.ts'
import { Urgent } from './urgent.ts'
import { UserTimeout } from './user-timeout.ts'

const NEVER: Instant = Number.POSITIVE_INFINITY
const LONG_AGO: Instant = Number.NEGATIVE_INFINITY

/**
 * What every connection has beside its TCB, buffers and timers; each part has a file of its own. What an idle connection
 * does not need is made when it is asked for; `...IfMade` asks without making.
 */
export abstract class ConnectionParts extends FlightOwner {
  readonly host: ConnectionHost
  /** Shared, until text arrives. */
  quickAcks: QuickAcks = NOTHING_CAME
  receiveRateIfMade: ReceiveRate | undefined
  pathIfMade: PathMtu | undefined
  congestionIfMade: CongestionControl | undefined
  keepAliveIfMade: KeepAlive | undefined
  private rarities: Rarities | undefined

  constructor(host: ConnectionHost) {
    super()
    this.host = host
    if (host.config.pacing) this.rare.pacer = new Pacer()
    if (host.config.userTimeoutOption) this.rare.userTimeout = new UserTimeout(host.config)
  }

  /** Its own, as soon as text arrives. */
  get ownQuickAcks(): QuickAcks {
    if (this.quickAcks === NOTHING_CAME) this.quickAcks = new QuickAcks()
    return this.quickAcks
  }

  get receiveRate(): ReceiveRate {
    this.receiveRateIfMade ??= new ReceiveRate()
    return this.receiveRateIfMade
  }

  /** When the ACK goes out that waits for company. */
  get delayedAckAt(): Instant {
    return this.quickAcks.delayedAckAt
  }

  set delayedAckAt(at: Instant) {
    if (at !== this.quickAcks.delayedAckAt) this.ownQuickAcks.delayedAckAt = at
  }

  get keepAlive(): KeepAlive {
    this.keepAliveIfMade ??= new KeepAlive()
    return this.keepAliveIfMade
  }

  get ecn(): Ecn {
    this.rare.ecn ??= new Ecn()
    return this.rare.ecn
  }

  get ecnIfMade(): Ecn | undefined {
    return this.rarities?.ecn
  }

  get pacerIfMade(): Pacer | undefined {
    return this.rarities?.pacer
  }

  get urgent(): Urgent {
    this.rare.urgent ??= new Urgent()
    return this.rare.urgent
  }

  get urgentIfMade(): Urgent | undefined {
    return this.rarities?.urgent
  }

  get trouble(): Trouble {
    this.rare.trouble ??= new Trouble()
    return this.rare.trouble
  }

  get cork(): Cork {
    this.rare.cork ??= new Cork()
    return this.rare.cork
  }

  get corkIfMade(): Cork | undefined {
    return this.rarities?.cork
  }

  get linger(): Linger {
    this.rare.linger ??= new Linger()
    return this.rare.linger
  }

  get lingerIfMade(): Linger | undefined {
    return this.rarities?.linger
  }

  get userTimeout(): UserTimeout {
    this.rare.userTimeout ??= new UserTimeout(this.host.config)
    return this.rare.userTimeout
  }

  get userTimeoutIfMade(): UserTimeout | undefined {
    return this.rarities?.userTimeout
  }

  get ip(): IpFields {
    this.rare.ip ??= new IpFields(this.host.config)
    return this.rare.ip
  }

  get ipIfMade(): IpFields | undefined {
    return this.rarities?.ip
  }

  /** What makes its congestion control; undefined for the listener's, or the endpoint's. */
  get congestionControl(): CongestionControlFactory | undefined {
    return this.rarities?.congestionControl
  }

  set congestionControl(factory: CongestionControlFactory | undefined) {
    if (factory !== undefined || this.rarities !== undefined) this.rare.congestionControl = factory
  }

  /** When the last answer went out to a segment that may be forged (RFC 5961 §7). */
  get challengedAt(): Instant {
    return this.rarities?.challengedAt ?? LONG_AGO
  }

  set challengedAt(at: Instant) {
    this.rare.challengedAt = at
  }

  /** The end of FIN-WAIT-2 after `release`. */
  get closeAt(): Instant {
    return this.rarities?.closeAt ?? NEVER
  }

  set closeAt(at: Instant) {
    this.rare.closeAt = at
  }

  /** An ICMP error that may explain a later timeout (RFC 9293 MUST-56), for the application to read (SHLD-25). */
  get softError(): ConnectionErrorCode | undefined {
    return this.rarities?.softError
  }

  get softErrorAt(): Instant {
    return this.rarities?.softErrorAt ?? LONG_AGO
  }

  noteSoftError(code: ConnectionErrorCode): void {
    this.rare.softError = code
    this.rare.softErrorAt = this.host.now
  }

  /** Why the connection ended, when it did not end by closing, and in which part of its life. */
  get failure(): ConnectionErrorCode | undefined {
    return this.rarities?.failure
  }

  get failedCall(): 'connect' | 'read' {
    return this.rarities?.failedCall ?? 'read'
  }

  protected get rare(): Rarities {
    this.rarities ??= new Rarities()
    return this.rarities
  }

  protected partsDeadline(): Instant {
    const { rarities, keepAliveIfMade: keepAlive } = this
    const at = keepAlive?.at ?? NEVER
    if (rarities === undefined) return at
    const { cork, linger, pacer, closeAt } = rarities
    return Math.min(at, closeAt, cork?.until ?? NEVER, linger?.until ?? NEVER, pacer?.at ?? NEVER)
  }

  protected stopParts(): void {
    this.congestionIfMade = undefined
    this.keepAliveIfMade?.stop()
    const { rarities } = this
    if (rarities === undefined) return
    rarities.closeAt = NEVER
    rarities.cork?.clear()
    if (rarities.pacer !== undefined) rarities.pacer.at = NEVER
    if (rarities.linger !== undefined) rarities.linger.until = NEVER
  }
}
