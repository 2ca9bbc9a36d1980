import { ABSENT, CWR, ECE, type Segment } from '../wire/segment.ts'

/** A client's SYN as an admission policy or an application sees it: a view of a segment, borrowed with it. */
export class Syn {
  /** Only the stack moves the view. */
  segment: Segment

  constructor(segment: Segment) {
    this.segment = segment
  }

  get remoteAddress(): string {
    return this.segment.source.toString()
  }

  get remotePort(): number {
    return this.segment.sourcePort
  }

  get localAddress(): string {
    return this.segment.destination.toString()
  }

  get localPort(): number {
    return this.segment.destinationPort
  }

  /** The client's initial sequence number. */
  get irs(): number {
    return this.segment.seq
  }

  /** The window that the SYN offers, octets. */
  get window(): number {
    return this.segment.wnd
  }

  /** The MSS option, octets; undefined when there is none. */
  get mss(): number | undefined {
    return this.segment.mss === ABSENT ? undefined : this.segment.mss
  }

  /** The window scale option, as sent; undefined when there is none. */
  get windowScale(): number | undefined {
    return this.segment.windowScale === ABSENT ? undefined : this.segment.windowScale
  }

  get sackPermitted(): boolean {
    return this.segment.sackPermitted
  }

  /** TSval; undefined without the timestamps option. */
  get timestamp(): number | undefined {
    return this.segment.timestamps ? this.segment.tsVal : undefined
  }

  /** The client asks for ECN (RFC 3168 §6.1.1). */
  get ecn(): boolean {
    return (this.segment.flags & (ECE | CWR)) === (ECE | CWR)
  }

  /** All options as they came, at most 40 octets: a copy. */
  get options(): Uint8Array {
    return this.segment.octets.slice(this.segment.optionsStart, this.segment.optionsEnd)
  }
}
