import type { Delivery } from './delivery.ts'

/** New segments that are sent in place of lost ones, to see what is answered (RFC 5682 §3.1, step 2b). */
const FORWARD_SEGMENTS = 2

/** F-RTO (RFC 5682): whether the retransmission timer ran out for nothing, by what is answered afterwards. */
export class FRto {
  /** So many new segments go before what is lost. */
  forward = 0
  /** The timeout may have been spurious. */
  private doubtful = false

  /** A timeout: `doubtful` if what is answered can tell whether it was spurious. */
  begin(doubtful: boolean): void {
    this.doubtful = doubtful
    this.forward = 0
  }

  /** There is nothing to be found out, or it has been. */
  forget(): void {
    this.begin(false)
  }

  sentNew(): void {
    if (this.forward > 0) this.forward--
  }

  /** The ACK at hand answers what was sent before the timeout, and not again (RFC 5682 §3, step 3b). */
  saysSpurious(delivery: Delivery): boolean {
    return this.doubtful && delivery.original
  }

  /**
   * An ACK that does not end the wait for what was out (RFC 5682 §3, steps 2 and 3).
   *
   * @param acked octets of sequence that are new to it.
   * @param forwarded new segments have gone out since the timeout.
   * @param mayForward new segments could go.
   */
  proceed(acked: number, delivery: Delivery, forwarded: boolean, mayForward: boolean): void {
    // Step 3a, or there is nothing to do step 2b with.
    if (forwarded ? acked === 0 || delivery.sacked > 0 : acked > 0 && !mayForward) this.forget()
    else if (this.doubtful && !forwarded && acked > 0) this.forward = FORWARD_SEGMENTS
  }
}
