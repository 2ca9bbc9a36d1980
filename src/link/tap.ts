import { Offload, type OffloadCapability } from '../wire/offload.ts'
import type { Link, LinkReceiver } from './link.ts'

/** Inward: to the stack. Outward: from it. */
export type Direction = 'inward' | 'outward'

/** Who watches a link. A frame lies at octets[start] up to octets[end], and is borrowed. Both methods are optional. */
export interface TapObserver {
  /** False: the frame is swallowed. May be asked again about one for which the link had no room. */
  filter?(octets: Uint8Array, start: number, end: number, direction: Direction): boolean
  /** An inward frame before the stack gets it; an outward one when the link has taken it. The swallowed ones, too. */
  frame?(octets: Uint8Array, start: number, end: number, direction: Direction, swallowed: boolean): void
}

export interface TappedLink extends Link {
  /** Brings a frame in as though the link had brought it. It is shown to the observer, but not to its filter. */
  inject(octets: Uint8Array): void
}

/** A link with a watcher on it, who may keep frames from passing. */
export function tap(link: Link, observer: TapObserver): TappedLink {
  return new Tapped(link, observer)
}

class Tapped implements TappedLink, LinkReceiver {
  readonly name: string
  readonly medium: 'ip' | 'ethernet'
  readonly mtu: number
  readonly offload: OffloadCapability
  readonly headroom: number
  readonly #link: Link
  readonly #observer: TapObserver
  readonly #injected = new Offload()
  #receiver: LinkReceiver | undefined

  constructor(link: Link, observer: TapObserver) {
    this.name = link.name
    this.medium = link.medium
    this.mtu = link.mtu
    this.offload = link.offload
    this.headroom = link.headroom
    this.#link = link
    this.#observer = observer
  }

  attach(receiver: LinkReceiver): void {
    this.#receiver = receiver
    this.#link.attach(this)
  }

  send(octets: Uint8Array, start: number, end: number, offload: Offload): boolean {
    const passes = this.#observer.filter?.(octets, start, end, 'outward') ?? true
    if (passes && !this.#link.send(octets, start, end, offload)) return false
    this.#observer.frame?.(octets, start, end, 'outward', !passes)
    return true
  }

  inject(octets: Uint8Array): void {
    this.#observer.frame?.(octets, 0, octets.length, 'inward', false)
    this.#injected.clear()
    this.#receiver?.frame(octets, 0, octets.length, this.#injected)
    this.#receiver?.drained()
  }

  close(): void {
    this.#link.close()
  }

  frame(octets: Uint8Array, start: number, end: number, offload: Offload): void {
    const passes = this.#observer.filter?.(octets, start, end, 'inward') ?? true
    this.#observer.frame?.(octets, start, end, 'inward', !passes)
    if (passes) this.#receiver?.frame(octets, start, end, offload)
  }

  drained(): void {
    this.#receiver?.drained()
  }

  writable(): void {
    this.#receiver?.writable()
  }

  closed(error?: Error): void {
    this.#receiver?.closed(error)
  }
}
