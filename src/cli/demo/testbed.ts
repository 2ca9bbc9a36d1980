import { createServer as createHttpServer } from 'node:http'
import type { Link } from '../../link/link.ts'
import { type TappedLink, tap } from '../../link/tap.ts'
import { createNet, type Net } from '../../net/net.ts'
import type { Server } from '../../net/server.ts'
import type { Instant, Milliseconds } from '../../wire/instant.ts'
import { printPacket } from '../../wire/print.ts'
import type { Segment } from '../../wire/segment.ts'
import { fail } from '../errors.ts'
import { ageOf, loadAfter } from '../handshake-log.ts'
import { createSite } from '../http.ts'
import { endpoint, type LadderEnds, type QueueLoad, type StepKind } from '../ladder.ts'
import { isSyn, isSynAck, readSegment, synPacket } from './segments.ts'

/** What the tour's server allows, and how long it waits: shorter than anybody would in earnest. */
export const BACKLOG = 4
export const SYN_ACK_WAITS: readonly Milliseconds[] = [300, 600, 1200]

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
  readonly age: Milliseconds
  readonly load: QueueLoad
  /** For a SYN,ACK: whether the link lets it through. */
  readonly arrives: boolean
}

export interface TestbedOptions {
  readonly link: Link
  /** Of the server, CIDR. The unused addresses of the tour lie in the same prefix. */
  readonly address: string
  /** Gets every packet as a line, when given. */
  readonly packet?: ((line: string) => void) | undefined
}

/** The tour's server, with a hand on its link: it can swallow SYN,ACKs, and put in SYNs that nobody sent. */
export class Testbed {
  readonly net: Net
  readonly server: Server
  readonly address: string
  /** SYN,ACKs that the link swallows from now on. */
  swallow = 0
  onStep: (step: Step) => void = () => {}
  readonly #link: TappedLink
  /** The SYN that came last: the one that the stack drops, when it says that it has dropped one. */
  #syn: Pick<Step, 'ends' | 'client'> | undefined

  constructor({ link, address, packet }: TestbedOptions) {
    this.address = address.split('/')[0]!
    this.#link = tap(link, {
      filter: (octets, start, end, direction) => direction === 'inward' || this.#passes(octets, start, end),
      frame: (octets, start, end, direction, swallowed) => {
        if (direction === 'inward') this.#note(readSegment(octets, start, end))
        packet?.(
          `${direction === 'inward' ? '<' : '>'} ${printPacket(octets, start, end)}${swallowed ? '  (swallowed)' : ''}`,
        )
      },
    })
    this.net = createNet({
      link: this.#link,
      address,
      observer: {
        handshake: (kind, listener, entry, now) => {
          const { remoteAddress, remotePort, irs, iss, retransmissions } = entry
          const ends = { client: endpoint(remoteAddress, remotePort), server: this.#name, irs, iss }
          this.#step(kind, { ends, client: remoteAddress, retransmissions, now, age: ageOf(listener, entry) })
        },
        drop: (reason, now) => {
          if (reason === 'syn-queue-full') this.#step('dropped', { ...this.#syn!, retransmissions: 0, now, age: 0 })
        },
      },
    })
    const site = createHttpServer(createSite())
    const bounds = { backlog: BACKLOG, synAckRetries: SYN_ACK_WAITS.length - 1, synAckWaits: SYN_ACK_WAITS }
    this.server = this.net.createServer(bounds, (socket) => site.emit('connection', socket))
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen(PORT, resolve)
    })
    this.server.on('error', fail)
  }

  /** A SYN from an address where nobody is. */
  forgeSyn(from: string, port: number, seq: number): void {
    this.#link.inject(synPacket(from, port, this.address, PORT, seq))
  }

  /** Closes what is left, gives up the link. */
  close(): void {
    this.server.close()
    this.net.close()
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

  #note(segment: Segment | undefined): void {
    if (segment === undefined || !isSyn(segment)) return
    const client = segment.source.toString()
    const ends = { client: endpoint(client, segment.sourcePort), server: this.#name, irs: segment.seq, iss: undefined }
    this.#syn = { ends, client }
  }

  #step(kind: StepKind, step: Omit<Step, 'kind' | 'load' | 'arrives'>): void {
    const load = loadAfter(kind, this.server.listener!)
    this.onStep({ ...step, kind, load, arrives: this.swallow === 0 })
  }
}
