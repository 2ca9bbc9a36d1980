import { type Attempt, CallContext, WrongOutput } from './call-context.ts'
import { numberOf } from './constants.ts'
import type { Configuration } from './header.ts'
import { expectedAndGot, ScriptFailure, seconds } from './report.ts'
import type { ScriptEvent, SocketCall } from './script.ts'
import type { Outcome, Sockets } from './sockets.ts'
import { makeCall } from './syscalls.ts'
import type { World } from './world.ts'

const US_PER_MS = 1000

/** A call that blocks. */
interface Blocked {
  readonly event: ScriptEvent
  readonly call: SocketCall
  readonly attempt: Attempt
  /** When it has to return, ms. */
  readonly end: number
}

/** The socket calls of a script, one at a time: each returns at once, or at the end of its span. */
export class Calls {
  readonly #world: World
  readonly #sockets: Sockets
  readonly #configuration: Configuration
  readonly #log: (line: string) => void
  #blocked: Blocked | undefined

  constructor(world: World, sockets: Sockets, configuration: Configuration, log: (line: string) => void) {
    this.#world = world
    this.#sockets = sockets
    this.#configuration = configuration
    this.#log = log
    world.onSettled = () => this.#retry()
  }

  /** The latest moment at which the call that blocks may return, ms; Infinity when none does. */
  get latestReturn(): number {
    return this.#blocked === undefined ? Number.POSITIVE_INFINITY : this.#blocked.end + this.#configuration.tolerance
  }

  /** Makes the call, once the one before has returned. @throws {ScriptFailure} it returns something else, or blocks */
  make(event: ScriptEvent, call: SocketCall): void {
    this.awaitBlocked()
    const { now } = this.#world
    this.#log(`${seconds(now)} ${event.text}`)
    const context = new CallContext(call, this.#world, this.#sockets, this.#configuration)
    const attempt = compared(() => makeCall(context))
    const outcome = compared(attempt)
    const end = call.endUs === undefined ? undefined : endOf(event, call.endUs, now)
    if (outcome !== undefined) {
      if (end !== undefined) this.#checkEnd(end, call)
      check(call, outcome)
    } else if (end === undefined) {
      throw new ScriptFailure(
        `${call.name}() blocks: write how long as a span, +0...0.2 ${call.name}(...), or set O_NONBLOCK`,
      )
    } else {
      this.#blocked = { event, call, attempt, end }
    }
    this.#world.settle()
  }

  /** Lets time pass until the call that blocks has returned. @throws {ScriptFailure} it does not in time */
  awaitBlocked(): void {
    const blocked = this.#blocked
    if (blocked === undefined) return
    this.#world.pass(Math.max(this.latestReturn, this.#world.now), () => this.#blocked !== blocked)
    if (this.#blocked !== blocked) return
    at(blocked, () => {
      throw new ScriptFailure(
        `${blocked.call.name}() still blocks`,
        expectedAndGot(`${seconds(blocked.end)} it returns`, `${seconds(this.#world.now)} it blocks`),
      )
    })
  }

  /** The stack has moved on: the call that blocks may be done. */
  #retry(): void {
    const blocked = this.#blocked
    if (blocked === undefined) return
    // Nobody else may try it meanwhile.
    this.#blocked = undefined
    const outcome = at(blocked, () => compared(blocked.attempt))
    if (outcome === undefined) {
      this.#blocked = blocked
      return
    }
    this.#log(`${seconds(this.#world.now)} ${blocked.call.name}() returns ${printOutcome(outcome)}`)
    at(blocked, () => {
      this.#checkEnd(blocked.end, blocked.call)
      check(blocked.call, outcome)
    })
    // What it did may have something to send.
    this.#world.settle()
  }

  #checkEnd(end: number, call: SocketCall): void {
    const { now } = this.#world
    if (Math.abs(now - end) <= this.#configuration.tolerance) return
    throw new ScriptFailure(`${call.name}() returned at another time`, expectedAndGot(seconds(end), seconds(now)))
  }
}

/** A span's end counts from where its beginning does. */
function endOf({ time }: ScriptEvent, endUs: number, now: number): number {
  return (time.kind === 'relative' ? now - time.us / US_PER_MS : 0) + endUs / US_PER_MS
}

/** What goes wrong is put down to the line of the call, not to the one that is at hand. */
function at<Result>({ event }: Blocked, action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    if (error instanceof ScriptFailure) error.place ??= event.place
    throw error
  }
}

/** What a call puts out is compared by itself, when it is made or when it returns. */
function compared<Result>(action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    if (!(error instanceof WrongOutput)) throw error
    throw new ScriptFailure('the call put out something else', expectedAndGot(error.expected, error.got))
  }
}

function check({ name, result, errno }: SocketCall, outcome: Outcome): void {
  if (result.kind === 'ellipsis') return
  const expected = {
    value: numberOf(result, `a result of ${name}()`),
    errno: errno === 'EWOULDBLOCK' ? 'EAGAIN' : errno,
  }
  if (expected.value === outcome.value && (expected.value !== -1 || outcome.errno === expected.errno)) return
  const lines = expectedAndGot(`${name}() = ${printOutcome(expected)}`, `${name}() = ${printOutcome(outcome)}`)
  throw new ScriptFailure(`${name}() returned something else`, lines)
}

function printOutcome({ value, errno }: Outcome): string {
  return value === -1 ? `-1 ${errno ?? ''}`.trimEnd() : `${value}`
}
