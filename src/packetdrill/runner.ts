import { Calls } from './calls.ts'
import { EvaluationError, runCode } from './evaluate.ts'
import { Expectations, LONGEST_WAIT, type Span } from './expectation.ts'
import { parseCode, type Statement } from './expression.ts'
import { Flows } from './flows.ts'
import { type Configuration, configure } from './header.ts'
import { encodeIcmp, encodeTcp } from './packets.ts'
import { parseScript } from './parser.ts'
import { printPacket } from './print.ts'
import { expectedAndGot, type Failure, ScriptFailure, seconds } from './report.ts'
import {
  type Action,
  type EventTime,
  type HeaderOption,
  type Packet,
  type Place,
  type Script,
  type ScriptEvent,
  ScriptSyntaxError,
  type SocketCall,
} from './script.ts'
import { NotSupported, Settings } from './settings.ts'
import { Sockets } from './sockets.ts'
import { obeyCommand } from './sysctl.ts'
import { tcpInfo } from './tcp-info.ts'
import { World } from './world.ts'

const US_PER_MS = 1000
const CODE_QUOTE = '%{'
/** Lines of what happened before, in a failure's details. */
const MOST_LINES = 20

export interface RunOptions {
  /** Fail on packets that the script does not mention, which packetdrill lets pass at the end of a script. */
  readonly strict?: boolean
  /** Gets a line for each packet and each call; `printed` is for what the script itself prints. */
  readonly onLine?: (line: string, printed: boolean) => void
  /** Options of the command, which come before those at the head of the script. */
  readonly options?: readonly HeaderOption[]
}

/**
 * Runs a packetdrill script against a stack of its own, in virtual time. Undefined when all happened as the script says.
 * @param source the script's text
 */
export function runScript(source: string, options: RunOptions = {}): Failure | undefined {
  let place: Place = { line: 1, column: 1 }
  const history: string[] = []
  try {
    const script = parseScript(source)
    const run = new Run(script, options, history)
    run.prepare()
    for (const event of script.events) {
      place = event.place
      run.step(event)
    }
    run.finish()
    return undefined
  } catch (error) {
    if (error instanceof ScriptSyntaxError) return { place: error.place, problem: error.problem, details: [] }
    if (error instanceof NotSupported) return { place: error.place ?? place, problem: error.message, details: [] }
    // The stack refuses what it was given.
    if (error instanceof Error && 'code' in error) return { place, problem: error.message, details: [] }
    if (!(error instanceof ScriptFailure)) throw error
    const before = history.slice(-MOST_LINES)
    const details =
      before.length === 0 ? error.details : [...error.details, 'until then:', ...before.map((line) => `  ${line}`)]
    return { place: error.place ?? place, problem: error.problem, details }
  }
}

class Run {
  readonly #script: Script
  readonly #options: RunOptions
  readonly #history: string[]
  readonly #configuration: Configuration
  readonly #settings: Settings = new Settings()
  readonly #world: World
  readonly #sockets: Sockets = new Sockets()
  readonly #flows: Flows
  readonly #expectations: Expectations
  readonly #calls: Calls
  readonly #code = new Map<Action, Statement[]>()
  /** The instant from which `+` counts, ms. */
  #base = 0

  constructor(script: Script, options: RunOptions, history: string[]) {
    this.#script = script
    this.#options = options
    this.#history = history
    this.#configuration = configure([...(options.options ?? []), ...script.options])
    this.#world = new World(this.#configuration, this.#settings)
    this.#calls = new Calls(this.#world, this.#sockets, this.#configuration, (line) => this.#log(line))
    this.#flows = new Flows(this.#configuration, this.#sockets)
    this.#expectations = new Expectations(this.#world, this.#flows, this.#configuration, (line) => this.#log(line))
  }

  /** What can be wrong without anything having happened is found first. */
  prepare(): void {
    for (const { action } of this.#script.events) {
      if (action.kind !== 'code') continue
      const { line, column } = action.place
      this.#code.set(action, parseCode(action.text, { line, column: column + CODE_QUOTE.length }))
    }
    for (const command of this.#script.preamble) obeyCommand(command, this.#settings)
  }

  step(event: ScriptEvent): void {
    const { action, time } = event
    const span = spanOf(time, this.#base)
    if (span.from < this.#base) {
      throw new ScriptFailure(`${seconds(span.from)} is before the event above, at ${seconds(this.#base)}`)
    }
    this.#base = span.from
    if (action.kind === 'packet' && action.packet.way === '>') {
      this.#passUntilSent(span.to)
      const at = this.#expectations.expect(action.packet, span)
      if (time.kind !== 'relative' && time.kind !== 'absolute') this.#base = at
      return
    }
    this.#pass(span.from)
    switch (action.kind) {
      case 'packet':
        this.#receive(action.packet)
        break
      case 'call':
        this.#call(event, action.call)
        break
      case 'command':
        obeyCommand(action, this.#settings)
        break
      case 'code':
        this.#evaluate(this.#code.get(action)!)
    }
  }

  /** The time behind the last event is that of calls which still block; then nothing may be left. */
  finish(): void {
    this.#calls.awaitBlocked()
    for (const command of this.#script.cleanup) obeyCommand(command, new Settings())
    this.#pass(this.#world.now)
    if (this.#options.strict !== true || this.#world.sent.length === 0) return
    const left = this.#world.sent.map((sent) => this.#expectations.describe(sent))
    throw new ScriptFailure(
      'the stack sent what the script does not mention',
      expectedAndGot('nothing more', left.join('\n            ')),
    )
  }

  /** Lets time pass; a call that should have returned meanwhile has to have. */
  #pass(until: number): void {
    if (this.#calls.latestReturn < until) this.#calls.awaitBlocked()
    this.#world.pass(until)
  }

  /** The same for a packet that is expected: what is sent ends the wait. */
  #passUntilSent(to: number): void {
    const { latestReturn } = this.#calls
    const isSent = (): boolean => this.#world.sent.length > 0
    if (latestReturn >= to || isSent()) return
    this.#world.pass(latestReturn, isSent)
    if (!isSent()) this.#calls.awaitBlocked()
  }

  #receive(packet: Packet): void {
    this.#log(`${seconds(this.#world.now)} ${printPacket(packet)}`)
    if (packet.kind === 'icmp') {
      this.#world.receive(encodeIcmp(this.#flows.ofInbound(undefined), packet))
      return
    }
    const flow = this.#flows.ofInbound(packet.ports)
    if (packet.flags.includes('S')) flow.peerIsn = packet.seq
    this.#world.receive(encodeTcp(flow, flow.receivedOnWire(packet)))
  }

  #call(event: ScriptEvent, call: SocketCall): void {
    const before = this.#sockets.underTest?.connection
    this.#calls.make(event, call)
    const connection = this.#sockets.underTest?.connection
    if (connection === undefined || connection === before || connection.listener !== undefined) return
    const { local, localPort, remote, remotePort } = connection
    this.#flows.connected(local, localPort, remote, remotePort)
  }

  #evaluate(statements: readonly Statement[]): void {
    const connection = this.#sockets.underTest?.connection
    if (connection === undefined)
      throw new ScriptFailure('there is no connection yet whose tcp_info could be asked for')
    try {
      const failed = runCode(statements, tcpInfo(connection), (line) => this.#options.onLine?.(line, true))
      if (failed === undefined) return
      const message = failed.message === undefined ? '' : `: ${failed.message}`
      throw new ScriptFailure(`assertion failed${message}`, expectedAndGot(failed.text, failed.values.join(', ')), {
        line: failed.line,
        column: 1,
      })
    } catch (error) {
      if (error instanceof EvaluationError) throw new ScriptFailure(error.message)
      throw error
    }
  }

  #log(line: string): void {
    this.#history.push(line)
    this.#options.onLine?.(line, false)
  }
}

/** When an event may happen, ms, if `+` counts from `base`. */
function spanOf(time: EventTime, base: number): Span {
  if (time.kind === 'any') return { from: base, to: base + LONGEST_WAIT }
  const origin = time.kind === 'relative' || time.kind === 'relative-range' ? base : 0
  const from = origin + time.us / US_PER_MS
  return { from, to: 'endUs' in time ? origin + time.endUs / US_PER_MS : from }
}
