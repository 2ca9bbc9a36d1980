/**
 * Two stacks joined by drivers and a wire that may be bad, in virtual time. What one run does depends on its options
 * only, so it repeats octet by octet.
 */
import assert from 'node:assert/strict'
import { Driver } from '../../src/host/driver.ts'
import { type ImpairOptions, impair } from '../../src/link/impair.ts'
import { tap } from '../../src/link/tap.ts'
import { createWire, type WireEnd } from '../../src/link/wire.ts'
import { Chance } from '../../src/sim/chance.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { Stack } from '../../src/stack/stack.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import type { ConnectionErrorCode } from '../../src/tcp/errors.ts'
import type { StackEvent } from '../../src/tcp/events.ts'
import type { Incoming } from '../../src/tcp/incoming.ts'
import type { ListenOptions } from '../../src/tcp/listen-options.ts'
import type { Listener } from '../../src/tcp/listener.ts'
import type { Instant, Milliseconds } from '../../src/wire/instant.ts'
import { cutting } from '../support/cutting-link.ts'
import { Flow, type FlowPlan, type Progress } from './flow.ts'
import { leftovers } from './leftovers.ts'
import { Recorder } from './recorder.ts'

export type EndName = 'a' | 'b'

export interface EndOptions {
  /** In place of the stack's own initial sequence numbers. */
  initialSequence?: () => number
  /** What its stack takes for the link's MTU; the wire's by default. */
  mtu?: number
  tcp?: Partial<TcpConfig>
  secret?: Uint8Array
}

export interface RigOptions {
  /** Of the wire, 1500 by default. */
  mtu?: number
  /** What happens to frames, in both directions; their fates come from the seed. Nothing by default, and no delay. */
  impairment?: ImpairOptions
  /**
   * The wire carries packets of 64 KiB and vouches for checksums; then it can't be impaired. `'cut'`: it carries segments
   * of its MTU, into which it cuts those packets.
   */
  offload?: boolean | 'cut'
  seed?: number
  a?: EndOptions
  b?: EndOptions
  /** False: the frame, the n-th that `from` sends, counted from 0, is lost. */
  passes?: (from: EndName, n: number, octets: Uint8Array) => boolean
  /** What the clock shows at first. */
  start?: Instant
}

export const PORT = 7000

export const ADDRESSES = {
  a: { 4: '10.0.0.1', 6: 'fd00::1' },
  b: { 4: '10.0.0.2', 6: 'fd00::2' },
} as const

/** One of the two hosts: its stack, its driver, and the application, which is a table of flows. */
export class End {
  readonly name: EndName
  readonly stack: Stack
  readonly driver: Driver<Stack>
  readonly flows: Map<Connection, Flow> = new Map()
  readonly listeners: Listener[] = []
  /** What is to become of a connection that can be accepted. Nothing until it is set. */
  onAcceptable: (listener: Listener) => void = () => {}
  onDeferred: (incoming: Incoming) => void = () => assert.fail('nothing is deferred here')
  /** The connections that were said to be closed, and why. */
  readonly closed: Map<Connection, ConnectionErrorCode | undefined> = new Map()

  constructor(name: EndName, stack: Stack, driver: Driver<Stack>) {
    this.name = name
    this.stack = stack
    this.driver = driver
    driver.onEvent = (event) => this.handle(event)
  }

  listen(options: ListenOptions): Listener {
    const listener = this.stack.listen(options)
    this.listeners.push(listener)
    return listener
  }

  connect(to: End, family: 4 | 6, port: number, localPort = 0): Connection {
    const connection = this.stack.connect({ address: ADDRESSES[to.name][family], port, localPort })
    this.driver.touch()
    return connection
  }

  /** Two ends of one connection are given the same `progress`. */
  start(connection: Connection, plan: FlowPlan, progress: Progress = { at: 0 }): Flow {
    const flow = new Flow(connection, plan, this.driver, progress)
    this.flows.set(connection, flow)
    flow.begin()
    return flow
  }

  private handle(event: StackEvent): void {
    if (event.type === 'deferred') {
      this.onDeferred(event.incoming)
      return
    }
    if (event.type === 'acceptable') {
      this.onAcceptable(event.listener)
      return
    }
    if (event.type === 'notice') return
    const { connection } = event
    assert.ok(!this.closed.has(connection), `"${event.type}" after "closed"`)
    if (event.type === 'closed') this.closed.set(connection, event.error?.code)
    this.flows.get(connection)?.handle(event.type)
  }
}

export class Rig {
  readonly clock: VirtualClock
  readonly recorder: Recorder = new Recorder()
  readonly a: End
  readonly b: End
  private readonly options: RigOptions

  constructor(options: RigOptions = {}) {
    this.options = options
    this.clock = new VirtualClock({ start: options.start ?? 0 })
    const chance = new Chance(options.seed ?? 0)
    const wire = createWire(this.clock, { mtu: options.mtu ?? 1500, offload: options.offload === true })
    this.a = this.end('a', wire[0], chance.fork(), options.a ?? {})
    this.b = this.end('b', wire[1], chance.fork(), options.b ?? {})
  }

  /**
   * Runs until `done`. Until a flow is done it may not stand still for longer than `patience`; nor may all of it take
   * longer than `limit`. Pauses of the applications are left out of both.
   */
  runUntil(done: () => boolean, patience: Milliseconds, limit: Milliseconds): void {
    const start = this.clock.now()
    let checkAt = 0
    while (!done()) {
      assert.ok(this.clock.step(), 'nothing is waiting to happen any more, and it is not done')
      const now = this.clock.now()
      if (now < checkAt) continue
      checkAt = now + 1000
      const paused = this.flows.reduce((sum, flow) => sum + flow.paused, 0)
      assert.ok(now - start - paused <= limit, `not done after ${limit} ms`)
      for (const flow of this.flows) {
        if (flow.done) continue
        flow.look()
        assert.ok(now - flow.progress.at <= patience, `${flow} stands still since ${flow.progress.at} ms`)
      }
    }
  }

  /** A connection from `a` to a listener of `b`, open at both ends. */
  connected(family: 4 | 6 = 4): [a: Connection, b: Connection] {
    const listener = this.b.listeners[0] ?? this.b.listen({ port: PORT })
    const connection = this.a.connect(this.b, family, PORT)
    while (listener.acceptQueueLength === 0) assert.ok(this.clock.step(), 'the handshake does not end')
    return [connection, listener.accept()!]
  }

  get flows(): Flow[] {
    return [...this.a.flows.values(), ...this.b.flows.values()]
  }

  /** Closes the listeners, lets TIME-WAIT pass, and sees that nothing is left anywhere. */
  finish(): void {
    for (const end of [this.a, this.b]) {
      for (const listener of end.listeners) listener.close()
      end.driver.touch()
    }
    const before = this.clock.now()
    this.clock.run()
    // 2 MSL; within it, the peer's FIN may come again and begin it anew, as long as our ACKs are lost.
    const longest = 4 * Math.max(...[this.a, this.b].map(({ stack }) => stack.tcp.config.msl))
    assert.ok(this.clock.now() - before <= longest, `the last timer ran ${this.clock.now() - before} ms later`)
    assert.equal(this.clock.pending, 0, 'timers are left')
    for (const end of [this.a, this.b]) {
      assert.deepEqual(leftovers(end.stack, end.listeners), {}, `stack ${end.name} keeps something`)
      for (const connection of end.flows.keys()) {
        assert.equal(connection.state, 'CLOSED')
        assert.ok(end.closed.has(connection), 'every connection is said to be closed')
      }
      assertAccounted(end.stack)
    }
  }

  private end(name: EndName, wire: WireEnd, chance: Chance, options: EndOptions): End {
    let count = 0
    const { impairment = {}, offload = false } = this.options
    const impaired = offload === true ? wire : impair(wire, this.clock, { outward: impairment }, () => chance.next())
    const tapped = tap(impaired, {
      filter: (octets, from, to, direction) =>
        direction === 'inward' || (this.options.passes?.(name, count++, octets.subarray(from, to)) ?? true),
      frame: (octets, from, to, direction, swallowed) =>
        this.recorder.frame(name, direction, octets, from, to, swallowed, this.clock.now()),
    })
    const link = offload === 'cut' ? cutting(tapped) : tapped
    const stack = new Stack({
      addresses: [
        `${ADDRESSES[name][4]}/24`,
        ...((options.mtu ?? wire.mtu) < 1280 ? [] : [`${ADDRESSES[name][6]}/64`]),
      ],
      secret: options.secret ?? new Chance(name === 'a' ? 1 : 2).bytes(32),
      mtu: options.mtu ?? wire.mtu,
      offload: link.offload,
      tcp: options.tcp ?? {},
      ...(options.initialSequence === undefined ? {} : { initialSequence: options.initialSequence }),
    })
    return new End(name, stack, new Driver(stack, link, this.clock))
  }
}

/** Whatever came in did what it came for, or was dropped for a reason that has a name. */
export function assertAccounted({ counters }: Stack): void {
  const drops = Object.values(counters.drops).reduce((sum, count) => sum + count, 0)
  assert.equal(counters.received, counters.accepted + drops, 'received = accepted + the sum of the drops')
}

/** Runs `body`; when it fails, the error says how to repeat the run and shows the last frames. */
export function withTrace<T>(rig: Rig, how: string, body: () => T): T {
  try {
    return body()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const text = `${how}, at ${(rig.clock.now() / 1000).toFixed(4)} s: ${message}\n\nThe last frames:\n${rig.recorder.trace()}\n`
    throw new Error(text, { cause: error })
  }
}
