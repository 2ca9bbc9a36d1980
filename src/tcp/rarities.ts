import type { Instant } from '../wire/instant.ts'
import type { Linger } from './closing.ts'
import type { CongestionControlFactory } from './congestion/controller.ts'
import type { Cork } from './cork.ts'
import type { Ecn } from './ecn.ts'
import type { ConnectionError, ConnectionErrorCode } from './errors.ts'
import type { IpFields } from './ip-fields.ts'
import type { Pacer } from './pacer.ts'
import type { Trouble } from './trouble.ts'
import type { Urgent } from './urgent.ts'
import type { UserTimeout } from './user-timeout.ts'

/** What few connections ever have, and no connection that is merely idle. */
export class Rarities {
  ecn: Ecn | undefined
  pacer: Pacer | undefined
  urgent: Urgent | undefined
  cork: Cork | undefined
  linger: Linger | undefined
  userTimeout: UserTimeout | undefined
  ip: IpFields | undefined
  trouble: Trouble | undefined
  congestionControl: CongestionControlFactory | undefined
  challengedAt: Instant = Number.NEGATIVE_INFINITY
  closeAt: Instant = Number.POSITIVE_INFINITY
  softError: ConnectionErrorCode | undefined
  softErrorAt: Instant = Number.NEGATIVE_INFINITY
  failure: ConnectionErrorCode | undefined
  failedCall: 'connect' | 'read' = 'read'
  error: ConnectionError | undefined
}
