import { Stack } from '../stack/stack.ts'
import type { Instant } from '../wire/instant.ts'
import type { SentSegment } from './flow.ts'
import type { Configuration } from './header.ts'
import { decode } from './packets.ts'
import type { Settings } from './settings.ts'

/** The same in every run, and so are its initial sequence numbers. */
const SECRET = Uint8Array.from({ length: 64 }, (_, i) => i * 37 + 11)
const LONGEST_FRAME = 65_535
/** Frames or deadlines at one instant: a stack that has more to say than this has lost its way. */
const ENDLESS = 100_000

/** The stack under test, alone with the script, and its time, which stands still until the script lets it pass. */
export class World {
  readonly settings: Settings
  /** ms since the script began. */
  now: Instant = 0
  /** What the stack has sent, and the script has not seen. A sentence is of what is no segment. */
  readonly sent: (SentSegment | string)[] = []
  /** Called whenever the stack has done all that it can for the moment. */
  onSettled: () => void = () => {}
  readonly #configuration: Configuration
  readonly #outward: Uint8Array = new Uint8Array(LONGEST_FRAME)
  #stack: Stack | undefined
  #wakeAt: Instant = Number.POSITIVE_INFINITY

  constructor(configuration: Configuration, settings: Settings) {
    this.#configuration = configuration
    this.settings = settings
  }

  /** Made when it is first asked for: what was set until then is what it has. */
  get stack(): Stack {
    if (this.#stack === undefined) {
      const { local, mtu, family } = this.#configuration
      this.settings.sealed = true
      this.#stack = new Stack({
        addresses: [`${local}/${family === 4 ? 16 : 64}`],
        secret: SECRET,
        mtu: Math.min(mtu, this.settings.mtu),
        tcp: this.settings.config,
      })
      this.#stack.advance(this.now)
    }
    return this.#stack
  }

  /** The next moment at which there is something to do; Infinity when there is none. */
  get nextDeadline(): Instant {
    return Math.min(this.#wakeAt, this.#stack?.nextDeadline() ?? Number.POSITIVE_INFINITY)
  }

  /** A call waits no longer than until then. */
  wake(at: Instant): void {
    this.#wakeAt = at
  }

  receive(packet: Uint8Array): void {
    this.stack.receive(packet, 0, packet.length, this.now)
    this.settle()
  }

  /** Lets time pass until `until`, or until `enough`: the stack has its deadlines at their moments. */
  pass(until: Instant, enough: () => boolean = () => false): void {
    for (let count = 0; !enough(); count++) {
      const deadline = this.nextDeadline
      if (deadline > until) {
        this.now = Math.max(this.now, until)
        this.#stack?.advance(this.now)
        this.settle()
        return
      }
      if (deadline > this.now) count = 0
      if (count === ENDLESS) throw new Error(`the stack asks for its deadline at ${deadline} ms again and again`)
      this.now = Math.max(this.now, deadline)
      if (this.#wakeAt <= this.now) this.#wakeAt = Number.POSITIVE_INFINITY
      this.#stack?.advance(this.now)
      this.settle()
    }
  }

  /** What a driver does after any stimulus: takes what is to be sent, and the events. */
  settle(): void {
    const stack = this.#stack
    for (let count = 0; ; count++) {
      const length = stack?.transmit(this.#outward, 0, this.now) ?? 0
      if (length === 0) break
      if (count === ENDLESS) throw new Error(`the stack sends without end at ${this.now} ms`)
      this.sent.push(decode(this.#outward.slice(0, length), this.now))
    }
    while (stack?.nextEvent() !== undefined);
    this.onSettled()
  }
}
