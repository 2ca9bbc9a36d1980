/**
 * The same program on node:net, over the kernel's loopback, and on a net of ours, over a loopback link in this process. What
 * it logs must be equal. Entries of one label are compared in their order; labels are independent of each other.
 */
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import * as nodeNet from 'node:net'
import { test } from 'node:test'
import { RealTime } from '../../src/host/real-time.ts'
import { createLoopback } from '../../src/link/loopback.ts'
import { createNet } from '../../src/net/net.ts'
import { textOf } from './values.ts'

export type NodeNet = typeof nodeNet
export type Program = (net: NodeNet, tools: Tools) => Promise<unknown> | unknown

/** ms: by then a program that waits for an event has waited in vain. */
const PATIENCE = 4000

const SOCKET_EVENTS = [
  'lookup',
  'connectionAttempt',
  'connectionAttemptFailed',
  'connectionAttemptTimeout',
  'connect',
  'ready',
  'data',
  'end',
  'finish',
  'drain',
  'timeout',
  'error',
  'close',
]
const SERVER_EVENTS = ['listening', 'connection', 'drop', 'error', 'close']

type Log = Record<string, string[]>

/** What a program is given beside the net. */
export class Tools {
  readonly host = '127.0.0.1'
  readonly host6 = '::1'
  readonly net: NodeNet
  readonly logs: Log = {}
  readonly #ports = new Map<number, string>()
  readonly #owned: { destroy?(): unknown; close?(): unknown }[] = []

  constructor(net: NodeNet) {
    this.net = net
  }

  /** Values under a label. Ports of servers are written `$port`, others `$ephemeral`. */
  log(label: string, ...values: unknown[]): void {
    this.logs[label] ??= []
    this.logs[label].push(values.map((value) => textOf(value, (port) => this.#ports.get(port))).join(' '))
  }

  /** What a call returns, or the error that it throws. */
  logCall(label: string, call: () => unknown): void {
    try {
      const value = call()
      this.log(label, 'returns', value === null || typeof value !== 'object' ? value : typeof value)
    } catch (error) {
      this.log(label, 'throws', error)
    }
  }

  /** Logs events of a socket or server as they come: those of its kind, or those named. */
  watch<T extends EventEmitter>(emitter: T, label: string, names?: readonly string[]): T {
    this.own(emitter)
    const ofKind = 'listen' in emitter ? SERVER_EVENTS : SOCKET_EVENTS
    // A listener of 'data' would set the stream flowing, so it is only there where it was asked for.
    const logged = names ?? ofKind.filter((name) => name !== 'data')
    for (const name of logged) emitter.on(name, (...values: unknown[]) => this.log(label, name, ...values))
    // One that is not logged would end the process.
    if (!logged.includes('error')) emitter.on('error', () => {})
    return emitter
  }

  /** A server on a free port of 127.0.0.1, which is closed when the program is over. Its sockets' errors are ignored. */
  async server(onConnection?: (socket: nodeNet.Socket) => void, options: nodeNet.ServerOpts = {}): Promise<number> {
    const server = this.net.createServer(options)
    return this.listen(server, onConnection)
  }

  async listen(
    server: nodeNet.Server,
    onConnection: (socket: nodeNet.Socket) => void = (socket) => socket.resume(),
    host: string = this.host,
  ): Promise<number> {
    this.own(server)
    server.on('connection', (socket: nodeNet.Socket) => {
      this.own(socket)
      socket.on('error', () => {})
      onConnection(socket)
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, host, resolve)
    })
    return this.port(server)
  }

  /** A client that is connected, and the socket that the server has accepted; `options` are the client's, `ofServer` the server's. */
  async pair(options: object = {}, ofServer: object = options): Promise<[nodeNet.Socket, nodeNet.Socket]> {
    const server = this.net.createServer(ofServer)
    const accepted = this.event(server, 'connection') as Promise<[nodeNet.Socket]>
    const port = await this.listen(server, () => {})
    const client = this.own(this.net.connect({ port, host: this.host, ...options }))
    await this.event(client, 'connect')
    return [client, (await accepted)[0]]
  }

  /** Such a pair, of which everything is logged from then on, as `client` and `server`. */
  async watchedPair(options: object = {}): Promise<[nodeNet.Socket, nodeNet.Socket]> {
    const [client, server] = await this.pair(options)
    return [this.watch(client, 'client'), this.watch(server, 'server')]
  }

  /** Of a server that listens; written `$port` in the log. */
  port(server: nodeNet.Server): number {
    const { port } = server.address() as nodeNet.AddressInfo
    this.name(port)
    return port
  }

  /** The number is written so in the log. */
  name(port: number, text = '$port'): number {
    this.#ports.set(port, text)
    return port
  }

  /** A port of 127.0.0.1 where nobody listens. */
  async closedPort(): Promise<number> {
    // Not from those that servers and clients are given.
    for (let port = 61_000 + Math.floor(Math.random() * 4000); ; port++) {
      const server = this.net.createServer()
      const free = await new Promise((resolve) => {
        server.once('error', () => resolve(false))
        server.listen(port, this.host, () => server.close(() => resolve(true)))
      })
      if (free && !this.#ports.has(port)) return this.name(port, '$closed')
    }
  }

  /** Destroyed or closed when the program is over. */
  own<T extends object>(thing: T): T {
    this.#owned.push(thing)
    return thing
  }

  event(emitter: EventEmitter, name: string): Promise<unknown[]> {
    return new Promise((resolve) => emitter.once(name, (...values: unknown[]) => resolve(values)))
  }

  closed(...emitters: EventEmitter[]): Promise<unknown> {
    return Promise.all(emitters.map((emitter) => this.event(emitter, 'close')))
  }

  /** So many turns of the event loop: time for what is on its way to arrive, and for what must not happen to show. */
  async turns(count = 20): Promise<void> {
    for (let turn = 0; turn < count; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      // The kernel's loopback is not done when a turn is.
      if (turn % 5 === 4) await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  clean(): void {
    for (const thing of this.#owned) {
      const emitter = thing as EventEmitter
      emitter.removeAllListeners?.('error')
      emitter.on?.('error', () => {})
      if (thing.destroy) thing.destroy()
      else thing.close?.()
    }
  }
}

/** The program's log is the same on both. */
export function same(name: string, program: Program): void {
  test(name, async () => {
    assert.deepEqual(await onEstab(program), await onNode(program))
  })
}

const NODE = Number(process.versions.node.split('.')[0])

/**
 * The logs differ on purpose: the document says so, in a list entry that begins with this text in bold.
 * @param since the major version of Node from which on they are equal
 */
export function differs(name: string, entry: string, program: Program, since = Number.POSITIVE_INFINITY): void {
  test(`${name} (differs: ${entry})`, async () => {
    const document = readFileSync(new URL('../../docs/differences-from-node-net.md', import.meta.url), 'utf8')
    assert.ok(document.includes(`**${entry}**`), `the document has no entry "${entry}"`)
    const [ours, theirs] = [await onEstab(program), await onNode(program)]
    if (NODE >= since) assert.deepEqual(ours, theirs)
    else assert.notDeepEqual(ours, theirs)
  })
}

export async function onNode(program: Program): Promise<Log> {
  return run(nodeNet, program)
}

export async function onEstab(program: Program): Promise<Log> {
  const scheduler = new RealTime()
  const net = createNet({ link: createLoopback(scheduler), addresses: ['127.0.0.1/8', '::1/128'], scheduler })
  try {
    return await run(net as unknown as NodeNet, program)
  } finally {
    net.close()
  }
}

async function run(net: NodeNet, program: Program): Promise<Log> {
  const tools = new Tools(net)
  const own = (message: unknown): void => void tools.own((message as { socket: nodeNet.Socket }).socket)
  subscribe('net.client.socket', own)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      tools.log('harness', 'the program did not end')
      resolve()
    }, PATIENCE)
  })
  try {
    await Promise.race([Promise.resolve(program(net, tools)), late])
  } finally {
    clearTimeout(timer)
    unsubscribe('net.client.socket', own)
  }
  // What is on its way arrives; what ends with the program is not part of it.
  await tools.turns()
  const logs = structuredClone(tools.logs)
  tools.clean()
  return logs
}
