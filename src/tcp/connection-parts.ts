import type { Instant } from '../wire/instant.ts'
import { Linger } from './closing.ts'
import type { CongestionControl, CongestionControlFactory } from './congestion/controller.ts'
import { WindowUse } from './congestion/window-use.ts'
import type { ConnectionHost } from './connection-host.ts'
import { Cork } from './cork.ts'
import { Ecn } from './ecn.ts'
import { IpFields } from './ip-fields.ts'
import { KeepAlive } from './keep-alive.ts'
import { Pacer } from './pacer.ts'
import { PathMtu } from './path-mtu.ts'
import { QuickAcks } from './quick-ack.ts'
import { ReceiveWindow } from './receive-window.ts'
import { Trouble } from './trouble.ts'
import { Urgent } from './urgent.ts'
import { UserTimeout } from './user-timeout.ts'

const NEVER: Instant = Number.POSITIVE_INFINITY

/**
 * What every connection has beside its TCB, buffers and timers; each part has a file of its own. What few connections use
 * is made when it is asked for, so that an idle one is small; `...IfMade` asks without making.
 */
export abstract class ConnectionParts {
  readonly host: ConnectionHost
  readonly window: ReceiveWindow
  readonly quickAcks: QuickAcks = new QuickAcks()
  readonly path: PathMtu = new PathMtu()
  readonly windowUse: WindowUse = new WindowUse()
  congestionIfMade: CongestionControl | undefined
  /** What makes it; undefined for the listener's, or the endpoint's. */
  congestionControl: CongestionControlFactory | undefined
  ecnIfMade: Ecn | undefined
  pacerIfMade: Pacer | undefined
  urgentIfMade: Urgent | undefined
  keepAliveIfMade: KeepAlive | undefined
  corkIfMade: Cork | undefined
  lingerIfMade: Linger | undefined
  userTimeoutIfMade: UserTimeout | undefined
  ipIfMade: IpFields | undefined
  private troubleIfMade: Trouble | undefined

  constructor(host: ConnectionHost) {
    this.host = host
    this.window = new ReceiveWindow(host.receiveBuffer)
    if (host.config.pacing) this.pacerIfMade = new Pacer()
    if (host.config.userTimeoutOption) this.userTimeoutIfMade = new UserTimeout(host.config)
  }

  get ecn(): Ecn {
    this.ecnIfMade ??= new Ecn()
    return this.ecnIfMade
  }

  get urgent(): Urgent {
    this.urgentIfMade ??= new Urgent()
    return this.urgentIfMade
  }

  get trouble(): Trouble {
    this.troubleIfMade ??= new Trouble()
    return this.troubleIfMade
  }

  get keepAlive(): KeepAlive {
    this.keepAliveIfMade ??= new KeepAlive()
    return this.keepAliveIfMade
  }

  get cork(): Cork {
    this.corkIfMade ??= new Cork()
    return this.corkIfMade
  }

  get linger(): Linger {
    this.lingerIfMade ??= new Linger()
    return this.lingerIfMade
  }

  get userTimeout(): UserTimeout {
    this.userTimeoutIfMade ??= new UserTimeout(this.host.config)
    return this.userTimeoutIfMade
  }

  get ip(): IpFields {
    this.ipIfMade ??= new IpFields(this.host.config)
    return this.ipIfMade
  }

  protected partsDeadline(): Instant {
    const { keepAliveIfMade: keepAlive, corkIfMade: cork, lingerIfMade: linger, pacerIfMade: pacer } = this
    return Math.min(keepAlive?.at ?? NEVER, cork?.until ?? NEVER, linger?.until ?? NEVER, pacer?.at ?? NEVER)
  }

  protected stopParts(): void {
    this.congestionIfMade = undefined
    this.keepAliveIfMade?.stop()
    this.corkIfMade?.clear()
    if (this.pacerIfMade !== undefined) this.pacerIfMade.at = NEVER
    if (this.lingerIfMade !== undefined) this.lingerIfMade.until = NEVER
  }
}
