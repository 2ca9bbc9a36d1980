import type { Connection } from './connection.ts'
import type { ConnectionErrorCode } from './errors.ts'
import { TROUBLE } from './events.ts'

/** What an asynchronous report is about: R1 was reached, or an ICMP error came that does not end the connection. */
export type TroubleReport = 'retransmitting' | ConnectionErrorCode

/** The asynchronous reports of a connection (RFC 9293 §3.9.1.8, MUST-47), each told by a `trouble` event. */
export class Trouble {
  /** Whether the application is told; it need not be (RFC 9293 SHLD-20). */
  reports = true
  /** The last report; undefined when there was none. */
  last: TroubleReport | undefined
  /** How often the retransmission timer ran out in a row for the segment at SND.UNA. */
  timeouts = 0
  private una = 0

  report(connection: Connection, report: TroubleReport): void {
    if (!this.reports) return
    this.last = report
    connection.tell(TROUBLE)
  }

  /**
   * The retransmission timer ran out, and R2 is not reached. From R1 on (RFC 9293 MUST-20 (b), SHLD-10) the network is
   * asked whether it knows a better way, once for each timeout; the application is told once (SHLD-9). A SYN counts as
   * data does (MUST-22).
   */
  timedOut(connection: Connection): void {
    const { host, tcb } = connection
    if (tcb.snd.una !== this.una) {
      this.una = tcb.snd.una
      this.timeouts = 0
    }
    this.timeouts++
    if (this.timeouts < host.config.r1) return
    host.doubtPath(connection)
    if (this.timeouts === host.config.r1) this.report(connection, 'retransmitting')
  }
}
