const SYN_DUE = 1
const FAST_OPEN = 2
const FIN_QUEUED = 4
const FIN_SENT = 8
const FIN_ACKED = 16
const FIN_RECEIVED = 32
const RELEASED = 64
const WANTS_ROOM = 128
const IS_READY = 256
const NO_DELAY = 512

/** What is true of a connection or is not: a bit each, where V8 would have a word of 64. */
export abstract class Marks {
  private marks = 0

  /** A SYN or SYN,ACK is due. */
  get synDue(): boolean {
    return (this.marks & SYN_DUE) !== 0
  }

  set synDue(on: boolean) {
    this.mark(SYN_DUE, on)
  }

  /** Opened by Fast Open (RFC 7413), or to be. */
  get fastOpen(): boolean {
    return (this.marks & FAST_OPEN) !== 0
  }

  set fastOpen(on: boolean) {
    this.mark(FAST_OPEN, on)
  }

  /** CLOSE was called. */
  get finQueued(): boolean {
    return (this.marks & FIN_QUEUED) !== 0
  }

  set finQueued(on: boolean) {
    this.mark(FIN_QUEUED, on)
  }

  /** The FIN has been sent. */
  get finSent(): boolean {
    return (this.marks & FIN_SENT) !== 0
  }

  set finSent(on: boolean) {
    this.mark(FIN_SENT, on)
  }

  /** The FIN has been acknowledged. */
  get finAcked(): boolean {
    return (this.marks & FIN_ACKED) !== 0
  }

  set finAcked(on: boolean) {
    this.mark(FIN_ACKED, on)
  }

  /** The peer's FIN was reached: RCV.NXT is behind it. */
  get finReceived(): boolean {
    return (this.marks & FIN_RECEIVED) !== 0
  }

  set finReceived(on: boolean) {
    this.mark(FIN_RECEIVED, on)
  }

  /** The application reads no more. */
  get released(): boolean {
    return (this.marks & RELEASED) !== 0
  }

  set released(on: boolean) {
    this.mark(RELEASED, on)
  }

  /** `send` took less than it was offered. */
  get wantsRoom(): boolean {
    return (this.marks & WANTS_ROOM) !== 0
  }

  set wantsRoom(on: boolean) {
    this.mark(WANTS_ROOM, on)
  }

  /** It stands in the queue of those that may have something to send. */
  get isReady(): boolean {
    return (this.marks & IS_READY) !== 0
  }

  set isReady(on: boolean) {
    this.mark(IS_READY, on)
  }

  /** Send small segments while data is in flight, or do not (Nagle, RFC 9293 SHLD-7): RFC 9293 MUST-17. */
  get noDelay(): boolean {
    return (this.marks & NO_DELAY) !== 0
  }

  set noDelay(on: boolean) {
    this.mark(NO_DELAY, on)
  }

  private mark(bit: number, on: boolean): void {
    if (on) this.marks |= bit
    else this.marks &= ~bit
  }
}
