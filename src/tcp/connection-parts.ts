import type { Instant } from '../wire/instant.ts'
import { Linger } from './closing.ts'
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

/** What every connection has beside its TCB, buffers and timers; each part has a file of its own. */
export abstract class ConnectionParts {
  readonly window: ReceiveWindow
  readonly quickAcks: QuickAcks = new QuickAcks()
  readonly path: PathMtu = new PathMtu()
  readonly ecn: Ecn = new Ecn()
  readonly windowUse: WindowUse = new WindowUse()
  readonly pacer: Pacer = new Pacer()
  readonly urgent: Urgent = new Urgent()
  readonly trouble: Trouble = new Trouble()
  readonly keepAlive: KeepAlive = new KeepAlive()
  readonly cork: Cork = new Cork()
  readonly linger: Linger = new Linger()
  readonly userTimeout: UserTimeout
  readonly ip: IpFields

  constructor(host: ConnectionHost) {
    this.window = new ReceiveWindow(host.receiveBuffer)
    this.userTimeout = new UserTimeout(host.config)
    this.ip = new IpFields(host.config)
  }

  protected partsDeadline(): Instant {
    return Math.min(this.keepAlive.at, this.cork.until, this.linger.until, this.pacer.at)
  }

  protected stopParts(): void {
    this.keepAlive.stop()
    this.cork.clear()
    this.pacer.at = Number.POSITIVE_INFINITY
    this.linger.until = Number.POSITIVE_INFINITY
  }
}
