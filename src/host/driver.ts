import type { Link, LinkReceiver } from '../link/link.ts'
import type { Scheduler, Timer } from '../link/scheduler.ts'
import type { Instant } from '../wire/instant.ts'
import type { Landing } from '../wire/landing.ts'
import type { Offload } from '../wire/offload.ts'
import type { Payload } from '../wire/payload.ts'
import { DeadlineTimer } from './deadline-timer.ts'
import { Outgoing } from './outgoing.ts'

/** What a driver drives: the five verbs of a stack without input, output and clock of its own. */
export interface Drivable {
  /** From the network. */
  receive(octets: Uint8Array, start: number, end: number, now: Instant, offload?: Offload): void
  /** Where the text of the next frame is wanted, if that is known; 'full': there will be room once events are delivered. */
  landing?(): Landing | 'full' | undefined
  /** From the clock. */
  advance(now: Instant): void
  /** To the network: octets written, 0 when nothing is due. With `payload`, that is what follows them. */
  transmit(into: Uint8Array, start: number, now: Instant, offload?: Offload, payload?: Payload): number
  /**
   * Right behind `transmit`, which has written a frame to into[start - stride]: as many more of the same length as can be written at
   * once, `most` at the most, each `stride` octets behind the one before, and nothing to be said of them to the link. Returns how many.
   */
  transmitRow?(into: Uint8Array, start: number, stride: number, most: number, now: Instant): number
  /** To the clock: Infinity when idle. */
  nextDeadline(): Instant
  /** To the application. */
  nextEvent(): unknown
}

export type EventOf<S extends Drivable> = Exclude<ReturnType<S['nextEvent']>, undefined>

/** How much is done in one turn, before others have theirs in the event loop. What was begun is ended. */
export interface DriverOptions {
  /** The most frames sent and events delivered, together: 512 by default. Frames that come in are the link's to count. */
  batch?: number
  /** Milliseconds: 5 by default. Once they are over nothing more is delivered or sent. */
  turn?: number
}

/** Frames that `close()` sends at most: more than any stack's windows hold. */
const LAST_FRAMES = 65_536

/** Octets that come in before events are delivered, though the batch goes on. */
const PROMPT = 65_536

/**
 * Joins a stack, a link and a clock. After each stimulus, be it a batch of frames, the clock or a call of the user, one
 * turn: run what is due, deliver the events, send, and again until nothing is left; then set one timer. Events come
 * before frames, so that what the application answers rides with the acknowledgment of what it got.
 */
export class Driver<S extends Drivable> {
  readonly stack: S
  readonly link: Link
  readonly scheduler: Scheduler
  /** Gets every event of the stack, borrowed until it returns. What it throws comes out where the turn was begun. */
  onEvent: (event: EventOf<S>) => void = () => {}
  /** The link is gone: by itself, with the error if there was one, or through `close()`. Called once. */
  onClosed: (error?: Error) => void = () => {}
  readonly #batch: number
  readonly #span: number
  readonly #outgoing: Outgoing
  /** When the batch of frames began that is coming in. */
  #batchBegan: Instant | undefined
  /** Octets that came since events were delivered. */
  #undelivered = 0
  /** What is left of the batch in this turn, and when the turn is over. */
  #left = 0
  #until: Instant = 0
  readonly #timer: DeadlineTimer
  /** The turn that goes on with what the last one left. */
  #rest: Timer | undefined
  /** The stack's next event, which waits for the next turn. */
  #held: unknown
  /** A turn was asked for by `touch()`. */
  #soon = false
  /** Amid a turn: whoever asks for one gets another round of it, by `again`. */
  #turning = false
  #again = false
  /** Amid an event that is told to the user, and not within a batch of frames: `sendNow()` may send. */
  #delivering = false
  /** Amid `sendNow()`, which somebody called who has yet to see it return. */
  #sending = false
  #closed = false
  #gone = false

  /** Attaches itself to the link: set `onEvent` before the event loop's next turn. */
  constructor(stack: S, link: Link, scheduler: Scheduler, options: DriverOptions = {}) {
    this.stack = stack
    this.link = link
    this.scheduler = scheduler
    this.#batch = options.batch ?? 512
    this.#span = options.turn ?? 5
    this.#timer = new DeadlineTimer(scheduler, () => this.#turn())
    this.#outgoing = new Outgoing(link, stack)
    link.attach(this.#receiver())
  }

  /** To be called after calls to the stack: their effects go out at the end of what is running now, once for all. */
  touch(): void {
    if (this.#turning) {
      this.#again = true
    } else if (!this.#soon && this.#rest === undefined) {
      this.#soon = true
      this.scheduler.soon(() => {
        this.#soon = false
        this.#turn()
      })
    }
  }

  /**
   * Amid a long write of the user's: sends what is due, while its octets are in the processor's cache, and takes in what has come
   * meanwhile, which makes room for more. Events wait for the turn that `touch()` asks for. Does nothing while frames are
   * received or sent, nor once the last turn's share is used up: others have theirs then. Nor where frames come by themselves, or
   * are small: a burst of those is worth more.
   */
  sendNow(): void {
    const { link } = this
    if (link.poll === undefined || link.offload.segmentation === 0) return
    if (this.#closed || (this.#turning && !this.#delivering)) return
    const now = this.scheduler.now()
    if (this.#left <= 0 || now >= this.#until) return
    const within = this.#turning
    this.#turning = true
    this.#delivering = false
    this.#sending = true
    try {
      this.#flush(now)
      link.poll()
    } finally {
      this.#turning = within
      this.#delivering = within
      this.#sending = false
      this.#batchBegan = undefined
    }
  }

  /** Sends what is due now, as far as the link has room, and closes the link. May be called twice. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    const now = this.scheduler.now()
    if (this.stack.nextDeadline() <= now) this.stack.advance(now)
    this.#left = LAST_FRAMES
    this.#until = Number.POSITIVE_INFINITY
    this.#flush(now)
    this.#stop()
    this.link.close()
  }

  /**
   * Between two frames of a batch that is long: the octets are in the processor's cache, and make room for the next. What
   * the events lead to goes out at the end of the batch.
   */
  #deliverEarly(): void {
    this.#undelivered = 0
    if (this.#turning) return
    this.#turning = true
    try {
      this.#deliver()
    } finally {
      this.#turning = false
    }
  }

  #receiver(): LinkReceiver {
    return {
      frame: (octets, start, end, offload) => {
        if (this.#closed) return
        if (this.#batchBegan === undefined) {
          this.#batchBegan = this.scheduler.now()
          if (!this.#turning) this.#begin(this.#batchBegan)
        }
        this.stack.receive(octets, start, end, this.#batchBegan, offload)
        this.#undelivered += end - start
        if (this.#undelivered >= PROMPT) this.#deliverEarly()
      },
      landing: () => this.#landing(),
      drained: () => this.#turn(),
      writable: () => this.#turn(),
      closed: (error) => {
        if (this.#gone) return
        this.#gone = true
        this.#closed = true
        this.#stop()
        if (this.#sending) this.scheduler.soon(() => this.onClosed(error))
        else this.onClosed(error)
      },
    }
  }

  #landing(): Landing | undefined {
    const { stack } = this
    if (stack.landing === undefined || this.#closed) return undefined
    let place = stack.landing()
    if (place === 'full') {
      this.#deliverEarly()
      place = stack.landing()
    }
    return place === 'full' ? undefined : place
  }

  #begin(now: Instant): void {
    this.#left = this.#batch
    this.#until = now + this.#span
  }

  #watchTime(): void {
    if (this.scheduler.now() >= this.#until) this.#left = 0
  }

  /** When it throws, which only `onEvent` does, what it left undone is done in the next turn. */
  #turn(): void {
    const continues = this.#batchBegan !== undefined
    this.#batchBegan = undefined
    this.#undelivered = 0
    if (this.#turning) this.#again = true
    if (this.#turning || this.#closed) return
    this.#turning = true
    let done = false
    try {
      done = this.#work(continues)
    } finally {
      this.#turning = false
      if (!done) this.#workLater()
      this.#arm()
    }
  }

  /** False when there is more to do than one turn may take. A turn that continues began with the frames of a batch. */
  #work(continues: boolean): boolean {
    let now = this.scheduler.now()
    if (!continues) this.#begin(now)
    if (this.#left <= 0) return false
    if (this.stack.nextDeadline() <= now) this.stack.advance(now)
    let quiet = false
    while (!this.#closed) {
      this.#again = false
      if (this.#deliver()) now = this.scheduler.now()
      else if (quiet) break
      this.#flush(now)
      if (this.#left <= 0) return false
      // The stack has sent to itself: what follows comes when the caller's promises and ticks have run.
      this.#held = this.stack.nextEvent()
      if (this.#held !== undefined) return false
      quiet = !this.#again
    }
    return true
  }

  /** Whether there was any event. */
  #deliver(): boolean {
    const before = this.#left
    while (this.#left > 0 && !this.#closed) {
      const event = this.#held ?? this.stack.nextEvent()
      this.#held = undefined
      if (event === undefined) break
      this.#left--
      this.#delivering = this.#batchBegan === undefined
      try {
        this.onEvent(event as EventOf<S>)
      } finally {
        this.#delivering = false
      }
      this.#watchTime()
    }
    return this.#left < before
  }

  /** Sends until nothing is due, the link is full or the turn's share is used up. */
  #flush(now: Instant): void {
    const outgoing = this.#outgoing
    while (this.#left > 0) {
      if (outgoing.isEmpty) outgoing.fill(now, this.#left)
      if (outgoing.isEmpty) return
      this.#left -= outgoing.send()
      if (!outgoing.isEmpty) return
      this.#watchTime()
    }
  }

  #workLater(): void {
    if (this.#closed) return
    this.#rest ??= this.scheduler.at(this.scheduler.now(), () => {
      this.#rest = undefined
      this.#turn()
    })
  }

  #arm(): void {
    if (this.#closed) return
    const due = this.stack.nextDeadline()
    // What is due already waits with the frame for which the link has no room: `writable()` is the next stimulus.
    const waits = !this.#outgoing.isEmpty && due <= this.scheduler.now()
    this.#timer.set(waits ? Number.POSITIVE_INFINITY : due)
  }

  #stop(): void {
    this.#timer.cancel()
    this.#rest?.cancel()
  }
}
