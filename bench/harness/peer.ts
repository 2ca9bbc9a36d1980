import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from './build.ts'
import { type Namespace, SOURCES } from './namespace.ts'
import type { Program } from './processes.ts'

/** How a peer is to serve. */
export interface Setup {
  /** Large segments and checksums left to the kernel, by those that can. */
  readonly offload: boolean
  /** Of the listener on port 80. */
  readonly backlog: number
}

export interface Peer {
  readonly name: string
  /** As a table calls it. */
  readonly title: string
  /** Whether it can make use of offloads. */
  readonly offloads: boolean
  /** Builds what it needs; throws why it can't be had here. */
  prepare(): Promise<void>
  /** Everything in namespaces of its own. */
  start(setup: Setup): Promise<Running>
}

/** A peer that serves, and a client of the kernel's for it. */
export interface Running {
  readonly host: string
  /** Of the process that serves. */
  readonly pid: number
  /** Octets of memory that connections take, and more; undefined where that can't be known. */
  memory(): number | undefined
  /** Of how many of a connection's ends `memory` tells. */
  readonly ends: 1 | 2
  /** Runs the load tool to its end, and at most so long. Throws also when the peer has ended. */
  load(args: readonly string[], seconds: number): Promise<Figures>
  /** Starts the load tool. */
  startLoad(args: readonly string[]): Promise<Program>
  /** From here on the load tool has the first core, and the peer the same or another, where there are two and one is enough for it. */
  place(where: 'together' | 'apart'): Promise<void>
  /** Runs a client of another kind. */
  run(command: readonly string[], seconds: number): Promise<string>
  close(): Promise<void>
}

/** What the load tool prints. */
export type Figures = Readonly<Record<string, number>>

/** How long a peer may take until it serves, ms. */
export const START = 20_000

/** Port, host and the rest of the load tool's arguments that name the client's further addresses. */
export const FROM_MANY_SOURCES: readonly string[] = ['--sources', SOURCES[0], String(SOURCES[1])]

/**
 * What is bound to a core of its own when peers are: all threads, the first alone because others collect its garbage, or none because they
 * share its work.
 */
export type Confined = 'whole' | 'first thread' | 'not'

/** The parts of a running peer that all have in common. */
export class Serving {
  readonly host: string
  readonly client: Namespace
  readonly server: Namespace
  readonly confined: Confined
  #before: readonly string[] = []

  constructor(host: string, client: Namespace, server: Namespace, confined: Confined = 'whole') {
    this.confined = confined
    this.host = host
    this.client = client
    this.server = server
  }

  get pid(): number {
    return this.server.pid
  }

  async load(args: readonly string[], seconds: number): Promise<Figures> {
    return JSON.parse(await this.run([...this.#before, await build('load'), ...args], seconds)) as Figures
  }

  async place(where: 'together' | 'apart'): Promise<void> {
    if (cpus().length === 1) return
    this.#before = ['taskset', '-c', '0']
    if (where === 'apart' && this.confined === 'not') return
    const core = where === 'together' ? '0' : '1'
    const threads = where === 'apart' && this.confined === 'first thread' ? [] : ['-a']
    await this.client.run(['taskset', ...threads, '-p', '-c', core, String(this.pid)], 5)
  }

  async startLoad(args: readonly string[]): Promise<Program> {
    return this.client.start([await build('load'), ...args])
  }

  async run(command: readonly string[], seconds: number): Promise<string> {
    try {
      return await this.client.run(command, seconds)
    } catch (error) {
      // The client may see the end of the peer before this process does.
      await Promise.race([this.server.program.ended, sleep(200)])
      if (this.server.program.hasEnded) throw this.server.program.failure()
      throw error
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.server.close(), this.client.close()])
  }
}
