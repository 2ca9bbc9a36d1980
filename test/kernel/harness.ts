/** A stack on a TUN device of this namespace, in real time: the kernel is its neighbour. */
import assert from 'node:assert/strict'
import { type EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket, type TcpSocketConnectOpts } from 'node:net'
import type { TestContext } from 'node:test'
import { Driver } from '../../src/host/driver.ts'
import { RealTime } from '../../src/host/real-time.ts'
import { openTun } from '../../src/host/tun.ts'
import { type ImpairOptions, impair } from '../../src/link/impair.ts'
import type { Link } from '../../src/link/link.ts'
import { tap } from '../../src/link/tap.ts'
import { Chance } from '../../src/sim/chance.ts'
import { Stack } from '../../src/stack/stack.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import type { ConnectionErrorCode } from '../../src/tcp/errors.ts'
import type { StackEvent } from '../../src/tcp/events.ts'
import type { ListenOptions } from '../../src/tcp/listen-options.ts'
import type { Listener } from '../../src/tcp/listener.ts'
import type { State } from '../../src/tcp/state.ts'
import { IpHeader, Protocol } from '../../src/wire/ip.ts'
import { parseIp } from '../../src/wire/ip-packet.ts'
import { Segment } from '../../src/wire/segment.ts'
import { parseTcp } from '../../src/wire/tcp.ts'

export const KERNEL = { 4: '10.77.0.1', 6: 'fd77::1' } as const
export const STACK = { 4: '10.77.0.2', 6: 'fd77::2' } as const
export const FAMILIES = [4, 6] as const

/** The longest that anything here should take, ms. */
const LIMIT = 15_000

export interface HostOptions {
  mtu?: number
  offload?: boolean
  tcp?: Partial<TcpConfig>
  impairment?: ImpairOptions
  /** False: the segment is lost. `inward` comes from the kernel. */
  passes?: (segment: Segment, direction: 'inward' | 'outward') => boolean
}

export class Host {
  readonly stack: Stack
  readonly driver: Driver<Stack>
  readonly scheduler: RealTime
  /** The states that each connection was in, one after another. */
  readonly states: Map<Connection, State[]> = new Map()
  readonly closed: Map<Connection, ConnectionErrorCode | undefined> = new Map()
  private readonly watchers: Set<() => void> = new Set()
  private looksSoon: NodeJS.Immediate | undefined

  constructor(link: Link, scheduler: RealTime, tcp: Partial<TcpConfig>) {
    this.scheduler = scheduler
    const addresses = [`${STACK[4]}/24`, ...(link.mtu < 1280 ? [] : [`${STACK[6]}/64`])]
    const secret = new Chance(process.pid).bytes(32)
    const { mtu, offload } = link
    this.stack = new Stack({ addresses, secret, mtu, offload, tcp: { msl: 100, ...tcp } })
    this.stack.observer = {
      state: (connection, from, to) => {
        const states = this.states.get(connection) ?? [from]
        states.push(to)
        this.states.set(connection, states)
      },
    }
    this.driver = new Driver(this.stack, link, scheduler)
    this.driver.onEvent = (event) => this.handle(event)
  }

  listen(options: Partial<ListenOptions> = {}): Listener {
    return this.stack.listen({ port: 7000, ...options })
  }

  /** Runs `action` on the stack, and lets its effects go out. */
  act<T>(action: () => T): T {
    const result = action()
    this.driver.touch()
    return result
  }

  /** Waits until `condition` holds: it is looked at after every event of the stack's, and after frames. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!condition()) return
        clearTimeout(timeout)
        this.watchers.delete(look)
        resolve()
      }
      const timeout = setTimeout(() => reject(new Error(`this does not come true: ${condition}`)), LIMIT)
      this.watchers.add(look)
      look()
    })
  }

  async accept(listener: Listener): Promise<Connection> {
    let connection: Connection | undefined
    await this.until(() => {
      connection ??= this.act(() => listener.accept())
      return connection !== undefined
    })
    return connection!
  }

  /** Sends all of `octets`. */
  async send(connection: Connection, octets: Uint8Array): Promise<void> {
    let sent = 0
    await this.until(() => {
      sent += this.act(() => connection.send(octets, sent))
      return sent === octets.length
    })
  }

  /** Reads up to the end. */
  async readAll(connection: Connection): Promise<Buffer> {
    const chunks: Buffer[] = []
    await this.until(() => {
      while (connection.readable > 0) {
        const chunk = Buffer.alloc(connection.readable)
        this.act(() => connection.receive(chunk))
        chunks.push(chunk)
      }
      return connection.ended
    })
    return Buffer.concat(chunks)
  }

  /** A frame passes: those who wait look again when this turn of the event loop is over. */
  framePassed(): void {
    if (this.watchers.size === 0) return
    this.looksSoon ??= setImmediate(() => {
      this.looksSoon = undefined
      this.wake()
    })
  }

  private wake(): void {
    for (const look of [...this.watchers]) look()
  }

  private handle(event: StackEvent): void {
    if (event.type === 'closed') this.closed.set(event.connection, event.error?.code)
    this.wake()
  }
}

/** The host of a test, gone when the test ends. */
export async function openHost(t: TestContext, options: HostOptions = {}): Promise<Host> {
  const { mtu = 1500, offload = false } = options
  const addresses = [`${KERNEL[4]}/24`, ...(mtu < 1280 ? [] : [`${KERNEL[6]}/64`])]
  const tun = await openTun({ addresses, mtu, offload })
  const scheduler = new RealTime()
  const chance = new Chance(1)
  const line = options.impairment === undefined ? tun : impair(tun, scheduler, options.impairment, () => chance.next())
  let host: Host | undefined
  const link = tap(line, {
    frame: () => host?.framePassed(),
    filter: (octets, start, end, direction) => {
      const segment = options.passes === undefined ? undefined : segmentOf(octets, start, end)
      return segment === undefined || options.passes!(segment, direction)
    },
  })
  host = new Host(link, scheduler, options.tcp ?? {})
  const { driver } = host
  t.after(() => driver.close())
  return host
}

const ip = new IpHeader()
const segment = new Segment()

/** The segment in a frame, undefined for anything else; borrowed until the next call. */
function segmentOf(octets: Uint8Array, start: number, end: number): Segment | undefined {
  if (parseIp(octets, start, end, ip) !== undefined || ip.protocol !== Protocol.TCP) return undefined
  segment.source = ip.source
  segment.destination = ip.destination
  const defect = parseTcp(octets, ip.payloadStart, ip.payloadEnd, segment, false)
  return defect === undefined ? segment : undefined
}

/** A socket of the kernel's, on its way to the stack; destroyed when the test ends. */
export function connectKernel(t: TestContext, options: TcpSocketConnectOpts): Socket {
  const socket = connect(options)
  t.after(() => socket.destroy())
  return socket
}

export async function connected(socket: Socket): Promise<Socket> {
  if (socket.connecting) await happens(socket, 'connect')
  return socket
}

/** What `emitter` emits under this name, if it does so before long. */
export async function happens<T = unknown>(emitter: EventEmitter, name: string): Promise<T> {
  const [value] = (await once(emitter, name, { signal: AbortSignal.timeout(LIMIT) })) as [T]
  return value
}

/** All that a socket reads up to the end. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  if (!socket.readableEnded) await happens(socket, 'end')
  return Buffer.concat(chunks)
}

/** By the numbers of the kernel's net/tcp_states.h, from 1 on. */
const KERNEL_STATES = [
  'ESTABLISHED',
  'SYN-SENT',
  'SYN-RECEIVED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'TIME-WAIT',
  'CLOSED',
  'CLOSE-WAIT',
  'LAST-ACK',
  'LISTEN',
  'CLOSING',
  'SYN-RECEIVED',
] as const

/** The kernel's side of a connection, as `ss` reads it: its state, or undefined when the kernel has none. */
export function kernelState(localPort: number, remotePort: number): State | undefined {
  const port = (n: number): string => n.toString(16).toUpperCase().padStart(4, '0')
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(file, 'utf8').split('\n').slice(1)) {
      const [, local, remote, state] = line.trim().split(/\s+/)
      if (local?.endsWith(`:${port(localPort)}`) !== true || !remote!.endsWith(`:${port(remotePort)}`)) continue
      return KERNEL_STATES[Number.parseInt(state!, 16) - 1] ?? assert.fail(`state ${state}`)
    }
  }
  return undefined
}
