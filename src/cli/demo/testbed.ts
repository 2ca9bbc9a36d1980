import { createServer as createHttpServer } from 'node:http'
import type { Link } from '../../link/link.ts'
import { type Direction, type TappedLink, tap } from '../../link/tap.ts'
import { createNet, type Net } from '../../net/net.ts'
import type { Server } from '../../net/server.ts'
import type { ListenerOptions, ServerEstabOptions } from '../../net/server-options.ts'
import type { Listener } from '../../tcp/listener.ts'
import type { Observer } from '../../tcp/observer.ts'
import type { Instant, Milliseconds } from '../../wire/instant.ts'
import { printPacket } from '../../wire/print.ts'
import { fail } from '../errors.ts'
import { ageOf, loadAfter } from '../handshake-log.ts'
import { createSite } from '../http.ts'
import { endpoint, type LadderEnds, type QueueLoad, type StepKind } from '../ladder.ts'
import { isOfFlood } from './flood.ts'
import { isSyn, isSynAck, readSegment, synPacket } from './segments.ts'

/** What the tour's server allows, and how long it waits: shorter than anybody would in earnest. */
export const BACKLOG = 4
export const SYN_ACK_WAITS: readonly Milliseconds[] = [300, 600, 1200]
export const BOUNDS: ListenerOptions = { backlog: BACKLOG, synAckWaits: SYN_ACK_WAITS }

export const PORT = 80

/** A step that a handshake with the testbed's server has taken. */
export interface Step {
  readonly kind: StepKind
  readonly ends: LadderEnds
  /** The client's address, without its port. */
  readonly client: string
  readonly retransmissions: number
  readonly now: Instant
  /** Since the handshake's SYN. */
  readonly age: Milliseconds | undefined
  readonly load: QueueLoad
  /** For a SYN,ACK: whether the link lets it through. */
  readonly arrives: boolean
}

export interface TestbedOptions {
  readonly link: Link
  /** Of the server, CIDR. The unused addresses of the tour lie in the same prefix. */
  readonly address: string
  /** Gets every packet as a line, when given; those of a flood are left out. */
  readonly packet?: ((line: string) => void) | undefined
}

/** The tour's server, with a hand on its link: it can swallow SYN,ACKs, and put in SYNs that nobody sent. */
export class Testbed {
  readonly net: Net
  readonly address: string
  /** The listeners that there have been, for the account; the last one is open. */
  readonly listeners: Listener[] = []
  /** SYN,ACKs that the link swallows from now on. */
  swallow = 0
  onStep: (step: Step) => void = () => {}
  readonly #link: TappedLink
  readonly #site = createHttpServer(createSite())
  readonly #packet: ((line: string) => void) | undefined
  #server: Server | undefined
  /** The SYN that came last: the one that the stack drops, when it says that it has dropped one. */
  #syn: Pick<Step, 'ends' | 'client'> | undefined

  constructor({ link, address, packet }: TestbedOptions) {
    this.address = address.split('/')[0]!
    this.#packet = packet
    this.#link = tap(link, {
      filter: (octets, start, end, direction) => direction === 'inward' || this.#passes(octets, start, end),
      frame: (...frame) => this.#note(...frame),
    })
    this.net = createNet({ link: this.#link, address, observer: this.#observer() })
  }

  /** Opens the server, with other options than before; the one that there was is closed. */
  async open(estab: ServerEstabOptions): Promise<Listener> {
    this.#server?.close()
    const server = this.net.createServer({ estab }, (socket) => this.#site.emit('connection', socket))
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(PORT, resolve)
    })
    server.on('error', fail)
    const listener = server.estab.listener!
    this.listeners.push(listener)
    return listener
  }

  /** A SYN from an address where nobody is. */
  forgeSyn(from: string, port: number): void {
    this.#link.inject(synPacket(from, port, this.address, PORT, Math.floor(Math.random() * 2 ** 32)))
  }

  /** Closes what is left, gives up the link. */
  close(): void {
    this.#server?.close()
    this.net.close()
  }

  #observer(): Observer {
    return {
      handshake: (kind, listener, entry, now) => {
        // What a scene has left behind is not the next one's.
        if (listener !== this.#server?.estab.listener) return
        const { remoteAddress, remotePort, irs, iss, retransmissions } = entry
        const ends = { client: endpoint(remoteAddress, remotePort), server: this.#name, irs, iss }
        const age = ageOf(kind, listener, entry)
        this.#step({ kind, ends, client: remoteAddress, retransmissions, now, age }, listener)
      },
      drop: (reason, now) => {
        const listener = this.#server?.estab.listener
        if (reason !== 'syn-queue-full' || listener === undefined) return
        this.#step({ kind: 'dropped', ...this.#syn!, retransmissions: 0, now, age: 0 }, listener)
      },
    }
  }

  get #name(): string {
    return endpoint(this.address, PORT)
  }

  #passes(octets: Uint8Array, start: number, end: number): boolean {
    if (this.swallow === 0) return true
    const segment = readSegment(octets, start, end)
    if (segment === undefined || !isSynAck(segment)) return true
    this.swallow--
    return false
  }

  #note(octets: Uint8Array, start: number, end: number, direction: Direction, swallowed: boolean): void {
    const segment = readSegment(octets, start, end)
    if (segment !== undefined && direction === 'inward' && isSyn(segment)) {
      const client = segment.source.toString()
      const ends = {
        client: endpoint(client, segment.sourcePort),
        server: this.#name,
        irs: segment.seq,
        iss: undefined,
      }
      this.#syn = { ends, client }
    }
    if (segment !== undefined && (isOfFlood(segment.source) || isOfFlood(segment.destination))) return
    const mark = direction === 'inward' ? '<' : '>'
    this.#packet?.(`${mark} ${printPacket(octets, start, end)}${swallowed ? '  (swallowed)' : ''}`)
  }

  #step(step: Omit<Step, 'load' | 'arrives'>, listener: Listener): void {
    this.onStep({ ...step, load: loadAfter(step.kind, listener), arrives: this.swallow === 0 })
  }
}
