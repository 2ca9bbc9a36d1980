/** Proportional rate reduction (RFC 9937): the window while recovery lasts. Octets. */
export class Prr {
  private delivered = 0
  private out = 0
  /** RecoverFS: what was in flight when recovery began. */
  private flight = 1

  begin(flight: number): void {
    this.delivered = 0
    this.out = 0
    this.flight = Math.max(flight, 1)
  }

  sent(octets: number): void {
    this.out += octets
  }

  /**
   * The congestion window after an ACK that says of `octets` that they have come, with `pipe` in the network. `safe`: it
   * moved SND.UNA and tells of no further loss.
   */
  window(octets: number, pipe: number, ssthresh: number, safe: boolean, mss: number): number {
    this.delivered += octets
    let allowed: number
    if (pipe > ssthresh) {
      allowed = Math.ceil((this.delivered * ssthresh) / this.flight) - this.out
    } else {
      allowed = Math.max(this.delivered - this.out, octets)
      if (safe) allowed += mss
      allowed = Math.min(ssthresh - pipe, allowed)
    }
    // The first segment goes again at once, whatever else is in flight.
    if (this.out === 0) allowed = Math.max(allowed, mss)
    return pipe + Math.max(allowed, 0)
  }
}
